import Foundation
import SpanModel
import SpanStorage
import SpanStorageSQLite
import Testing

@Suite struct QueryCommandTests {
    private static let traceID = TraceID(hex: "5b8aa5a2d2c872e8321cf37308d69df2")!
    private static let start: UInt64 = 1_785_585_600_000_000_000

    private static func span(
        _ id: UInt64, parent: UInt64 = 0, _ name: String, _ kind: SpanKind, at offset: UInt64, took: UInt64?
    ) -> SpanRecord {
        SpanRecord(
            traceID: traceID, spanID: SpanID(id), parentSpanID: SpanID(parent), name: name, kind: kind,
            startTimeUnixNano: start + offset, endTimeUnixNano: took.map { start + offset + $0 } ?? 0)
    }

    private static func reports(_ service: String, _ spans: [SpanRecord]) -> ResourceSpans {
        ResourceSpans(
            resource: Resource(attributes: [Attribute("service.name", .string(service))]),
            scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: "test"), spans: spans)])
    }

    /// A trace with branches, a failure, a running span, a shared id, an orphan, a circle and a name that is no text for
    /// a terminal; and the store it lies in, open for writing as a collector has it.
    private func withStore(_ body: (String) throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("spans.db").path
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        var failed = Self.span(0x22, parent: 0x20, "charge", .client, at: 9_000_000, took: 20_500_000)
        failed.status = SpanStatus(.error, message: "card \"declined\"\n")
        let batch = SpanBatch(resourceSpans: [
            Self.reports(
                "web",
                [
                    Self.span(0x10, "GET /checkout", .server, at: 0, took: 45_250_000),
                    Self.span(0x20, parent: 0x10, "POST /orders", .client, at: 2_000_000, took: 40_000_000),
                ]),
            Self.reports(
                "orders",
                [
                    Self.span(0x20, parent: 0x10, "POST /orders", .server, at: 3_000_000, took: 38_000_000),
                    Self.span(0x21, parent: 0x20, "reserve \u{1B}[31m", .internal, at: 4_000_000, took: 1500), failed,
                    Self.span(0x23, parent: 0x20, "send mail", .producer, at: 39_000_000, took: nil),
                ]),
            Self.reports(
                "",
                [
                    Self.span(0x30, parent: 0x99, "lost", .consumer, at: 50_000_000, took: 1),
                    Self.span(0x41, parent: 0x42, "hen", .internal, at: 60_000_000, took: 1),
                    Self.span(0x42, parent: 0x41, "egg", .internal, at: 61_000_000, took: 1),
                ]),
        ])
        let sender = SenderID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10)
        try await store.append([
            IncomingBatch(reports: batch),
            IncomingBatch(
                sender: sender, sequence: 7, agent: "cart/2.1 \u{1B}[2J", reports: SpanBatch(),
                dropped: [
                    DropCount(reason: "too_large", spans: 2), DropCount(reason: "queue_full", spans: 40),
                    DropCount(reason: "shutdown \"now\"", spans: .max),
                ], rejectedReports: 3, receivedAtUnixNano: Self.start + 5),
        ])
        try await store.note(
            [SenderChange(sender: sender, presence: .gone, atUnixNano: Self.start + 9)],
            by: CollectorLease(collector: .random(), renewedAtUnixNano: Self.start + 9))
        do { try body(path) } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    @Test func `services, traces and spans as tables and as JSON, while another process writes the store`() async throws
    {
        try await withStore { path in
            for (arguments, name) in [
                (["services"], "query-services"), (["trace", Self.traceID.hex], "query-trace"),
                (["search", "--service", "orders"], "query-search"), (["senders"], "query-senders"),
                (["search", "service=orders (error or duration<1ms or running)"], "query-search-filter"),
                (["search", "kind!=client", "--order", "longest"], "query-search-longest"),
            ] {
                for (format, ending) in [("table", "txt"), ("json", "json")] {
                    let outcome = try SpanwireCommand.run(
                        ["query"] + arguments + ["--store", path, "--format", format])
                    #expect(outcome.exitCode == 0 && outcome.words.isEmpty, "\(outcome.words)")
                    try SpanwireCommand.expectGolden(outcome.text, "\(name).\(ending)")
                }
            }
        }
    }

    @Test func `a search finds what every condition holds for, the newest first`() async throws {
        try await withStore { path in
            func expect(_ arguments: [String], finds ids: [String]) throws {
                let outcome = try SpanwireCommand.run(["query", "search", "--store", path] + arguments)
                #expect(outcome.exitCode == 0)
                let found = outcome.text.split(separator: "\n").dropFirst().map { String($0.suffix(2)) }
                #expect(found == ids, "\(arguments)")
            }
            try expect(["--status", "error"], finds: ["22"])
            try expect(["--min-duration", "20ms"], finds: ["22", "20", "20", "10"])
            try expect(["--min-duration", "20ms", "--service", "orders"], finds: ["22", "20"])
            try expect(["--name", "send mail"], finds: ["23"])
            try expect(["--since", "2026-08-01T12:00:00.060Z"], finds: ["42", "41"])
            try expect(["--since", "2200-01-01"], finds: [])
            try expect(["--limit", "1"], finds: ["42"])
            try expect(["error"], finds: ["22"])
            try expect([""], finds: ["42", "41", "30", "23", "22", "21", "20", "20", "10"])
            try expect(["duration>=20ms", "--service", "orders"], finds: ["22", "20"])
            try expect(["name~\"^(GET|POST) /\" kind!=client"], finds: ["20", "10"])
            try expect(["running or status.message~declined"], finds: ["23", "22"])
            try expect(["since=2026-08-01T12:00:00.060Z until=2026-08-01T12:00:00.061Z"], finds: ["41"])
            try expect(["not ()"], finds: [])
            try expect(["--order", "newest"], finds: ["42", "41", "30", "23", "22", "21", "20", "20", "10"])
            try expect(["--order", "oldest"], finds: ["10", "20", "20", "21", "22", "23", "30", "41", "42"])
            try expect(["--order", "longest"], finds: ["10", "20", "20", "22", "21", "42", "41", "30", "23"])
            try expect(["--order", "shortest"], finds: ["42", "41", "30", "21", "22", "20", "20", "10", "23"])
            try expect(["--order", "longest", "--limit", "1"], finds: ["10"])
            try expect(["duration<1ms", "--order", "longest", "--limit", "2"], finds: ["21", "42"])
        }
    }

    @Test func `a filter with a fault is shown with its place and ends with exit code 2, the store left alone`() throws
    {
        let outcome = try SpanwireCommand.run([
            "query", "search", "service=cart durations>1", "--store", "no-such-file",
        ])
        #expect(outcome.exitCode == 2 && outcome.output.isEmpty)
        #expect(
            outcome.words == """
                spanwire: unknown field "durations" at column 14; did you mean duration?
                  service=cart durations>1
                               ^

                """)
        let hostile = try SpanwireCommand.run(["query", "search", "\u{1B}[2J\nb\u{202E}", "--store", "no-such-file"])
        #expect(hostile.exitCode == 2 && hostile.words.split(separator: "\n").count == 3)
        #expect(hostile.words.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0 != "\u{202E}" })
    }

    @Test(
        arguments: [
            ([], ["42", "41", "30", "23", "21", "20", "20", "10"]),
            (["--order", "oldest"], ["10", "20", "20", "21", "23", "30", "41", "42"]),
            (["--order", "longest"], ["10", "20", "20", "21", "42", "41", "30", "23"]),
            (["--order", "shortest"], ["42", "41", "30", "21", "20", "20", "10", "23"]),
        ])
    func `each page names the cursor of the next one, which knows the order`(order: [String], expected: [Substring])
        async throws
    {
        try await withStore { path in
            var found: [Substring] = []
            var cursor = order
            for page in 0..<4 {
                let outcome = try SpanwireCommand.run(
                    ["query", "search", "not error", "--limit", "3", "--store", path] + cursor)
                #expect(outcome.exitCode == 0)
                let lines = outcome.text.split(separator: "\n").dropFirst()
                found += lines.map { $0.suffix(2) }
                #expect(lines.count == (page < 2 ? 3 : page == 2 ? 2 : 0))
                guard lines.count == 3 else {
                    #expect(outcome.words.isEmpty)
                    break
                }
                let prefix = "spanwire: 3 spans; there may be more: --after "
                #expect(outcome.words.hasPrefix(prefix))
                cursor = ["--after", String(outcome.words.dropFirst(prefix.count).dropLast())]
            }
            #expect(found == expected)
        }
    }

    @Test func `a cursor is refused with another order than its own`() throws {
        let cursor = "longest-7ffffffffffffff0-0000000000000001-5b8aa5a2d2c872e8321cf37308d69df2-00000000000000200"
        let outcome = try SpanwireCommand.run([
            "query", "search", "--order", "newest", "--after", cursor, "--store", "no-such-file",
        ])
        #expect(outcome.exitCode == 2 && outcome.output.isEmpty)
        #expect(
            outcome.words
                == "spanwire: --after has a cursor of --order longest, not newest; leave --order out to go on. "
                + "(see 'spanwire query search --help')\n", "\(outcome.words)")
    }

    @Test func `JSON of a trace is a payload that decodes to the same spans`() async throws {
        try await withStore { path in
            let outcome = try SpanwireCommand.run(
                ["query", "trace", Self.traceID.hex, "--store", path, "--format", "json"])
            let document = try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
            let groups = try #require(document["resourceSpans"] as? [[String: Any]])
            let spans = groups.flatMap { $0["scopeSpans"] as? [[String: Any]] ?? [] }
                .flatMap { $0["spans"] as? [[String: Any]] ?? [] }
            #expect(groups.count == 3 && spans.count == 9)
            #expect(spans.allSatisfy { $0["traceId"] as? String == Self.traceID.hex })
        }
    }

    @Test func `a trace that is not there is one line on standard error and exit code 1`() async throws {
        try await withStore { path in
            let id = "000000000000000000000000000000ff"
            let outcome = try SpanwireCommand.run(["query", "trace", id, "--store", path])
            #expect(outcome.exitCode == 1 && outcome.output.isEmpty)
            #expect(outcome.words == "spanwire: no span of trace \(id) in \(path)\n")
        }
    }
}
