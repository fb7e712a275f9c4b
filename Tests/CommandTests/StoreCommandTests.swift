import Foundation
import SpanModel
import SpanStorage
import Testing

@testable import SpanStorageSQLite

@Suite struct StoreCommandTests {
    /// A store with forty spans, as four appends left it.
    private func withStore(_ body: (String) async throws -> Void) async throws {
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
        try await body(path)
    }

    @Test func `stats shows hours and levels, compact leaves one run, check finds nothing wrong`() async throws {
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

    @Test func `a collector that lost its log does not end in good order, though what it acknowledged is saved`()
        async throws
    {
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

    @Test(
        arguments: [
            ["store", "compact"], ["delete", "5b8aa5a2d2c872e8321cf37308d69df2", "--store"], ["store", "check"],
        ])
    func `a command that comes after a collector's log was deleted changes nothing, and nothing is lost`(
        command: [String]
    ) async throws {
        let collector = try RunningCollector()
        let port = try collector.start([])
        let address = "127.0.0.1:\(port)"
        #expect(try SpanwireCommand.run(["send", "small.pb", "--to", address]).exitCode == 0)
        // All is in the file then, and the log has what a sender without spans left: pages that the command does not read.
        #expect(try SpanwireCommand.run(["store", "compact", collector.store]).exitCode == 0)
        let empty = ["send", "--spool", collector.path("spool"), "--to", address]
        #expect(try SpanwireCommand.run(empty).exitCode == 0)
        try FileManager.default.removeItem(atPath: collector.store + "-wal")
        let outcome = try SpanwireCommand.run(command + [collector.store])
        #expect(outcome.exitCode == 1, "\(outcome.words)")
        #expect(outcome.words.contains("end every process that has \(collector.store) open"), "\(outcome.words)")
        #expect(collector.stop() == 1)
        #expect(collector.words.contains("what was acknowledged is in \(collector.store);"), "\(collector.words)")
        #expect(try SpanwireCommand.run(["store", "check", collector.store]).exitCode == 0)
        #expect(try await spans(collector.store) == 10)
    }

    /// How many spans somebody finds who comes now.
    private func spans(_ path: String) async throws -> Int {
        let reader = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        let count = try await reader.search(SpanQuery(limit: 1_000)).count
        await reader.close()
        return count
    }

    @Test(arguments: [1, 2])
    func `delete says which traces it deleted and ends with exit 1 where the log was lost meanwhile`(traces: Int)
        async throws
    {
        try await withStore { path in
            // Whoever writes to a pipe that is full waits: after the first trace the command does, and its store is open.
            let words = Pipe()
            let writer = words.fileHandleForWriting.fileDescriptor
            try #require(fcntl(writer, F_SETFL, O_NONBLOCK) == 0)
            let byte: [UInt8] = [UInt8(ascii: ".")]
            // Proof: one byte is there.
            while unsafe write(writer, byte, 1) == 1 {}
            try #require(errno == EAGAIN && fcntl(writer, F_SETFL, 0) == 0)
            let process = Process()
            process.executableURL = SpanwireCommand.binary
            process.arguments =
                ["delete"] + (1...traces).map { TraceID(high: 1, low: UInt64($0)).hex } + ["--store", path]
            process.standardError = words
            try process.run()
            let first = TraceID(high: 1, low: 1)
            try await Self.wait(process) {
                let reader = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
                let isGone = try await reader.trace(first).isEmpty
                await reader.close()
                return isGone
            }
            try FileManager.default.removeItem(atPath: path + "-wal")
            try? words.fileHandleForWriting.close()
            let text = String(decoding: words.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 1, "\(text.drop { $0 == "." })")
            #expect(text.contains("trace \(first.hex): 4 spans deleted\n"))
            #expect(!text.contains(TraceID(high: 1, low: 2).hex))
            #expect(
                text.contains("\(path)-wal, without which \(path) is not whole, was deleted or replaced while open"))
            // What was told as deleted is.
            #expect(try await spans(path) == 36)
        }
    }

    @Test func `compact ends with exit 1 where the log was lost meanwhile, and loses nothing`() async throws {
        try await withStore { path in
            // The log is not emptied while somebody reads what was there before.
            let reader = try await HeldReader(path)
            let process = Process()
            process.executableURL = SpanwireCommand.binary
            process.arguments = ["store", "compact", path]
            let words = Pipe()
            process.standardError = words
            try process.run()
            try await Self.wait(process) {
                let store = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
                let total = try await store.statistics().total
                await store.close()
                return total.runs == 1
            }
            try FileManager.default.removeItem(atPath: path + "-wal")
            reader.leave()
            let text = String(decoding: words.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 1, "\(text)")
            #expect(
                text.contains("\(path)-wal, without which \(path) is not whole, was deleted or replaced while open"))
            #expect(try await spans(path) == 40)
        }
    }

    /// Another process has no other way to tell.
    private static func wait(_ process: Process, until isReached: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while try await !isReached() {
            try #require(process.isRunning, "it ended before")
            try #require(ContinuousClock.now < deadline, "not within a minute")
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test func `a byte that changed in a block is told, and reading it fails`() async throws {
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

    @Test func `a file that is not there is not made, and a command is needed`() throws {
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

    @Test(.enabled(if: canRunPython))
    func `the reader in Python finds what query search finds, as appended and as merged`() async throws {
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

/// Somebody who reads one view of a store until it leaves.
private final class HeldReader {
    private let connection: Connection

    init(_ path: String) async throws {
        connection = try Connection(path: path, mode: .readOnly)
        try connection.execute("BEGIN")
        _ = try connection.integer("SELECT count(*) FROM run")
    }

    func leave() { connection.close() }
}
