import Buffers
import NIOCore
import Testing

@testable import Communication

@Suite("A frame")
struct FrameTests {
    private static func random(_ random: inout RandomStream) -> Frame {
        var frame = Frame(Frame.Kind.allCases[Int(random.next() % 7)])
        frame.codec = UInt8(truncatingIfNeeded: random.next())
        frame.round = random.next()
        frame.attempt = UInt16(truncatingIfNeeded: random.next())
        frame.sender = UInt16(truncatingIfNeeded: random.next())
        frame.start = UInt32(truncatingIfNeeded: random.next())
        frame.count = UInt32(truncatingIfNeeded: random.next())
        for _ in 0..<(random.next() % 300) { frame.payload.writeInteger(UInt8(truncatingIfNeeded: random.next())) }
        return frame
    }

    private static func decode(_ bytes: [UInt8], pieces: (Int) -> Int) throws -> [Frame] {
        var decoder = FrameDecoder()
        var frames: [Frame] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + max(1, pieces(start)))
            var piece = ByteBuffer(bytes: bytes[start..<end])
            while let frame = try decoder.next(from: &piece) { frames.append(frame) }
            start = end
        }
        return frames
    }

    @Test("comes out as it went in, however the stream is cut", arguments: 0..<50 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = RandomStream(seed: seed, purpose: .order, index: 8)
        let frames = (0..<5).map { _ in Self.random(&random) }
        let bytes = frames.flatMap { Array($0.bytes.readableBytesView) }
        #expect(bytes.count == frames.reduce(0) { $0 + $1.size })
        let inPieces = try Self.decode(bytes) { _ in Int(random.next() % 70) }
        #expect(inPieces == frames)
        #expect(try Self.decode(bytes) { _ in bytes.count } == frames)
    }

    @Test("is refused when a bit changed anywhere", arguments: 0..<8)
    func bitFlips(bit: Int) throws {
        var random = RandomStream(seed: 3, purpose: .order, index: 8)
        let frame = Self.random(&random)
        let bytes = Array(frame.bytes.readableBytesView)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1 << UInt8(bit)
            // A longer length makes the frame wait for more bytes; all else is an error.
            let found = (try? Self.decode(changed) { _ in changed.count }) ?? []
            #expect(found.isEmpty, "byte \(index)")
        }
    }

    @Test("of random bytes never traps", arguments: 0..<300 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        var random = RandomStream(seed: seed, purpose: .order, index: 9)
        var bytes = (0..<3).flatMap { _ in Array(Self.random(&random).bytes.readableBytesView) }
        for _ in 0..<(random.next() % 8 + 1) {
            let place = Int(random.next() % UInt64(bytes.count))
            switch random.next() % 4 {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
            default: bytes.removeSubrange(place...)
            }
            if bytes.isEmpty { return }
        }
        _ = try? Self.decode(bytes) { _ in Int(random.next() % 40) }
    }

    @Test("above the limit is refused before its payload is stored")
    func limits() {
        var frame = Frame(.contribution)
        frame.payload.writeRepeatingByte(1, count: 65)
        var decoder = FrameDecoder(largestPayload: 64)
        var header = ByteBuffer(bytes: frame.header)
        var found: FrameError?
        do throws(FrameError) { _ = try decoder.next(from: &header) } catch { found = error }
        #expect(found == .length(65, limit: 64))
    }

    @Test("errors say what was expected and what was found")
    func sentences() throws {
        func error(_ change: (inout [UInt8]) -> Void) -> String {
            var bytes = Array(Frame(.ping).bytes.readableBytesView)
            change(&bytes)
            var buffer = ByteBuffer(bytes: bytes)
            var decoder = FrameDecoder()
            do throws(FrameError) {
                _ = try decoder.next(from: &buffer)
                return "no error"
            } catch {
                return error.description
            }
        }
        #expect(
            error { $0.replaceSubrange(0..<4, with: "GET ".utf8) }
                == "a frame begins with D1F7, not with 4745; the other side is no difftrain worker"
        )
        #expect(
            error { $0[2] = 9 }
                == "frames of version 1 are understood, not 9; bring both workers to the same version"
        )
        #expect(error { $0[3] = 99 } == "there is no frame of kind 99; the sender is faulty")
        #expect(error { $0[7] = 0x7F } == "a payload may have 4194304 bytes here, not 8323072; the sender is faulty")
        #expect(error { $0[9] = 1 } == "a frame does not match its checksum; the link or the sender is faulty")
    }
}
