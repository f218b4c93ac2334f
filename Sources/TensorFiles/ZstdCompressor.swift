import CZstd

/// Compresses a known number of bytes that come in parts into one frame; one thread uses it.
final class ZstdCompressor {
    private let context: OpaquePointer
    private let block = UnsafeMutableRawBufferPointer.allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 64)
    private let size: Int
    private var taken = 0

    /// Begins a frame of `size` bytes of content.
    init(size: Int, level: Int) {
        guard let context = ZSTD_createCCtx() else { preconditionFailure("out of memory for zstd") }
        self.context = context
        self.size = size
        Self.check(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(clamping: level)))
        Self.check(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1))
        Self.check(ZSTD_CCtx_setPledgedSrcSize(context, UInt64(size)))
    }

    deinit {
        ZSTD_freeCCtx(context)
        block.deallocate()
    }

    /// Compresses bytes and hands on whatever is ready.
    func append<Failure: Error>(
        _ bytes: UnsafeRawBufferPointer,
        _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        taken += bytes.count
        precondition(taken <= size, "\(taken) bytes for a frame of \(size)")
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while input.pos < input.size {
            try step(&input, ZSTD_e_continue, emit)
        }
    }

    /// Ends the frame; all bytes must have come.
    func finish<Failure: Error>(_ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        precondition(taken == size, "\(taken) bytes for a frame of \(size)")
        var input = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
        while try step(&input, ZSTD_e_end, emit) != 0 {}
    }

    @discardableResult
    private func step<Failure: Error>(
        _ input: inout ZSTD_inBuffer,
        _ mode: ZSTD_EndDirective,
        _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) -> Int {
        var sink = ZSTD_outBuffer(dst: block.baseAddress, size: block.count, pos: 0)
        let rest = ZSTD_compressStream2(context, &sink, &input, mode)
        Self.check(rest)
        if sink.pos > 0 {
            try emit(UnsafeRawBufferPointer(rebasing: block[..<sink.pos]))
        }
        return rest
    }

    private static func check(_ code: Int) {
        precondition(ZSTD_isError(code) == 0, "zstd: \(String(cString: ZSTD_getErrorName(code)))")
    }
}
