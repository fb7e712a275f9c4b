import Foundation
import ProtoWire
import SpanModel
import SpanStorage
import SpanStorageSQLite
import SpanStorageTesting
import Testing

/// Names go from what one command prints into the arguments of another.
@Suite struct NameCommandTests {
    private static let start: UInt64 = 1_785_585_600_000_000_000

    /// What a name may begin with, hold and end with that some part of a command line could take for something else.
    private static let parts = [
        "a", "GET /cart", "-", "--store", "=", "==", " ", "  ", "\"", "\"a\"", "'", "\\", "\\n", "\n", "\r\n", "\t",
        "\u{0}",
        "\u{1B}[2J", "\u{7F}", "\u{85}", "\u{301}", "\u{308}\u{323}", "\u{200D}", "\u{200B}", "\u{FE0F}", "\u{1F3FD}",
        "\u{1F1E9}", "\u{1F469}\u{200D}\u{1F467}", "\u{93F}", "\u{1161}", "\u{600}", "\u{202E}", "\u{2066}", "\u{61C}",
        "\u{2028}", "\u{FEFF}", "\u{FFFF}", "\u{FFFE}", "\u{1FFFF}", "\u{10FFFF}", "\u{E0041}", "\u{E0101}", "\u{A0}",
        "日本",
        "é", "e\u{301}", "“", "attr.", "$HOME", "`", "*", "%s", "@file", "",
    ]

    private static func names(_ seed: UInt64) -> [String] {
        var random = SeededGenerator(seed: seed)
        var names = Self.parts + [String(repeating: "long ", count: 4_000)]
        for _ in 0..<30 {
            names.append(
                (0..<Int.random(in: 2...4, using: &random)).map { _ in Self.parts.randomElement(using: &random)! }
                    .joined())
        }
        // No two with the same bytes, whatever Unicode takes for the same.
        var seen: Set<[UInt8]> = []
        return names.filter { seen.insert(Array($0.utf8)).inserted }
    }

    private func withStore(_ names: [String], _ body: (String) throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("spans.db").path
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        let groups = names.enumerated().map { index, name in
            ResourceSpans(
                resource: Resource(attributes: [Attribute("service.name", .string(name))]),
                scopeSpans: [
                    ScopeSpans(
                        scope: nil,
                        spans: [
                            SpanRecord(
                                traceID: TraceID(high: 1, low: 1), spanID: SpanID(UInt64(index + 1)), name: name,
                                startTimeUnixNano: Self.start, endTimeUnixNano: Self.start + 1,
                                attributes: [Attribute(name, .int(1))])
                        ])
                ])
        }
        try await store.append([IncomingBatch(reports: SpanBatch(resourceSpans: groups))])
        await store.close()
        try body(path)
    }

