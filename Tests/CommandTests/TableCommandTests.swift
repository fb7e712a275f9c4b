import Foundation
import ProtoWire
import SpanCapture
import SpanModel
import SpanStorage
import SpanStorageSQLite
import SpanStorageTesting
import Testing

/// Tables and trees of commands: on a terminal, in a file, with names of every kind.
@Suite struct TableCommandTests {
    private static let start: UInt64 = 1_785_585_600_000_000_000
    private static let traceID = TraceID(hex: "5b8aa5a2d2c872e8321cf37308d69df2")!
    private static let otherID = TraceID(hex: "4bf92f3577b34da6a3ce929d0e0e4736")!

    /// Names that a peer may send.
    private static let names = [
        "GET /cart", "", "a\u{1B}[2J\u{1B}]0;x\u{7}\n\r\tb", "x\u{202E}dlrow", "日本語の名前",
        "👩\u{200D}👩\u{200D}👧 \u{1F1E9}\u{1F1EA}",
        "\"quoted\" \\ back", "a\u{301}\u{302}\u{303}", String(repeating: "SELECT col, ", count: 200), " lead", "-dash",
        "=", "\u{301}mark", "مرحبا שלום", "क्षत्रिय ❤\u{FE0F}", "tab\there", "\u{200B}1\u{FE0F}\u{20E3}",
        "ﾊﾝｶｸ 한국어",
    ]

