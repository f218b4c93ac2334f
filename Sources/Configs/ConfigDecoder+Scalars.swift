/// One scalar, or whatever a generic type makes of the node.
struct ScalarReader: SingleValueDecodingContainer {
    let place: NodePlace
    let codingPath: [any CodingKey] = []

    func decodeNil() -> Bool {
        place.node.isNull
    }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try place.read(type)
    }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard place.node.kind == .truth else { throw mismatch("true or false") }
        return place.node.text == "true"
    }

    func decode(_ type: String.Type) throws -> String {
        guard place.node.kind == .text, let text = place.node.text else {
            let quoting = place.node.text != nil && place.node.kind != .null
            throw mismatch(quoting ? "text (put it in quotes if it is meant)" : "text")
        }
        return text
    }

    func decode(_ type: Double.Type) throws -> Double { try number(type) }
    func decode(_ type: Float.Type) throws -> Float { try number(type) }
    func decode(_ type: Int.Type) throws -> Int { try whole(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try whole(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try whole(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try whole(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try whole(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try whole(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try whole(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try whole(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try whole(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try whole(type) }

    private func mismatch(_ expected: String) -> ConfigError {
        place.error(.wrongType(expected: expected, found: place.node.inWords))
    }

    private func whole<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        guard place.node.kind == .whole, let text = place.node.text else { throw mismatch("a whole number") }
        guard let value = T(text) else {
            throw place.error(.outOfRange(expected: "a number from \(T.min) to \(T.max)", found: text))
        }
        return value
    }

    private func number<T: BinaryFloatingPoint & LosslessStringConvertible>(_ type: T.Type) throws -> T {
        let text = place.node.text ?? ""
        switch (place.node.kind, text) {
        case (.number, ".inf"), (.number, "+.inf"): return .infinity
        case (.number, "-.inf"): return -.infinity
        case (.number, ".nan"): throw mismatch("a number")
        case (.number, _), (.whole, _):
            guard let value = T(text), value.isFinite else {
                throw place.error(
                    .outOfRange(
                        expected: "a number from \(-T.greatestFiniteMagnitude) to \(T.greatestFiniteMagnitude)",
                        found: text
                    )
                )
            }
            return value
        default: throw mismatch("a number")
        }
    }
}
