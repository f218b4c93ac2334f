import Buffers
import Tensors

/// Measures single operations, forward and backward, at the sizes of the workloads.
public enum KernelBenchmark {
    /// Measures each kernel for about `seconds`.
    public static func run(seconds: Double, threads: Int, _ report: (BenchmarkLine) -> Void) {
        for (m, n, k) in [(4096, 384, 384), (4096, 1536, 384), (2048, 2048, 2048)] {
            matmul(m, n, k, seconds, threads, report)
        }
        for channels in [64, 128, 256] { convolution(channels, seconds, threads, report) }
        let tokens = random([16, 256, 384])
        measure("layer_norm", "16x256x384", tokens, seconds, threads, report) { $0.layerNorm(epsilon: 1e-6) }
        measure("gelu_tanh", "16x256x384", tokens, seconds, threads, report) { $0.gelu(.tanh) }
        measure("softmax", "16x256x384", tokens, seconds, threads, report) { $0.softmax() }
        measure("group_norm_silu", "16x32x32x128", random([16, 32, 32, 128]), seconds, threads, report) {
            $0.groupNorm(groups: 32, scale: nil, shift: nil, epsilon: 1e-5, activation: .silu)
        }
        measure("attention", "16x256x6x64", random([16, 256, 6, 64]), seconds, threads, report) {
            Tensor.attention($0, $0, $0)
        }
    }

    private static func matmul(
        _ m: Int,
        _ n: Int,
        _ k: Int,
        _ seconds: Double,
        _ threads: Int,
        _ report: (BenchmarkLine) -> Void
    ) {
        let (a, b) = (random([m, k]), random([k, n]))
        let times = Repeat.times(seconds: seconds, warmup: 2) { _ = a.matmul(b) }
        var line = BenchmarkLine(name: "matmul", config: config("\(m)x\(n)x\(k)", threads), times: times)
        line.gflops = 2e-9 * Double(m) * Double(n) * Double(k) / line.median
        report(line)
    }

    private static func convolution(
        _ channels: Int,
        _ seconds: Double,
        _ threads: Int,
        _ report: (BenchmarkLine) -> Void
    ) {
        let (x, w) = (random([16, 32, 32, channels]), random([channels, channels, 3, 3]))
        let times = Repeat.times(seconds: seconds, warmup: 2) { _ = x.convolution(w, padding: Padding(1)) }
        var line = BenchmarkLine(
            name: "convolution",
            config: config("16x32x32x\(channels) 3x3", threads),
            times: times
        )
        line.gflops = 2e-9 * Double(16 * 32 * 32 * 9) * Double(channels * channels) / line.median
        report(line)
    }

    private static func measure(
        _ name: String,
        _ shape: String,
        _ x: Tensor,
        _ seconds: Double,
        _ threads: Int,
        _ report: (BenchmarkLine) -> Void,
        _ operation: (Tensor) -> Tensor
    ) {
        let forward = Repeat.times(seconds: seconds, warmup: 2) { _ = operation(x) }
        report(BenchmarkLine(name: name, config: config(shape, threads), times: forward))
        let both = Repeat.times(seconds: seconds, warmup: 2) {
            let tape = Tape()
            let input = tape.watch(x)
            _ = tape.gradients(of: operation(input), seed: x, withRespectTo: [input])
        }
        report(BenchmarkLine(name: name + "_and_gradient", config: config(shape, threads), times: both))
    }

    private static func config(_ shape: String, _ threads: Int) -> [String: String] {
        ["shape": shape, "threads": "\(threads)", "dtype": "fp32", "backend": Compute.backend.name]
    }

    private static func random(_ shape: Shape) -> Tensor {
        var stream = RandomStream(seed: 0, purpose: .noise, index: UInt64(shape.count))
        return Tensor(stream.normal(shape))
    }
}
