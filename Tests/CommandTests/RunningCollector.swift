import Foundation
import Testing

/// A `spanwire collect` of a test's own, in a folder of its own, which goes with it.
final class RunningCollector {
    let folder: URL
    private var process = Process()
    private var runs = 0
    private var storePath: String?

    /// Short, so that the path of a socket fits.
    ///
    /// - Parameter store: the file to write, `store.db` of its own folder unless told otherwise.
    init(store: String? = nil) throws {
        storePath = store
        folder = URL(fileURLWithPath: "/tmp/spanwire-collect-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: folder)
    }

    /// The file that it writes.
    var store: String { storePath ?? path("store.db") }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    }

    /// What it said, since its last start.
    var words: String { (try? String(contentsOfFile: path("words"), encoding: .utf8)) ?? "" }

    /// Starts it, and waits until senders can connect.
    ///
    /// - Parameter descriptors: how many it may have open, `nil` for as many as the tests.
    /// - Returns: the port of its TCP address.
    func start(
        _ arguments: [String], environment: [String: String] = [:], descriptors: Int? = nil
    ) throws -> Int {
        process = Process()
        let command = [
            SpanwireCommand.binary.path, "collect", "--store", store, "--listen", "127.0.0.1:0",
            "--port-file", path("port"),
        ]
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        let limit = descriptors.map { "ulimit -n \($0); " } ?? ""
        process.arguments = ["-c", limit + "exec \"$@\"", "sh"] + command + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        try? FileManager.default.removeItem(atPath: path("port"))
        try write("", to: "words")
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: path("words")))
        try process.run()
        var port: Int?
        try wait("it listens") {
            port = (try? String(contentsOfFile: path("port"), encoding: .utf8)).flatMap { Int($0.dropLast()) }
            return port != nil
        }
        return try #require(port)
    }

    func tell(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits until it has said so.
    func wait(for text: String) throws { try wait("it says \"\(text)\"") { words.contains(text) } }

    /// Ends it in order.
    ///
    /// - Returns: its exit code.
    func stop() -> Int32 {
        tell(SIGTERM)
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Ends it at once.
    func crash() {
        tell(SIGKILL)
        process.waitUntilExit()
    }

    /// Another process has no other way to tell.
    private func wait(_ what: String, until isReached: () -> Bool) throws {
        for _ in 0..<6000 where !isReached() {
            try #require(process.isRunning, "it ended before \(what): \(words)")
            usleep(10_000)
        }
        try #require(isReached(), "not within a minute: \(what): \(words)")
    }
}