    /// A store of spans with such names for everything, two traces with the same.
    private func withStore(
        longest: Int = 0, _ body: (String) throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("spans.db").path
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        let names = Self.names + (longest > 0 ? [String(repeating: "y", count: longest)] : [])
        for (number, trace) in [Self.traceID, Self.otherID].enumerated() {
            let groups = names.enumerated().map { index, name in
                let id = UInt64(index + 1)
                var span = SpanRecord(
                    traceID: trace, spanID: SpanID(id), parentSpanID: SpanID(id / 2), name: name,
                    kind: index % 2 == 0 ? .server : .client, startTimeUnixNano: Self.start + id * 1_000_000,
                    endTimeUnixNano: index == 3 ? 0 : Self.start + id * 1_000_000 + 1_999_999 * UInt64(number + 1),
                    attributes: [
                        Attribute(name, .string(name)), Attribute("peer.service", .string(name)),
                        Attribute("none", nil),
                    ])
                if index % 3 == 0 {
                    span.status = SpanStatus(.error, message: name)
                    span.attributes.append(Attribute("error.type", .string(name)))
                }
                return ResourceSpans(
                    resource: Resource(attributes: [
                        Attribute("service.name", .string(name)), Attribute("host.name", .string(name)),
                    ]), scopeSpans: [ScopeSpans(scope: nil, spans: [span])])
            }
            try await store.append([
                IncomingBatch(
                    sender: SenderID(high: 1, low: UInt64(number + 1)), sequence: 1, agent: names[2],
                    reports: SpanBatch(resourceSpans: groups),
                    dropped: names.prefix(8).map { DropCount(reason: String($0.prefix(40)), spans: 3) })
            ])
        }
        do { try body(path) } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    private static let commands = [
        ["query", "services"], ["query", "operations"], ["query", "attributes"], ["query", "values", "peer.service"],
        ["query", "trace", traceID.hex], ["query", "search"], ["query", "dependencies"], ["query", "latency"],
        ["query", "latency", "--step", "1m"], ["query", "errors"], ["query", "slow"],
        ["query", "slow", "--operations"],
        ["query", "running"], ["query", "critical-path", traceID.hex], ["query", "compare", traceID.hex, otherID.hex],
        ["query", "senders"],
    ]

    private static func ids(_ text: Substring) -> [Int] {
        text.split { !$0.isHexDigit }.filter { $0.hasPrefix("5b8aa5") || $0.hasPrefix("4bf92f") }.map(\.utf8.count)
    }

    private static func expectHarmless(_ text: String) {
        let unsafe = text.unicodeScalars.filter {
            $0 != "\n" && ($0.value < 0x20 || (0x7F...0x9F).contains($0.value)) || $0 == "\u{202E}"
        }
        #expect(unsafe.isEmpty, "\(text.debugDescription)")
    }

    @Test(arguments: [20, 40, 80, 120, 250])
    func `every table fits every terminal, ids whole, and nothing in a name drives it`(columns: Int) async throws {
        try await withStore(longest: 5_000) { path in
            for command in Self.commands {
                let outcome = try SpanwireCommand.runOnTerminal(command + ["--store", path], columns: columns)
                #expect(outcome.exitCode == 0, "\(command): \(outcome.words)")
                Self.expectHarmless(outcome.text)
                // Words, the lines above a table too, and ids are whole where they are wider than the terminal.
                for line in outcome.text.split(separator: "\n") {
                    let width = ColumnText(String(line), atMost: nil).columns
                    let isOneWord = line.split(separator: " ").count == 1 && line.utf8.count <= 40
                    #expect(width <= columns || isOneWord, "\(command) of \(columns): \(width) \(line)")
                    #expect(Self.ids(line).allSatisfy { $0 == 32 }, "\(command): \(line)")
                }
                let isShortened = outcome.text.unicodeScalars.contains("…")
                #expect(!isShortened || outcome.words.contains("--wide"), "\(command): \(outcome.words)")
            }
        }
    }

    @Test func `a terminal that does not tell its size has the columns that COLUMNS says, or 80`() async throws {
        try await withStore { path in
            for (value, columns) in [("60", 60), ("x", 80), ("-5", 80)] {
                let outcome = try SpanwireCommand.runOnTerminal(
                    ["query", "operations", "--store", path], columns: 0, environment: ["COLUMNS": value])
                let widths = outcome.text.split(separator: "\n").map { ColumnText(String($0), atMost: nil).columns }
                #expect(widths.allSatisfy { $0 <= columns } && widths.contains { $0 > columns - 20 }, "\(widths)")
            }
        }
    }

    @Test
    func
        `in a file a value has 200 columns, with --wide all of it, and JSON is whole; no long name makes others longer`()
        async throws
    {
        let longest = 1_000_000
        try await withStore(longest: longest) { path in
            for command in Self.commands {
                let outcome = try SpanwireCommand.run(command + ["--store", path])
                #expect(outcome.exitCode == 0 && outcome.output.count < 60_000, "\(command): \(outcome.output.count)")
                Self.expectHarmless(outcome.text)
                let hasLong = command != ["query", "senders"] && command != ["query", "running"]
                #expect(outcome.words.contains("--wide") == hasLong || command[1] == "critical-path", "\(command)")
                let wide = try SpanwireCommand.run(command + ["--store", path, "--wide"])
                #expect(!wide.words.contains("--wide"))
                Self.expectHarmless(wide.text)
                // Each long value once a row, and no padding for it elsewhere.
                let rows = wide.text.split(separator: "\n").count { $0.utf8.count > 100_000 }
                #expect(wide.output.count <= (rows * 4 + 3) * longest + 60_000, "\(command): \(wide.output.count)")
            }
            let name = String(repeating: "y", count: longest)
            for command in [["operations"], ["values", "peer.service"], ["attributes"], ["services"]] {
                let json = try SpanwireCommand.run(["query"] + command + ["--store", path, "--format", "json"])
                #expect(json.exitCode == 0 && json.text.contains(name) && json.words.isEmpty, "\(command)")
            }
        }
    }

    @Test func `decode shows values that fit, whole with --wide, and JSON whole`() throws {
        let long = String(repeating: "col, ", count: 500)
        let span = SpanRecord(
            traceID: Self.traceID, spanID: SpanID(1), name: long, startTimeUnixNano: 1, endTimeUnixNano: 2,
            attributes: [Attribute("a", .string("\u{1B}[31m" + long))])
        let batch = SpanBatch(resourceSpans: [
            ResourceSpans(resource: nil, scopeSpans: [ScopeSpans(scope: nil, spans: [span])])
        ])
        let input = Data(batch.encoded())
        let file = try SpanwireCommand.run(["decode"], input: input)
        #expect(file.exitCode == 0 && file.text.split(separator: "\n").allSatisfy { $0.count < 260 })
        #expect(file.words.contains("--wide") && file.text.contains("\\u{1b}[31m"))
        let wide = try SpanwireCommand.run(["decode", "--wide"], input: input)
        #expect(wide.text.contains(long) && !wide.words.contains("--wide"))
        #expect(try SpanwireCommand.run(["decode", "--to", "json"], input: input).text.contains(long))
        let terminal = try SpanwireCommand.runOnTerminal(["decode"], columns: 70, input: input)
        #expect(terminal.text.split(separator: "\n").allSatisfy { $0.count <= 70 }, "\(terminal.text)")
    }

    @Test func `every name that a command prints is taken by the others`() async throws {
        try await withStore { path in
            func rows(_ arguments: [String]) throws -> [[String: Any]] {
                let outcome = try SpanwireCommand.run(["query"] + arguments + ["--store", path, "--format", "json"])
                #expect(outcome.exitCode == 0, "\(arguments): \(outcome.words)")
                return try JSONSerialization.jsonObject(with: outcome.output) as? [[String: Any]] ?? []
            }
            let attributes = try SpanwireCommand.run(["query", "attributes", "--wide", "--store", path])
            var keys = 0
            for line in attributes.text.split(separator: "\n").dropFirst() {
                // The number stands behind the last blanks.
                let name = String(line.prefix(upTo: line.range(of: "  ", options: .backwards)!.lowerBound))
                    .trimmingCharacters(in: .whitespaces)
                let spans = Int(line.split(separator: " ").last ?? "")
                let values = try rows(["values", name, "--limit", "10000"])
                #expect(values.reduce(0) { $0 + ($1["spans"] as? Int ?? 0) } == spans, "\(name)")
                let found = try SpanwireCommand.run(["query", "search", name, "--store", path])
                #expect(found.text.split(separator: "\n").count - 1 == spans, "\(name)")
                keys += 1
            }
            #expect(keys == Self.names.count + 5)
            let services = try SpanwireCommand.run(["query", "services", "--wide", "--store", path])
            for line in services.text.split(separator: "\n").dropFirst() {
                let parts = String(line).components(separatedBy: "  2  2026")
                let name = parts[0].trimmingCharacters(in: .whitespaces)
                let found = try rows(["operations", "--service", name])
                #expect(found.count == 1 && found[0]["spans"] as? Int == 2, "\(name)")
                let slow = try SpanwireCommand.run([
                    "query", "search", "--service", name, "--name", name, "--store", path,
                ])
                #expect(slow.text.split(separator: "\n").count == 3, "\(name): \(slow.words)")
            }
            let none = try rows(["values", "none"])
            #expect(none.count == 1 && none[0]["value"] as? String == "(no value)")
            let odd = try SpanwireCommand.run(["query", "values", "attr.\"open", "--store", path])
            #expect(odd.exitCode == 2 && odd.words.contains("a quote that is not closed"))
        }
    }

    @Test func `percentiles rise and none is above the greatest, as they are printed`() async throws {
        let seed = ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) ?? .random(in: 1...1_000_000)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("spans.db").path
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        var spans: [SpanRecord] = []
        func add(_ name: String, _ durations: [UInt64]) {
            for duration in durations {
                let number = UInt64(spans.count + 1)
                spans.append(
                    SpanRecord(
                        traceID: TraceID(high: seed, low: 1 + number / 64), spanID: SpanID(number), name: name,
                        kind: .server, startTimeUnixNano: Self.start, endTimeUnixNano: Self.start + duration))
            }
        }
        for round in 0..<60 {
            var random = SeededGenerator(seed: seed &+ UInt64(round))
            for operation in 0..<8 {
                let bound = UInt64(1) << UInt64.random(in: 1...63, using: &random)
                let unit = [1_000, 1_000_000, 1_000_000_000, 60_000_000_000, UInt64(Int64.max)].randomElement(
                    using: &random)!
                let count = [1, 2, 3, 10, 120].randomElement(using: &random)!
                add(
                    "round\(round)op\(operation)",
                    (0..<count).map { _ in
                        switch operation {
                        // Up to a bound, near it, in all units at once, about where a unit begins, tiny, huge.
                        case 0, 1: UInt64.random(in: 0...bound, using: &random)
                        case 2, 3: bound - UInt64.random(in: 0...bound / 200, using: &random)
                        case 4:
                            UInt64.random(in: 0...1 << 63, using: &random) >> UInt64.random(in: 0...63, using: &random)
                        case 5: unit - 500 + UInt64.random(in: 0...1_000, using: &random)
                        case 6: UInt64.random(in: 0...3, using: &random)
                        default: (1 << 63) - UInt64.random(in: 0...1 << 56, using: &random)
                        }
                    })
            }
        }
        // Rounded to three digits both would be more than they are.
        for (name, nanoseconds) in [("edge1", UInt64(1_999_999)), ("edge2", 7_206_000_000_000)] {
            add(name, [nanoseconds])
        }
        let batch = SpanBatch(resourceSpans: [
            ResourceSpans(resource: nil, scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
        ])
        try await store.append([IncomingBatch(reports: batch)])
        await store.close()
        for (command, columns) in [
            (["latency"], ["P50", "P90", "P99", "MAX"]),
            (["latency", "--step", "1h"], ["P50", "P90", "P99", "MAX"]),
            (["slow", "--operations", "--limit", "1000"], ["P50", "P99", "MAX"]),
            (["slow", "--operations", "--limit", "1000", "--by", "self-time"], ["P50", "P99", "MAX"]),
        ] {
            let outcome = try SpanwireCommand.run(["query"] + command + ["--store", path])
            let lines = outcome.text.split(separator: "\n").dropFirst()
            #expect(lines.count == 482)
            for line in lines {
                let shown = line.split(separator: " ").suffix(columns.count)
                let numbers = shown.compactMap { DurationText.nanoseconds(String($0)) }
                #expect(numbers.count == columns.count && numbers == numbers.sorted(), "SEED=\(seed): \(line)")
            }
        }
        let json = try SpanwireCommand.run(["query", "latency", "--format", "json", "--store", path])
        let series = try JSONSerialization.jsonObject(with: json.output) as? [[String: Any]] ?? []
        for operation in series {
            for point in operation["points"] as? [[String: Any]] ?? [] {
                let numbers = ["p50Nano", "p90Nano", "p99Nano", "maxNano"].compactMap { point[$0] as? Int64 }
                #expect(numbers.count == 4 && numbers == numbers.sorted(), "SEED=\(seed): \(point)")
            }
        }
    }
}
