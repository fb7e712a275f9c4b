import Foundation
import SpanModel
import SpanStorage
import SpanStorageSQLite
import Testing

@Suite struct StoreCommandTests {
    /// A store with forty spans, as four appends left it.
    private func withStore(_ body: (String) throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("spans.db").path
        let store = try await SQLiteSpanStore.open(
            path: path, mode: .readWrite, options: SQLiteSpanStore.Options(compactsInBackground: false))
        for round in UInt64(0)..<4 {
            let start = 1_785_585_600_000_000_000 + round * 1_000_000
            let spans = (UInt64(1)...10).map { number in
                SpanRecord(
                    traceID: TraceID(high: 1, low: number), spanID: SpanID(round + 1), name: "work \(number)",
                    kind: .server, startTimeUnixNano: start + number, endTimeUnixNano: start + 5000,
                    attributes: [Attribute("round", .int(Int64(round))), Attribute("who", "é \u{1F9F5}")])
            }
            let resource = Resource(attributes: [Attribute("service.name", .string("service-\(round % 2)"))])
            let reports = ResourceSpans(resource: resource, scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
            try await store.append([
                IncomingBatch(reports: SpanBatch(resourceSpans: [reports]), receivedAtUnixNano: start + 9000)
            ])
        }
        await store.close()
        try body(path)
    }

    @Test("stats shows hours and levels, compact leaves one run, check finds nothing wrong")
    func upkeep() async throws {
        try await withStore { path in
            let before = try SpanwireCommand.run(["store", "stats", path])
            #expect(before.exitCode == 0)
            #expect(before.text.contains("; 40 spans, "))
            #expect(before.text.contains("2026-08-01T12:00:00"))
            #expect(try SpanwireCommand.run(["store", "compact", path]).exitCode == 0)
            let after = try SpanwireCommand.run(["store", "stats", path, "--format", "json"])
            let object = try #require(try JSONSerialization.jsonObject(with: after.output) as? [String: Any])
            #expect(object["runs"] as? Int == 1)
            #expect(object["spans"] as? Int == 40)
            #expect(object["storedReports"] as? String == "40")
            let partitions = try #require(object["partitions"] as? [[String: Any]])
            #expect((partitions.first?["levels"] as? [[String: Any]])?.first?["blocks"] as? Int == 1)
            let check = try SpanwireCommand.run(["store", "check", path])
            #expect(check.exitCode == 0)
            #expect(check.text == "1 run, 1 block, 40 reports read\n")
        }
    }

    @Test("a collector that lost its log does not end in good order, though what it acknowledged is saved")
    func lostLog() async throws {
        let collector = try RunningCollector()
        let port = try collector.start([])
        let bench = try SpanwireCommand.run(["bench", "--total", "50", "--warm-up", "0", "--to", "127.0.0.1:\(port)"])
        try #require(bench.exitCode == 0, "\(bench.words)")
        let stored = try SpanwireCommand.run(["query", "search", "--store", collector.store, "--limit", "1000"]).text
        for suffix in ["-wal", "-shm"] { try FileManager.default.removeItem(atPath: collector.store + suffix) }
        // A reader that comes and goes.
        _ = try SpanwireCommand.run(["query", "services", "--store", collector.store])
        #expect(collector.stop() == 1)
        #expect(!collector.words.contains("ended in good order"), "\(collector.words)")
        #expect(collector.words.contains("what was acknowledged is in \(collector.store);"), "\(collector.words)")
        let found = try SpanwireCommand.run(["query", "search", "--store", collector.store, "--limit", "1000"]).text
        #expect(found == stored)
        #expect(try SpanwireCommand.run(["store", "check", collector.store]).exitCode == 0)
    }

    @Test("a byte that changed in a block is told, and reading it fails")
    func damage() async throws {
        try await withStore { path in
            #expect(try SpanwireCommand.run(["store", "compact", path]).exitCode == 0)
            let url = URL(fileURLWithPath: path)
            var bytes = try Data(contentsOf: url)
            let frame = try #require(bytes.range(of: Data([0x28, 0xB5, 0x2F, 0xFD])))
            for place in frame.upperBound + 20..<frame.upperBound + 40 { bytes[place] ^= 0xFF }
            try bytes.write(to: url)
            let check = try SpanwireCommand.run(["store", "check", path])
            #expect(check.exitCode == 1)
            #expect(check.text.contains("cannot be decompressed or its checksum differs"))
            #expect(check.words.contains("is damaged; keep a copy of it"))
            let query = try SpanwireCommand.run(["query", "search", "--store", path])
            #expect(query.exitCode == 1)
            #expect(query.words.contains("spanwire store check"))
        }
    }

    @Test("a file that is not there is not made, and a command is needed")
    func wrongUse() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        for command in ["check", "compact", "stats"] {
            let outcome = try SpanwireCommand.run(["store", command, path])
            #expect(outcome.exitCode == 1)
            #expect(outcome.words.contains("there is no file \(path)"))
            #expect(!FileManager.default.fileExists(atPath: path))
        }
        #expect(try SpanwireCommand.run(["store"]).exitCode == 2)
    }

