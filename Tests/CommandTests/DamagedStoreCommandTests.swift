import Foundation
import SpanModel
import SpanStorage
import Testing

@testable import SpanStorageSQLite

/// What commands say of files that are no stores, that are damaged, or that may not be written.
@Suite struct DamagedStoreCommandTests {
    /// Everybody may enter it, as a user without privileges has to.
    private let folder = URL(fileURLWithPath: "/tmp/spanwire-damaged-\(UInt32.random(in: 0 ... .max))")

    private func withFolder(_ body: () async throws -> Void) async throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body()
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private func makeStore() async throws -> String {
        let path = path("spans.db")
        let store = try await SQLiteSpanStore.open(
            path: path, mode: .readWrite, options: SQLiteSpanStore.Options(compactsInBackground: false))
        let start = UInt64(Date().timeIntervalSince1970) * 1_000_000_000
        for trace in UInt64(1)...3 {
            let spans = (UInt64(1)...4).map { id in
                SpanRecord(
                    traceID: TraceID(high: 1, low: trace), spanID: SpanID(id), name: "work",
                    startTimeUnixNano: start, endTimeUnixNano: start + id)
            }
            let reports = ResourceSpans(
                resource: Resource(attributes: [Attribute("service.name", "shop")]),
                scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
            try await store.append([
                IncomingBatch(reports: SpanBatch(resourceSpans: [reports]), receivedAtUnixNano: start)
            ])
        }
        await store.close()
        return path
    }

    private func execute(_ sql: String, _ path: String) throws {
        let connection = try Connection(path: path, mode: .readWrite)
        try connection.execute(sql)
        connection.close()
    }

    @Test func `a FIFO, a device and a folder in the place of a store are told at once`() async throws {
        try await withFolder {
            let fifo = path("fifo")
            #expect(try Self.run(["mkfifo", fifo]).exitCode == 0)
            for (place, words) in [(fifo, "is a FIFO"), ("/dev/null", "is a device"), (folder.path, "is a folder")] {
                for command in [
                    ["store", "check", place], ["store", "stats", place], ["store", "compact", place],
                    ["query", "search", "--store", place], ["query", "services", "--store", place],
                    ["delete", "5b8aa5a2d2c872e8321cf37308d69df2", "--store", place],
                    ["collect", "--store", place, "--listen", "127.0.0.1:0"],
                ] {
                    let outcome = try SpanwireCommand.run(command)
                    #expect(outcome.exitCode == 1, "\(command)")
                    #expect(outcome.words.contains("\(place) \(words)"), "\(command): \(outcome.words)")
                }
            }
        }
    }

    @Test func `what is in the place of a store's log, and a file that is none, are told with what to do`() async throws
    {
        try await withFolder {
            let store = try await makeStore()
            try? FileManager.default.removeItem(atPath: store + "-wal")
            #expect(try Self.run(["mkfifo", store + "-wal"]).exitCode == 0)
            let delete = ["delete", "5b8aa5a2d2c872e8321cf37308d69df2", "--store"]
            for command in [["query", "services", "--store", store], delete + [store], ["store", "compact", store]] {
                let outcome = try SpanwireCommand.run(command)
                #expect(outcome.exitCode == 1)
                #expect(
                    outcome.words
                        == "spanwire: \(store)-wal is a FIFO, where the store \(store) has a file; remove or move it\n")
            }
            let empty = path("empty")
            _ = FileManager.default.createFile(atPath: empty, contents: nil)
            let outcome = try SpanwireCommand.run(delete + [empty])
            #expect(outcome.words == "spanwire: \(empty) is empty, no store; check the path\n")
            #expect(try Data(contentsOf: URL(fileURLWithPath: empty)).isEmpty)
        }
    }

