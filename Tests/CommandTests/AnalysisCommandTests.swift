import Foundation
import ProtoWire
import SpanModel
import SpanStorage
import SpanStorageSQLite
import Testing

@Suite struct AnalysisCommandTests {
    private static let start: UInt64 = 1_785_585_600_000_000_000
    /// By how much the clock of `orders` is ahead.
    private static let aheadMicros: UInt64 = 12_000

    private static func id(_ number: UInt64) -> TraceID { TraceID(high: 0x5B8A_A5A2_D2C8_72E8, low: number) }

    /// A span with its times in microseconds from the start of its trace.
    private struct Line {
        var id: UInt64
        var parent: UInt64
        var name: String
        var kind: SpanKind
        var from: UInt64
        var to: UInt64?
        var attributes: [Attribute] = []
        var error: String?
    }

    private static func reports(
        _ trace: UInt64, _ service: String, host: String, minute: UInt64, aheadMicros: UInt64 = 0, _ lines: [Line]
    ) -> ResourceSpans {
        let spans = lines.map { line in
            let begin = start + minute * 60_000_000_000 + aheadMicros * 1000
            var span = SpanRecord(
                traceID: id(trace), spanID: SpanID(line.id), parentSpanID: SpanID(line.parent), name: line.name,
                kind: line.kind, startTimeUnixNano: begin + line.from * 1000,
                endTimeUnixNano: line.to.map { begin + $0 * 1000 } ?? 0, attributes: line.attributes)
            if let error = line.error {
                span.status = SpanStatus(.error, message: error)
                span.events = [
                    SpanEvent(
                        timeUnixNano: span.endTimeUnixNano, name: "exception",
                        attributes: [Attribute("exception.type", "TimeoutError")])
                ]
            }
            return span
        }
        let attributes = [
            Attribute("service.name", .string(service)), Attribute("host.name", .string(host)),
            Attribute("service.instance.id", .string(host)),
        ]
        return ResourceSpans(
            resource: Resource(attributes: attributes), scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
    }

    /// One checkout: a page that calls a service whose clock is ahead, which asks a database, a bank that reports nothing,
    /// and a queue from which a mail goes out later.
    private static func checkout(
        _ trace: UInt64, minute: UInt64, selects: Int = 1, selectMicros: UInt64 = 18_000, error: String? = nil
    ) -> SpanBatch {
        let database = [Attribute("db.system.name", "postgresql"), Attribute("db.namespace", "orders")]
        let kafka = [Attribute("messaging.system", "kafka"), Attribute("messaging.destination.name", "orders")]
        var at: UInt64 = 12_000
        var orders: [Line] = []
        for number in 0..<UInt64(selects) {
            orders.append(
                Line(
                    id: 0x30 + number, parent: 0x20, name: "SELECT orders", kind: .client, from: at,
                    to: at + selectMicros, attributes: database))
            at += selectMicros + 1_000
        }
        orders += [
            Line(
                id: 0x40, parent: 0x20, name: "charge", kind: .client, from: at, to: at + 45_000,
                attributes: [Attribute("peer.service", "bank")], error: error),
            Line(
                id: 0x50, parent: 0x20, name: "order placed", kind: .producer, from: at + 46_000, to: at + 46_500,
                attributes: kafka),
            Line(
                id: 0x20, parent: 0x11, name: "POST /orders", kind: .server, from: 10_000, to: at + 50_000,
                attributes: [Attribute("http.response.status_code", error == nil ? 200 : 500)], error: error),
        ]
        let web = [
            Line(
                id: 0x10, parent: 0, name: "GET /checkout", kind: .server, from: 0, to: at + 65_000,
                attributes: [Attribute("http.route", "/checkout")]),
            Line(id: 0x11, parent: 0x10, name: "POST /orders", kind: .client, from: 5_000, to: at + 55_000),
        ]
        let mail = [
            Line(
                id: 0x60, parent: 0x50, name: "send mail", kind: .consumer, from: at + 90_000, to: at + 150_000,
                attributes: kafka)
        ]
        return SpanBatch(resourceSpans: [
            reports(trace, "web", host: "web-1", minute: minute, web),
            reports(trace, "orders", host: "orders-1", minute: minute, aheadMicros: aheadMicros, orders),
            reports(trace, "mail", host: "mail-1", minute: minute, mail),
        ])
    }

    private static func running(_ trace: UInt64, _ host: String) -> SpanBatch {
        SpanBatch(resourceSpans: [
            reports(
                trace, "batch", host: host, minute: trace,
                [Line(id: 1, parent: 0, name: "nightly", kind: .internal, from: 0, to: nil)])
        ])
    }

    /// Five checkouts, the last two slow and failed, reported twice each; and three spans that never ended.
    private func withStore(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("spans.db").path
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        let batches = [
            Self.checkout(1, minute: 0), Self.checkout(2, minute: 1, selectMicros: 21_000), Self.checkout(3, minute: 6),
            Self.checkout(4, minute: 7, selects: 2, selectMicros: 240_000, error: "timeout after 300 ms for \"card\""),
            Self.checkout(5, minute: 8, error: "timeout after 250 ms for \"bank\""),
        ]
        for batch in batches + batches { try await store.append([IncomingBatch(reports: batch)]) }
        // Of a collector that goes on for as long as the commands need.
        let now = UInt64(Date().timeIntervalSince1970) * 1_000_000_000
        let lease = CollectorLease(collector: .random(), renewedAtUnixNano: now, lengthNano: 3_600_000_000_000)
        for (number, presence) in [SenderPresence.connected, .gone, .saidGoodbye].enumerated() {
            let sender = SenderID(high: 1, low: UInt64(number + 1))
            try await store.append([
                IncomingBatch(
                    sender: sender, sequence: 1, reports: Self.running(UInt64(number + 20), "batch-\(number)"))
            ])
            try await store.note(
                [SenderChange(sender: sender, presence: presence, atUnixNano: Self.start)], by: lease)
        }
        do { try await body(path) } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    @Test func `each analysis as a table and as JSON, while another process writes the store`() async throws {
        let range = ["--since", "2026-08-01T12:00:00Z", "--until", "2026-08-01T12:10:00Z"]
        let cases: [(name: String, arguments: [String])] = [
            ("operations", ["operations"] + range), ("attributes", ["attributes", "--service", "orders"]),
            ("values", ["values", "attr.http.response.status_code"]),
            ("values-resource", ["values", "resource.host.name", "kind=client"]),
            ("dependencies", ["dependencies"] + range), ("latency", ["latency", "kind=server"] + range),
            ("latency-step", ["latency", "--service", "orders", "name=charge", "--step", "5m"]),
            ("errors", ["errors"]), ("slow", ["slow", "--limit", "5"]),
            ("slow-operations", ["slow", "--operations", "--by", "self-time"] + range),
            ("critical-path", ["critical-path", Self.id(4).hex]),
            ("compare", ["compare", Self.id(1).hex, Self.id(4).hex]), ("trace-skew", ["trace", Self.id(1).hex]),
        ]
        try await withStore { path in
            for (name, arguments) in cases {
                for (format, ending) in [("table", "txt"), ("json", "json")] {
                    let outcome = try SpanwireCommand.run(
                        ["query"] + arguments + ["--store", path, "--format", format])
                    #expect(outcome.exitCode == 0 && outcome.words.isEmpty, "\(arguments): \(outcome.words)")
                    if ending == "json" { _ = try JSONSerialization.jsonObject(with: outcome.output) }
                    try SpanwireCommand.expectGolden(outcome.text, "query-\(name).\(ending)")
                }
            }
        }
    }

    @Test func `spans without an end are running, abandoned or left open`() async throws {
        try await withStore { path in
            let table = try SpanwireCommand.run(["query", "running", "--store", path])
            #expect(table.exitCode == 0)
            #expect(table.words == "spanwire: 1 running, 1 abandoned, 1 left open\n")
            let states = table.text.split(separator: "\n").dropFirst().map { $0.prefix(10) }
            #expect(states == ["running   ", "abandoned ", "left open "])
            let json = try SpanwireCommand.run(["query", "running", "--store", path, "--format", "json"])
            try SpanwireCommand.expectGolden(json.text, "query-running.json")
        }
    }

    @Test func `times as they were reported, where that is asked for`() async throws {
        try await withStore { path in
            let outcome = try SpanwireCommand.run(["query", "trace", Self.id(1).hex, "--no-skew", "--store", path])
            #expect(outcome.text.contains("clock of orders-1 (orders) is about 12ms ahead, give or take 5ms\n"))
            #expect(outcome.text.contains("+22ms") && !outcome.text.contains("corrected"))
        }
    }

    @Test func `an export is OTLP that decode reads, each span once, and that another store takes for the same`()
        async throws
    {
        try await withStore { path in
            let binary = try SpanwireCommand.run(["query", "export", "kind!=internal", "--store", path])
            #expect(binary.exitCode == 0 && binary.words == "spanwire: 36 spans\n")
            let batch = try SpanBatch(decoding: Array(binary.output))
            #expect(batch.spanCount == 36)
            let decoded = try SpanwireCommand.run(["decode", "-"], input: binary.output)
            #expect(decoded.exitCode == 0 && decoded.text.contains("SELECT orders"))
            let json = try SpanwireCommand.run(
                ["query", "export", "kind!=internal", "--format", "json", "--store", path])
            let copy = InMemorySpanStore()
            for line in json.text.split(separator: "\n") {
                try await copy.append([IncomingBatch(reports: try SpanBatch(json: String(line)))])
            }
            let original = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
            let query = SpanQuery(filter: try SpanFilter(parsing: "kind!=internal", nowUnixNano: 0), limit: 100)
            #expect(try await copy.search(query) == original.search(query))
            await original.close()
            let nothing = try SpanwireCommand.run(["query", "export", "not ()", "--store", path])
            #expect(nothing.exitCode == 0 && nothing.output.isEmpty && nothing.words == "spanwire: 0 spans\n")
        }
    }

    @Test func `a deleted trace is gone, also for the process that writes the store`() async throws {
        try await withStore { path in
            let outcome = try SpanwireCommand.run(["delete", Self.id(1).hex, Self.id(99).hex, "--store", path])
            #expect(outcome.exitCode == 0)
            #expect(
                outcome.words == """
                    spanwire: trace \(Self.id(1).hex): 7 spans deleted
                    spanwire: trace \(Self.id(99).hex): 0 spans deleted

                    """)
            let writer = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
            let late = try await writer.append([IncomingBatch(reports: Self.checkout(1, minute: 0))])
            #expect(late.deletedReports == 7)
            await writer.close()
            #expect(try SpanwireCommand.run(["query", "trace", Self.id(1).hex, "--store", path]).exitCode == 1)
        }
        let missing = try SpanwireCommand.run(["delete", Self.id(1).hex, "--store", "no-such-file"])
        #expect(missing.exitCode == 1 && missing.words.contains("no-such-file"))
        #expect(!FileManager.default.fileExists(atPath: SpanwireCommand.corpus.path + "/no-such-file"))
    }

    @Test func `a collector that is told how long to keep spans removes older ones, and refuses what makes no sense`()
        async throws
    {
        let collector = try RunningCollector()
        let store = try await SQLiteSpanStore.open(path: collector.path("store.db"), mode: .readWrite)
        try await store.append([IncomingBatch(reports: Self.checkout(1, minute: 0))])
        await store.close()
        let port = try collector.start(["--keep", "1h", "--keep-bytes", "1G"])
        #expect(port > 0)
        try collector.wait(for: "removed what is not to be kept")
        #expect(collector.words.contains("spans=7"))
        #expect(collector.stop() == 0)
        for wrong in [["--keep", "0s"], ["--keep-bytes", "1K"], ["--discard", "--keep", "1h"]] {
            let arguments = ["collect"] + (wrong.contains("--discard") ? [] : ["--store", "x"]) + wrong
            #expect(try SpanwireCommand.run(arguments).exitCode == 2)
        }
    }

    @Test(
        arguments: [
            ["query", "latency", "--step", "0s"], ["query", "latency", "durations>1"],
            ["query", "slow", "--limit", "0"],
            ["query", "compare", "5b8aa5a2d2c872e8321cf37308d69df2"], ["query", "critical-path", "xyz"],
            ["query", "errors", "--since", "yesterday"], ["delete", "0"], ["query", "values"],
        ])
    func `a wrong command line is one line and exit code 2`(arguments: [String]) throws {
        let outcome = try SpanwireCommand.run(arguments + ["--store", "no-such-file"])
        #expect(outcome.exitCode == 2 && outcome.output.isEmpty && outcome.words.hasPrefix("spanwire: "))
    }
}
