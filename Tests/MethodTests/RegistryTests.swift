import Configs
import Foundation
import Testing
import Training

/// Every method of every slot, as one row of a parameterised test.
struct RegisteredMethod: CustomTestStringConvertible, Sendable {
    let slot: any MethodSlot.Type
    let method: any Method.Type

    var testDescription: String { "\(slot.name) \(method.name)" }

    static let all: [RegisteredMethod] = AllMethods.slots.flatMap { slot in
        slot.methods.map { RegisteredMethod(slot: slot, method: $0) }
    }
}

@Suite("Registries")
struct RegistryTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test("slots and methods are listed once, sorted, in kebab case")
    func namesAreInOrder() {
        let slots = AllMethods.slots.map { $0.name }
        #expect(Set(slots).count == slots.count)
        for slot in AllMethods.slots {
            #expect(!slot.methods.isEmpty, "\(slot.name) is empty")
            #expect(slot.methodNames == slot.methodNames.sorted(), "\(slot.name) is not sorted")
            #expect(Set(slot.methodNames).count == slot.methods.count, "\(slot.name) lists a name twice")
            for name in slot.methodNames {
                let isKebab = name.allSatisfy { ($0.isLowercase && $0.isASCII) || $0.isNumber || $0 == "-" }
                #expect(isKebab && !name.hasPrefix("-"), "\(slot.name): \(name)")
            }
        }
    }

    @Test("defaults are valid and survive YAML", arguments: RegisteredMethod.all)
    func defaultsRoundTrip(_ entry: RegisteredMethod) throws {
        let value = entry.method.init()
        try value.validate()
        let yaml = ConfigEncoder.encode(method: value)
        let again = try decode(entry, yaml)
        #expect(ConfigEncoder.encode(method: again) == yaml)
    }

    @Test("the file with every default says what the code says", arguments: RegisteredMethod.all)
    func configurationFileIsCurrent(_ entry: RegisteredMethod) throws {
        let path = "configs/methods/\(entry.slot.name)/\(entry.method.name).yaml"
        let expected = ConfigEncoder.encode(method: entry.method.init()).trimmingCharacters(in: .newlines)
        let lines = try text(path).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.joined(separator: "\n") == expected, "\(path); 'difftrain config show' prints it")
    }

    @Test("an unknown key is refused by name", arguments: RegisteredMethod.all)
    func unknownKeysAreRefused(_ entry: RegisteredMethod) throws {
        let yaml = ConfigEncoder.encode(method: entry.method.init()) + "\nno_such_key: 1\n"
        let error = #expect(throws: ConfigError.self) { try decode(entry, yaml) }
        #expect(error?.description.contains("no_such_key") == true)
    }

    @Test("a page describes the method and each of its parameters", arguments: RegisteredMethod.all)
    func pageIsComplete(_ entry: RegisteredMethod) throws {
        let path = "docs/methods/\(entry.slot.name)/\(entry.method.name).md"
        let page = try text(path)
        for heading in [
            "# ", "## What", "## When", "## Formula", "## Parameters", "## Source", "## Cost", "## Measured effect",
        ] {
            #expect(page.hasPrefix(heading) || page.contains("\n" + heading), "\(path) lacks '\(heading)'")
        }
        for entry in ConfigEncoder.node(method: entry.method.init()).entries ?? [] where entry.key != "type" {
            #expect(page.contains("| `\(entry.key)` |"), "\(path) does not list '\(entry.key)'")
        }
    }

    @Test("a test file of the method's name exists", arguments: RegisteredMethod.all)
    func testFileExists(_ entry: RegisteredMethod) throws {
        let name = String(describing: entry.method) + "Tests.swift"
        let folder = Self.root.appendingPathComponent("Tests").path
        let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        #expect(files.contains { $0.hasSuffix("/" + name) }, "Tests holds no \(name)")
    }

    @Test("every reference names a title, a year and a place", arguments: RegisteredMethod.all)
    func referencesAreComplete(_ entry: RegisteredMethod) {
        let reference = entry.method.reference
        #expect(!reference.title.isEmpty && !reference.link.isEmpty)
        #expect((1900...2100).contains(reference.year))
    }

    private func decode(_ entry: RegisteredMethod, _ yaml: String) throws -> any Method {
        try SlotDecoding.method(of: entry.slot, yaml)
    }
}

/// Opens the type of a slot.
enum SlotDecoding {
    static func method(of slot: any MethodSlot.Type, _ yaml: String) throws -> any Method {
        try open(slot, yaml)
    }

    private static func open<Slot: MethodSlot>(_ slot: Slot.Type, _ yaml: String) throws -> any Method {
        let value = try ConfigDecoder.decode(Choice<Slot>.self, from: yaml, file: "method.yaml").wrappedValue
        return try #require(value as? any Method)
    }
}