    private static let root = SpanwireCommand.folder.deletingLastPathComponent().deletingLastPathComponent()

    /// Python with what the reader needs, and the schema compiled for it: `scripts/install.sh test`, `Interop/python/build`.
    private static let canRunPython =
        (try? run("/usr/bin/env", ["bash", "-c", "Interop/python/build && Interop/python/run spans /dev/null"]))
        .map { $0.words.contains("file is not a database") || $0.words.contains("no such table") } ?? false

    private static func run(_ program: String, _ arguments: [String]) throws -> (output: Data, words: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = root
        let (output, words) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = words
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        let text = String(decoding: words.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (bytes, text)
    }

    @Test("the reader in Python finds what query search finds, as appended and as merged", .enabled(if: canRunPython))
    func pythonReader() async throws {
        try await withStore { path in
            for round in 0..<2 {
                if round == 1 { #expect(try SpanwireCommand.run(["store", "compact", path]).exitCode == 0) }
                let read = try Self.run("/usr/bin/env", ["bash", "Interop/python/run", "spans", path])
                var found: Set<[String]> = []
                for line in String(decoding: read.output, as: UTF8.self).split(separator: "\n") {
                    let span = try #require(
                        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                    let attributes = try #require(span["attributes"] as? [String: Any])
                    found.insert([
                        span["trace"] as? String ?? "", span["span"] as? String ?? "",
                        span["service"] as? String ?? "", span["name"] as? String ?? "",
                        "\(span["start"] as? UInt64 ?? 0)", "\(span["end"] as? UInt64 ?? 0)",
                        "\(attributes["round"] as? Int ?? -1)", attributes["who"] as? String ?? "",
                    ])
                }
                let queried = try SpanwireCommand.run(
                    ["query", "search", "--store", path, "--limit", "1000", "--format", "json"])
                let expected = try Self.spans(queried.output)
                #expect(expected.count == 40)
                #expect(found == expected, "\(read.words)")
            }
        }
    }

    /// What OTLP/JSON has, in the same shape.
    private static func spans(_ json: Data) throws -> Set<[String]> {
        let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        var spans: Set<[String]> = []
        for group in object["resourceSpans"] as? [[String: Any]] ?? [] {
            let resource = group["resource"] as? [String: Any]
            let service = value(resource, "service.name")["stringValue"] as? String ?? ""
            for scope in group["scopeSpans"] as? [[String: Any]] ?? [] {
                for span in scope["spans"] as? [[String: Any]] ?? [] {
                    spans.insert([
                        span["traceId"] as? String ?? "", span["spanId"] as? String ?? "", service,
                        span["name"] as? String ?? "", span["startTimeUnixNano"] as? String ?? "",
                        span["endTimeUnixNano"] as? String ?? "", value(span, "round")["intValue"] as? String ?? "",
                        value(span, "who")["stringValue"] as? String ?? "",
                    ])
                }
            }
        }
        return spans
    }

    private static func value(_ owner: [String: Any]?, _ key: String) -> [String: Any] {
        let attributes = owner?["attributes"] as? [[String: Any]] ?? []
        return attributes.first { $0["key"] as? String == key }?["value"] as? [String: Any] ?? [:]
    }
}
