import Buffers
import Tensors

/// Measures single operations, forward and backward, at the sizes of the workloads.
public struct KernelBenchmark {
    private let seconds: Double
    private let threads: Int
    private let peak: Double
    private let report: (BenchmarkLine) -> Void

    /// Measures each kernel for about `seconds` and reports it as soon as it is known.
    public static func run(seconds: Double, threads: Int, _ report: @escaping (BenchmarkLine) -> Void) {
        let peak = GEMMPeak.measure()
        let bench = KernelBenchmark(seconds: seconds, threads: threads, peak: peak, report: report)
        bench.products()
        bench.convolutions()
        bench.attention()
        bench.norms()
        bench.maps()
        bench.adamW(parameters: 1 << 23)
    }

    private func products() {
        for (m, n, k) in [(4096, 384, 384), (4096, 1536, 384), (2048, 2048, 2048)] {
            forward("matmul", "\(m)x\(n)x\(k)", [[m, k], [k, n]]) { $0[0].matmul($0[1]) }
        }
        // Queries, keys and values of dit-s and dit-tiny, then their feed-forward layers.
        for (rows, width) in [(2048, 384), (4096, 128)] {
            measure("linear", "\(rows)x\(3 * width)x\(width)", [[rows, width], [3 * width, width], [3 * width]]) {
                $0[0].linear($0[1], bias: $0[2])
            }
        }
        for (rows, width) in [(2048, 384), (4096, 128)] {
            let hidden = 4 * width
            let inputs: [Shape] = [[rows, width], [hidden, width], [hidden], [width, hidden], [width]]
            linearGELU(rows, hidden, width)
            measure("feed_forward", "\(rows)x\(width) hidden \(hidden)", inputs) {
                $0[0].feedForward($0[1], $0[2], .geluTanh, $0[3], $0[4])
            }
        }
    }

    // One product with bias and activation in its finish, as the backend offers it.
    private func linearGELU(_ rows: Int, _ outputs: Int, _ inputs: Int) {
        var product = GEMM(m: rows, n: outputs, k: inputs)
        product.transposeB = true
        let (x, weight, bias) = (random([rows, inputs]), random([outputs, inputs]), random([outputs]))
        var finish = ProductFinish(bias: bias.data.region)
        finish.activation = .geluTanh
        let result = Tensor.zeros([rows, outputs])
        time("linear_gelu", "\(rows)x\(outputs)x\(inputs)") {
            Compute.backend.matmul(
                product,
                x.data.region,
                weight.data.region,
                finish: finish,
                into: result.data.region
            )
        }
    }

    private func convolutions() {
        for channels in [64, 128, 256] {
            measure(
                "convolution",
                "16x32x32x\(channels) 3x3",
                [[16, 32, 32, channels], [channels, channels, 3, 3], [channels]]
            ) { $0[0].convolution($0[1], bias: $0[2], padding: Padding(1)) }
        }
        measure("convolution", "16x32x32x128 3x3 stride 2", [[16, 32, 32, 128], [128, 128, 3, 3], [128]]) {
            $0[0].convolution($0[1], bias: $0[2], stride: 2, padding: Padding(1))
        }
    }

    private func attention() {
        measure("attention", "16x256x6x64", [[16, 256, 6, 64]]) { Tensor.attention($0[0], $0[0], $0[0]) }
        measure("attention_packed", "8x256x6x64", [[8, 256, 3, 6, 64]]) { Tensor.attention(packed: $0[0]) }
        let heads: Shape = [16, 64, 16, 8]
        measure("attention", "16x64x16x8", [heads, heads, heads]) { Tensor.attention($0[0], $0[1], $0[2]) }
        measure("softmax", "16x256x384", [[16, 256, 384]]) { $0[0].softmax() }
    }

    private func norms() {
        measure("layer_norm", "16x256x384", [[16, 256, 384]]) { $0[0].layerNorm(epsilon: 1e-6) }
        measure("layer_norm_modulated", "8x256x384", [[8, 256, 384], [8, 1, 384], [8, 1, 384]]) {
            $0[0].layerNorm(scale: $0[1], shift: $0[2], epsilon: 1e-6)
        }
        measure("group_norm_silu", "16x32x32x128", [[16, 32, 32, 128], [128], [128]]) {
            $0[0].groupNorm(groups: 32, scale: $0[1], shift: $0[2], epsilon: 1e-5, activation: .silu)
        }
    }

    private func maps() {
        measure("gelu_tanh", "16x256x384", [[16, 256, 384]]) { $0[0].gelu(.tanh) }
    }

    private func adamW(parameters count: Int) {
        let buffers = (0..<4).map { _ in FlatBuffer(count: count) }
        for buffer in buffers { buffer.fill(0.01) }
        let step = AdamWStep(
            rate: 1e-4,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weightDecay: 0.01,
            correction1: 0.1,
            correction2: 0.001
        )
        time("adamw", "\(count)") {
            Compute.backend.adamW(
                step,
                parameters: buffers[0].region,
                gradients: buffers[1].region,
                first: buffers[2].region,
                second: buffers[3].region,
                decayed: [0..<count],
                averages: []
            )
        }
    }
}

extension KernelBenchmark {
    /// Times an operation on random inputs, forward alone and with the gradients of all inputs.
    private func measure(
        _ name: String,
        _ shape: String,
        _ shapes: [Shape],
        _ operation: ([Tensor]) -> Tensor
    ) {
        let inputs = shapes.map(random)
        time(name, shape) { _ = operation(inputs) }
        let seed = random(operation(inputs).shape)
        time(name + "_and_gradient", shape) {
            let tape = Tape()
            let leaves = inputs.map(tape.watch)
            _ = tape.gradients(of: operation(leaves), seed: seed, withRespectTo: leaves)
        }
    }

    /// Times an operation on random inputs, forward alone.
    private func forward(_ name: String, _ shape: String, _ shapes: [Shape], _ operation: ([Tensor]) -> Tensor) {
        let inputs = shapes.map(random)
        time(name, shape) { _ = operation(inputs) }
    }

    /// Times work and counts its operations, after two runs that are not counted.
    private func time(_ name: String, _ shape: String, _ work: () -> Void) {
        for _ in 0..<2 { work() }
        let counters = Compute.backend.counters
        let times = Repeat.times(seconds: seconds, warmup: 0, work)
        let config = ["shape": shape, "threads": "\(threads)", "dtype": "fp32", "backend": Compute.backend.name]
        var line = BenchmarkLine(name: name, config: config, times: times)
        let operations = Compute.backend.counters.since(counters).gemmOperations
        line.rate(operations: operations, repetitions: times.count, peak: peak)
        report(line)
    }

    private func random(_ shape: Shape) -> Tensor {
        var stream = RandomStream(seed: 0, purpose: .noise, index: UInt64(shape.count))
        return Tensor(stream.normal(shape))
    }
}
