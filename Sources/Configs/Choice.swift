/// A property that holds one method of a slot.
///
/// In a run file it is a mapping with `type:` or only the method's name:
/// `@Choice<Weightings> public var weighting: any LossWeighting = Uniform()`.
/// A written choice starts from the defaults of the method it names, not from the property's default value.
@propertyWrapper
public struct Choice<Slot: MethodSlot>: Codable, Sendable {
    /// The chosen method.
    public var wrappedValue: Slot.Base

    /// Wraps a method of the slot.
    public init(wrappedValue: Slot.Base) {
        self.wrappedValue = wrappedValue
    }

    /// Decodes a method by its name.
    public init(from decoder: any Decoder) throws {
        wrappedValue = Slot.base(try MethodCoding.decode(Slot.name, Slot.methods, from: decoder))
    }

    /// Encodes the method with its name under `type`.
    public func encode(to encoder: any Encoder) throws {
        try MethodCoding.encode(Slot.method(wrappedValue), to: encoder)
    }
}

/// A property that holds one method of a slot, or none: `null` in a run file.
@propertyWrapper
public struct OptionalChoice<Slot: MethodSlot>: Codable, Sendable {
    /// The chosen method, or nil for none.
    public var wrappedValue: Slot.Base?

    /// Wraps a method of the slot, or none.
    public init(wrappedValue: Slot.Base?) {
        self.wrappedValue = wrappedValue
    }

    /// Decodes a method by its name, or nil from null.
    public init(from decoder: any Decoder) throws {
        wrappedValue = try decoder.singleValueContainer().decode(Choice<Slot>?.self)?.wrappedValue
    }

    /// Encodes the method with its name under `type`, or null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue {
            try container.encode(Choice<Slot>(wrappedValue: wrappedValue))
        } else {
            try container.encodeNil()
        }
    }
}

/// A property that holds a list of methods of one slot, in order: `averages: [{type: power, width: 0.05}]`.
///
/// A written list replaces the default list as a whole.
@propertyWrapper
public struct ChoiceList<Slot: MethodSlot>: Codable, Sendable {
    /// The chosen methods, in order.
    public var wrappedValue: [Slot.Base]

    /// Wraps methods of the slot.
    public init(wrappedValue: [Slot.Base]) {
        self.wrappedValue = wrappedValue
    }

    /// Decodes methods by their names.
    public init(from decoder: any Decoder) throws {
        wrappedValue = try [Choice<Slot>](from: decoder).map(\.wrappedValue)
    }

    /// Encodes every method with its name under `type`.
    public func encode(to encoder: any Encoder) throws {
        try wrappedValue.map { Choice<Slot>(wrappedValue: $0) }.encode(to: encoder)
    }
}
