public import Buffers
import CKernels

/// bfloat16 in kernels that compute in float32.
extension CPUBackend {
    /// `y = x` in the element type of `y`, rounded to the nearest, ties to even.
    public func convert(_ x: Region, into y: Region) {
        precondition(x.count == y.count, "\(x.count) numbers converted into \(y.count)")
        let staging = Staging(self, reading: [x], writing: [y], most: CPUBackend.blockSize)
        forBlocks(y.count, of: CPUBackend.blockSize) { block in
            staging.run(block) { inputs, outputs in ck_accumulate(1, inputs[0], 0, outputs[0], block.count) }
        }
        tally.add(reading: [x], writing: [y])
    }

    /// The numbers as float32: the region itself, or a copy for the time of a kernel.
    func float32(_ x: Region) -> Region {
        guard x.dtype != .float32 else { return x }
        let wide = temporary(x.count)
        convert(x, into: wide)
        return wide
    }

    /// Runs a kernel on float32 memory whose numbers end in `y`; with `updating` they also come from there.
    func inFloat32(_ y: Region, updating: Bool = false, _ body: (Region) -> Void) {
        guard y.dtype != .float32 else { return body(y) }
        let wide = temporary(y.count)
        if updating { convert(y, into: wide) }
        body(wide)
        convert(wide, into: y)
    }
}

/// Blocks of regions as float32: where they lie, or, if a region holds bfloat16, in a room that stays in the cache.
///
/// A kernel in float32 so reads and writes half the memory without a second form of it.
final class Staging: Sendable {
    typealias Floats = UnsafeMutablePointer<Float>

    private let inputs: [Region]
    private let outputs: [Region]
    private let isUpdating: Bool
    private let most: Int
    /// Nil if all numbers can be used where they lie.
    private let rooms: ScratchSet?

    /// For ranges of at most `most` elements; with `updating` the outputs are read too.
    init(_ backend: CPUBackend, reading inputs: [Region], writing outputs: [Region], updating: Bool = false, most: Int)
    {
        self.inputs = inputs
        self.outputs = outputs
        isUpdating = updating
        self.most = most
        let staged = (inputs + outputs).count { $0.dtype != .float32 }
        rooms = staged == 0 ? nil : backend.scratch(staged * most)
    }

    /// Calls `body` with the first element of the range in each region.
    func run(_ range: Range<Int>, _ body: (_ inputs: [Floats], _ outputs: [Floats]) -> Void) {
        precondition(range.count <= most, "a block of \(range.count) in rooms of \(most)")
        guard let rooms else {
            return body(inputs.map { $0.floats + range.lowerBound }, outputs.map { $0.floats + range.lowerBound })
        }
        rooms.borrow { memory in
            var room = memory
            func place(_ region: Region, _ reads: Bool) -> Floats {
                guard region.dtype != .float32 else { return region.floats + range.lowerBound }
                defer { room += most }
                if reads { ck_widen(region.halves + range.lowerBound, room, range.count) }
                return room
            }
            let sources = inputs.map { place($0, true) }
            let targets = outputs.map { place($0, isUpdating) }
            body(sources, targets)
            for (region, target) in zip(outputs, targets) where region.dtype != .float32 {
                ck_narrow(target, region.halves + range.lowerBound, range.count)
            }
        }
    }
}

extension Region {
    /// The element type in C.
    var type: ck_type {
        precondition(dtype == .float32 || dtype == .bfloat16, "a kernel for \(dtype)")
        return dtype == .float32 ? CK_FLOAT32 : CK_BFLOAT16
    }

    /// The address of an element.
    func address(_ element: Int) -> UnsafeMutableRawPointer { address + element * dtype.byteWidth }

    /// The elements as the bits of bfloat16.
    var halves: UnsafeMutablePointer<UInt16> {
        precondition(dtype == .bfloat16, "\(dtype) read as bfloat16")
        return address.assumingMemoryBound(to: UInt16.self)
    }
}
