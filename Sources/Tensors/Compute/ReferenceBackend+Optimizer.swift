public import Buffers

extension ReferenceBackend {
    /// One step of AdamW; the decay comes first, the averages last.
    public func adamW(
        _ step: AdamWStep,
        parameters: Region,
        gradients: Region,
        first: Region,
        second: Region,
        decayed: [Range<Int>],
        averages: [AverageShift]
    ) {
        let (weights, slopes, means, squares) = (parameters.floats, gradients.floats, first.floats, second.floats)
        for i in decayed.joined() { weights[i] *= 1 - step.rate * step.weightDecay }
        let (beta1, beta2) = (Double(step.beta1), Double(step.beta2))
        for i in 0..<parameters.count {
            let gradient = Double(slopes[i]) * Double(step.gradientScale)
            let mean = beta1 * Double(means[i]) + (1 - beta1) * gradient
            let square = beta2 * Double(squares[i]) + (1 - beta2) * gradient * gradient
            means[i] = Float(mean)
            squares[i] = Float(square)
            let deviation = (square / Double(step.correction2)).squareRoot() + Double(step.epsilon)
            weights[i] -= Float(Double(step.rate) * mean / Double(step.correction1) / deviation)
        }
        for average in averages {
            let (values, weight) = (average.values.floats, Double(average.weight))
            for i in 0..<parameters.count {
                values[i] = Float((1 - weight) * Double(values[i]) + weight * Double(weights[i]))
            }
        }
    }
}
