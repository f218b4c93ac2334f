/// The type of a tensor's elements; raw values are the names of the safetensors format.
public enum DType: String, Codable, Sendable, CaseIterable {
    /// IEEE double precision.
    case float64 = "F64"
    /// IEEE single precision.
    case float32 = "F32"
    /// The upper half of a single-precision number.
    case bfloat16 = "BF16"
    /// IEEE half precision.
    case float16 = "F16"
    /// 64-bit signed integer.
    case int64 = "I64"
    /// 32-bit signed integer.
    case int32 = "I32"
    /// 8-bit signed integer.
    case int8 = "I8"
    /// Byte.
    case uint8 = "U8"
    /// Truth value in a byte.
    case bool = "BOOL"

    /// Bytes of one element.
    public var byteWidth: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .bfloat16, .float16: 2
        case .int8, .uint8, .bool: 1
        }
    }
}
