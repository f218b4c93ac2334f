import Buffers
import Testing

@Suite("An element type")
struct DTypeTests {
    @Test("has the width of its name", arguments: DType.allCases)
    func width(type: DType) {
        let bits = Int(type.rawValue.drop { !$0.isNumber })
        #expect(type.byteWidth == (bits ?? 8) / 8)
    }

    @Test("has the name that the safetensors format gives it")
    func names() {
        let names = ["F64", "F32", "BF16", "F16", "I64", "I32", "I8", "U8", "BOOL"]
        #expect(DType.allCases.map(\.rawValue) == names)
        #expect(DType(rawValue: "F8") == nil)
    }
}