    @Test func `every name that a command prints is taken by the others, behind an option and joined to it by =`()
        async throws
    {
        let seed = ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) ?? .random(in: 1...1_000_000)
        let names = Self.names(seed)
        try await withStore(names) { path in
            let services = try SpanwireCommand.run(["query", "services", "--wide", "--store", path])
            let printed = services.text.split(separator: "\n").dropFirst().map { line in
                line.components(separatedBy: "  1  2026")[0].trimmingCharacters(in: [" "])
            }
            #expect(printed.count == names.count, "SEED=\(seed)")
            #expect(Set(try printed.map { Array(try NameText.read($0).utf8) }) == Set(names.map { Array($0.utf8) }))
            for name in printed {
                for arguments in [["--service=\(name)", "--name", name], ["--service", name, "--name=\(name)"]] {
                    let found = try SpanwireCommand.run(["query", "search", "--store", path] + arguments)
                    #expect(
                        found.exitCode == 0 && found.text.split(separator: "\n").count == 2,
                        "SEED=\(seed) \(arguments.debugDescription): \(found.words)")
                }
            }
            let attributes = try SpanwireCommand.run(["query", "attributes", "--wide", "--store", path])
            for line in attributes.text.split(separator: "\n").dropFirst() where line.hasSuffix("  1") {
                let key = line.dropLast(1).trimmingCharacters(in: [" "])
                let values = try SpanwireCommand.run(["query", "values", key, "--store", path])
                #expect(values.exitCode == 0 && values.text.split(separator: "\n").count == 2, "SEED=\(seed) \(key)")
            }
        }
    }

    @Test func `every key that decode prints is taken by query values`() async throws {
        let seed = ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) ?? .random(in: 1...1_000_000)
        let names = Self.names(seed)
        let span = SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "op", startTimeUnixNano: Self.start,
            endTimeUnixNano: Self.start + 1, attributes: names.map { Attribute($0, .int(7)) })
        let batch = SpanBatch(resourceSpans: [
            ResourceSpans(resource: nil, scopeSpans: [ScopeSpans(scope: nil, spans: [span])])
        ])
        let tree = try SpanwireCommand.run(["decode", "--wide"], input: Data(batch.encoded())).text
        let keys = tree.split(separator: "\n").filter { $0.hasSuffix(": 7") }
            .map { $0.dropLast(3).drop { $0 == " " } }
        #expect(keys.count == names.count, "SEED=\(seed)")
        try await withStore(names) { path in
            for key in keys {
                let values = try SpanwireCommand.run(["query", "values", "attr.\(key)", "--store", path])
                #expect(
                    values.exitCode == 0 && values.words.isEmpty && values.text.split(separator: "\n").count == 2,
                    "SEED=\(seed) \(key): \(values.words)")
            }
        }
    }

    @Test func `a name as JSON has it is taken behind = too, where it does not begin with a quote`() async throws {
        // What is not there has no name: `--service=` is an option without its value.
        let names = Self.parts.filter {
            !$0.isEmpty && !$0.contains("\0") && $0.utf8.first != UInt8(ascii: "\"")
        }
        try await withStore(names) { path in
            for name in names {
                let found = try SpanwireCommand.run(["query", "search", "--store", path, "--service=\(name)"])
                #expect(
                    found.exitCode == 0 && found.text.split(separator: "\n").count == 2,
                    "\(name.debugDescription): \(found.words)")
            }
        }
    }

    @Test(
        arguments: [
            (
                ["search", "service=odd name"],
                "no span matches service=odd name; no service is called odd, but \"odd name\" is"
            ),
            (["search", "--service", "'odd name'"], "no service is called \"'odd name'\", but \"odd name\" is"),
            (["search", "service=odd,"], "no service is called \"odd,\", but \"odd name\" is"),
            (["search", "service=nobody"], "no service is called nobody; spanwire query services lists them"),
            (["search", "name=\"GET\" error"], "no span matches name=GET error\n"),
            (["search", "service=\"odd name\" error"], "no span matches service=\"odd name\" error\n"),
            (["operations", "service=odd"], "no service is called odd, but \"odd name\" is"),
            (["attributes", "service=odd"], "no service is called odd, but \"odd name\" is"),
            (["values", "k", "service=odd"], "no service is called odd, but \"odd name\" is"),
            (["dependencies", "service=odd"], "no service is called odd, but \"odd name\" is"),
            (["latency", "--service", "odd"], "no service is called odd, but \"odd name\" is"),
            (["errors", "service=odd"], "no service is called odd, but \"odd name\" is"),
            (["slow", "service=odd"], "no service is called odd, but \"odd name\" is"),
            (["slow", "--operations", "service=odd"], "no service is called odd, but \"odd name\" is"),
            (["running", "service=odd"], "no service is called odd, but \"odd name\" is"),
            (["export", "service=odd"], "no service is called odd, but \"odd name\" is"),
        ])
    func `a filter that finds nothing says how it was read, and which service was meant`(
        arguments: [String], words: String
    ) async throws {
        try await withStore(["checkout", "odd name"]) { path in
            let outcome = try SpanwireCommand.run(["query"] + arguments + ["--store", path])
            #expect(outcome.exitCode == 0 && outcome.words.contains("spanwire: no span matches "), "\(outcome.words)")
            #expect(outcome.words.contains(words), "\(outcome.words)")
        }
    }

    @Test(
        arguments: [
            (["nokey"], "no span has attr.nokey; spanwire query attributes lists those that are there\n"),
            (["attr."], "no span has attr.\"\"; spanwire query attributes lists those that are there\n"),
            (["resource.checkout"], "no span has resource.checkout, but attr.checkout is there\n"),
            (["service.name"], "no span has attr.service.name, but resource.service.name is there\n"),
            (["Checkout"], "no span has attr.Checkout, but attr.checkout is there\n"),
            (["chekout"], "no span has attr.chekout, but attr.checkout is there\n"),
            (["odd nam"], "no span has attr.\"odd nam\", but attr.\"odd name\" is there\n"),
            (["resources.service.name"], "but resource.service.name is there\n"),
            (
                ["odd name", "service=checkout"],
                "no span that matches service=checkout has attr.\"odd name\"; spanwire query attributes lists"
            ),
            (["checkout", "error"], "no span that matches error has attr.checkout, or any other attribute\n"),
            (["nokey", "service=odd"], "no span matches service=odd; no service is called odd, but \"odd name\" is\n"),
        ])
    func `values of an attribute that no span has are told as such, with the one that was meant`(
        arguments: [String], words: String
    ) async throws {
        try await withStore(["checkout", "odd name"]) { path in
            for format in ["table", "json"] {
                let outcome = try SpanwireCommand.run(
                    ["query", "values"] + arguments + ["--store", path, "--format", format])
                #expect(outcome.exitCode == 0 && outcome.words.hasPrefix("spanwire: no span "), "\(outcome.words)")
                #expect(outcome.words.contains(words), "\(outcome.words)")
                #expect(outcome.words.split(separator: "\n").count == 1, "\(outcome.words)")
            }
        }
    }

    @Test func `values that are there are told without a word on standard error`() async throws {
        try await withStore(["checkout", ""]) { path in
            for key in ["checkout", "attr.checkout", "resource.service.name", "attr.", "attr.\"\""] {
                let outcome = try SpanwireCommand.run(["query", "values", key, "--store", path])
                #expect(outcome.exitCode == 0 && outcome.words.isEmpty, "\(key): \(outcome.words)")
                #expect(outcome.text.split(separator: "\n").count > 1, "\(key)")
            }
        }
    }

    @Test func `a query that finds something, or asks for everything, says nothing of that`() async throws {
        try await withStore(["checkout"]) { path in
            for arguments in [
                ["search", "service=checkout"], ["operations", "service=checkout"], ["errors"], ["latency"],
            ] {
                let outcome = try SpanwireCommand.run(["query"] + arguments + ["--store", path])
                #expect(outcome.exitCode == 0 && outcome.words.isEmpty, "\(arguments): \(outcome.words)")
            }
        }
    }
}
