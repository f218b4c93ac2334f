import Buffers
import Glibc

extension Tensor {
    /// One level of the Haar wavelet transform of `[B, H, W, C]`: bands LL, LH, HL and HH of half the size, orthonormal.
    ///
    /// LH is the difference along the width, HL that along the height.
    public func haar() -> [Tensor] {
        precondition(shape.rank == 4, "wavelets of \(shape)")
        requireEvenSize()
        let (b, h, w, c) = (shape[0], shape[1] / 2, shape[2] / 2, shape[3])
        let corners = reshaped([b, h, 2, w, 2, c]).permuted([2, 4, 0, 1, 3, 5]).reshaped([4, b * h * w * c])
        let bands = Tensor.haarMatrix().matmul(corners)
        return (0..<4).map { bands.slice(axis: 0, $0..<$0 + 1).reshaped([b, h, w, c]) }
    }

    /// The image whose Haar bands LL, LH, HL, HH are given.
    public static func inverseHaar(_ bands: [Tensor]) -> Tensor {
        precondition(bands.count == 4 && bands[0].shape.rank == 4, "four bands of images expected")
        let shape = bands[0].shape
        let (b, h, w, c) = (shape[0], shape[1], shape[2], shape[3])
        let rows = concatenate(bands.map { $0.reshaped([1, shape.count]) }, axis: 0)
        let corners = haarMatrix().matmul(rows).reshaped([2, 2, b, h, w, c])
        return corners.permuted([2, 3, 0, 4, 1, 5]).reshaped([b, 2 * h, 2 * w, c])
    }

    /// Bands from the corners of a 2 x 2 square; its own inverse.
    private static func haarMatrix() -> Tensor {
        Tensor([0.5, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, -0.5, 0.5, 0.5, -0.5, -0.5, 0.5, -0.5, -0.5, 0.5], [4, 4])
    }

    /// `|F x|^2` of `[B, H, W, C]` with the orthonormal discrete Fourier transform over height and width, in matrix form.
    ///
    /// The work grows with `H + W` per pixel: for sides up to about 64.
    public func powerSpectrum() -> Tensor {
        precondition(shape.rank == 4, "spectrum of \(shape)")
        let (b, h, w, c) = (shape[0], shape[1], shape[2], shape[3])
        let (rowCosine, rowSine) = Tensor.fourierMatrices(h)
        let (columnCosine, columnSine) = Tensor.fourierMatrices(w)
        let lines = reshaped([b, h, w * c])
        let cosine = rowCosine.matmul(lines).reshaped([b * h, w, c])
        let sine = rowSine.matmul(lines).reshaped([b * h, w, c])
        let real = columnCosine.matmul(cosine) - columnSine.matmul(sine)
        let imaginary = columnCosine.matmul(sine) + columnSine.matmul(cosine)
        return (real.squared() + imaginary.squared()).reshaped(shape)
    }

    /// Cosines and sines of `2 pi j k / n` over `sqrt(n)`, both `[n, n]`.
    private static func fourierMatrices(_ n: Int) -> (Tensor, Tensor) {
        let norm = 1 / Double(n).squareRoot()
        let angles = (0..<n * n).map { 2 * Double.pi * Double(($0 / n) * ($0 % n) % n) / Double(n) }
        return (
            Tensor(angles.map { Float(norm * Glibc.cos($0)) }, [n, n]),
            Tensor(angles.map { Float(norm * Glibc.sin($0)) }, [n, n])
        )
    }
}
