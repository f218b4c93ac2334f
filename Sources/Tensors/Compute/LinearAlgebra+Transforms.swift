import Glibc

extension LinearAlgebra {
    /// The orthonormal type-II discrete cosine transform of an 8 x 8 block given row by row.
    public static func cosineTransform8x8(_ block: [Double]) -> [Double] {
        let basis = cosineBasis
        return product(product(basis, Matrix(rows: 8, columns: 8, block)), basis.transposed).values
    }

    /// The inverse of `cosineTransform8x8`.
    public static func inverseCosineTransform8x8(_ block: [Double]) -> [Double] {
        let basis = cosineBasis
        return product(product(basis.transposed, Matrix(rows: 8, columns: 8, block)), basis).values
    }

    /// Row `k` holds `c_k cos((2 j + 1) k pi / 16)`.
    private static var cosineBasis: Matrix {
        var result = Matrix(rows: 8, columns: 8)
        for k in 0..<8 {
            let norm = (k == 0 ? 1.0 / 8 : 2.0 / 8).squareRoot()
            for j in 0..<8 { result[k, j] = norm * cos(Double((2 * j + 1) * k) * .pi / 16) }
        }
        return result
    }

    /// The discrete Fourier transform `sum over j of x_j e^(-2 pi i j k / n)`, not scaled, of complex numbers of any count.
    ///
    /// Factors of two are split off (Cooley and Tukey 1965); what remains costs its square. Real and imaginary parts have equal counts.
    public static func fourierTransform(real: [Double], imaginary: [Double]) -> (real: [Double], imaginary: [Double]) {
        precondition(real.count == imaginary.count, "\(real.count) real, \(imaginary.count) imaginary parts")
        let n = real.count
        guard n > 1 else { return (real, imaginary) }
        guard n % 2 == 0 else { return plainTransform(real, imaginary) }
        let part = { (values: [Double], first: Int) in stride(from: first, to: n, by: 2).map { values[$0] } }
        let even = fourierTransform(real: part(real, 0), imaginary: part(imaginary, 0))
        let odd = fourierTransform(real: part(real, 1), imaginary: part(imaginary, 1))
        var (outReal, outImaginary) = (real, imaginary)
        for k in 0..<n / 2 {
            let angle = -2 * Double.pi * Double(k) / Double(n)
            let (c, s) = (cos(angle), sin(angle))
            let twiddled = (c * odd.real[k] - s * odd.imaginary[k], c * odd.imaginary[k] + s * odd.real[k])
            outReal[k] = even.real[k] + twiddled.0
            outImaginary[k] = even.imaginary[k] + twiddled.1
            outReal[k + n / 2] = even.real[k] - twiddled.0
            outImaginary[k + n / 2] = even.imaginary[k] - twiddled.1
        }
        return (outReal, outImaginary)
    }

    private static func plainTransform(_ real: [Double], _ imaginary: [Double]) -> ([Double], [Double]) {
        let n = real.count
        var (outReal, outImaginary) = (real, imaginary)
        for k in 0..<n {
            var (sumReal, sumImaginary) = (0.0, 0.0)
            for j in 0..<n {
                let angle = -2 * Double.pi * Double(j * k % n) / Double(n)
                let (c, s) = (cos(angle), sin(angle))
                sumReal += c * real[j] - s * imaginary[j]
                sumImaginary += c * imaginary[j] + s * real[j]
            }
            outReal[k] = sumReal
            outImaginary[k] = sumImaginary
        }
        return (outReal, outImaginary)
    }
}