    @Test func `a run's row that contradicts itself is told by each command, and a collector goes on storing`()
        async throws
    {
        try await withFolder {
            let store = try await makeStore()
            try execute("UPDATE run SET spans = -1, min_start = max_start + 1 WHERE id = 2", store)
            for command in [
                ["query", "search", "--store", store], ["query", "services", "--store", store],
                ["query", "dependencies", "--store", store], ["store", "check", store], ["store", "stats", store],
                ["store", "compact", store],
            ] {
                let outcome = try SpanwireCommand.run(command)
                #expect(outcome.exitCode == 1, "\(command)")
                #expect(
                    (outcome.text + outcome.words).contains("row 2 of table run: spans is out of range"), "\(outcome)")
            }
            let collector = try RunningCollector()
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: store + suffix) {
                try FileManager.default.copyItem(atPath: store + suffix, toPath: collector.path("store.db" + suffix))
            }
            let port = try collector.start(["--keep", "1h", "--keep-bytes", "1M"])
            try collector.wait(for: "cannot remove what is not to be kept")
            let span =
                #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8aa5a2d2c872e8321cf37308d69df2","spanId":"5fb397be34d26b51","name":"late","startTimeUnixNano":"1785585600000000000","endTimeUnixNano":"1785585600000000001"}]}]}]}"#
            let sent = try SpanwireCommand.run(
                ["send", "-", "--to", "127.0.0.1:\(port)"], input: Data(span.utf8))
            #expect(sent.exitCode == 0, "\(sent.words)")
            #expect(collector.stop() == 0, "\(collector.words)")
            #expect(collector.words.contains("row 2 of table run: spans is out of range"))
        }
    }

    /// Whether commands can be run as a user without privileges; who has none needs nothing for that.
    private static let dropsPrivileges: [String]? = {
        if getuid() != 0 { return [] }
        let setpriv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        return (try? run(setpriv + ["true"]))?.exitCode == 0 ? setpriv : nil
    }()

    private static func run(_ command: [String]) throws -> (exitCode: Int32, words: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", "60"] + command
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        let words = Pipe()
        process.standardOutput = FileHandle.nullDevice
        process.standardError = words
        try process.run()
        let text = String(decoding: words.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    private func expectRefusals(
        _ store: String, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        // Where others cannot reach what was built, a copy does.
        let binary = path("spanwire")
        if !FileManager.default.fileExists(atPath: binary) {
            try FileManager.default.copyItem(atPath: SpanwireCommand.binary.path, toPath: binary)
        }
        for command in [
            ["collect", "--store", store, "--listen", "127.0.0.1:0", "--keep", "1h"], ["store", "compact", store],
            ["delete", "5b8aa5a2d2c872e8321cf37308d69df2", "--store", store],
        ] {
            let outcome = try Self.run((Self.dropsPrivileges ?? []) + [binary] + command)
            #expect(outcome.exitCode == 1, "\(command): \(outcome.words)", sourceLocation: sourceLocation)
            #expect(outcome.words.contains(words), "\(outcome.words)", sourceLocation: sourceLocation)
        }
    }

    private func chmod(_ mode: Int, _ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test(.enabled(if: dropsPrivileges != nil))
    func `a store that can never be written is told at the start`() async throws {
        try await withFolder {
            let store = try await makeStore()
            // With privileges given up, what belongs to others may be read and no more.
            try chmod(0o777, folder.path)
            func removeLog() {
                for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: store + suffix) }
            }
            removeLog()
            try chmod(0o444, store)
            try expectRefusals(store, "\(store) may not be written")
            try chmod(0o666, store)
            removeLog()
            // A log that others own, which root alone can make.
            if getuid() == 0 {
                _ = FileManager.default.createFile(
                    atPath: store + "-wal", contents: nil, attributes: [.posixPermissions: 0o444])
                try expectRefusals(store, "\(store)-wal may not be written")
                try chmod(0o400, store + "-wal")
                try expectRefusals(store, "\(store)-wal may not be written")
                removeLog()
                _ = FileManager.default.createFile(
                    atPath: store + "-shm", contents: nil, attributes: [.posixPermissions: 0o444])
                try expectRefusals(store, "\(store)-shm may not be written")
                removeLog()
            }
            // A folder in which no log can be made.
            try chmod(0o555, folder.path)
            defer { try? chmod(0o755, folder.path) }
            try expectRefusals(store, "its folder")
            let send = try Self.run(
                (Self.dropsPrivileges ?? []) + [path("spanwire"), "send", "--spool", path("spool"), "--timeout", "1"])
            #expect(send.exitCode == 1)
            #expect(send.words.contains("cannot make the directory"))
            let port = try Self.run(
                (Self.dropsPrivileges ?? []) + [
                    path("spanwire"), "collect", "--discard", "--listen", "127.0.0.1:0", "--port-file", path("port"),
                ])
            #expect(port.exitCode == 1)
            #expect(port.words.contains("cannot write the port file \(path("port"))"))
            let socket = try Self.run(
                (Self.dropsPrivileges ?? []) + [
                    path("spanwire"), "collect", "--discard", "--listen", "unix:\(path("socket"))",
                ])
            #expect(socket.exitCode == 1)
            #expect(socket.words.contains("cannot be listened on"))
        }
    }

    @Test(.enabled(if: dropsPrivileges != nil))
    func `a spool that exists and may not be written is told at the start`() async throws {
        try await withFolder {
            try chmod(0o777, folder.path)
            let (binary, spool) = (path("spanwire"), path("spool"))
            try FileManager.default.copyItem(atPath: SpanwireCommand.binary.path, toPath: binary)
            let send =
                (Self.dropsPrivileges ?? []) + [
                    binary, "send", "--spool", spool, "--timeout", "1", "--to", "127.0.0.1:1",
                ]
            #expect(try Self.run(send).exitCode == 0)
            try chmod(0o555, spool)
            defer { try? chmod(0o755, spool) }
            let outcome = try Self.run(send)
            #expect(outcome.exitCode == 1)
            #expect(outcome.words.contains("cannot write in the spool \(spool)"), "\(outcome.words)")
        }
    }
}
