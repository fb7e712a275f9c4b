import Foundation
import ProtoWire
import SpanCollector
import SpanMerge
import SpanModel
import SpanSession
import SpanStorage
import SpanTransport
import Synchronization
import Testing

/// A real process with a spool, killed with SIGKILL while the collector is away, and while it is there.
@Suite(.timeLimit(.minutes(5))) struct SpoolKillTests {
    /// Stands in the folder that the tests were built into.
    static let binary: URL = {
        var folder = URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent("spool-peer")
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
            folder.deleteLastPathComponent()
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return root.appendingPathComponent("../../.build/debug/spool-peer").standardizedFileURL
    }()

    /// Runs the service until it has said so many numbers, then kills it; or to its own end with a count.
    ///
    /// - Returns: the numbers that it said, and with which code it ended.
    static func run(
        port: Int, trace: UInt64, from first: UInt64, count: UInt64 = 0, killAfter lines: Int = .max, in folder: String
    ) throws -> (numbers: [UInt64], exitCode: Int32) {
        let process = Process()
        process.executableURL = binary
        process.arguments = ["\(port)", "\(trace)", "\(first)", "\(count)", folder]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var text = Data()
        var hasKilled = false
        while true {
            let piece = output.fileHandleForReading.availableData
            if piece.isEmpty { break }
            text += piece
            if !hasKilled, text.count(where: { $0 == 10 }) >= lines {
                hasKilled = true
                kill(process.processIdentifier, SIGKILL)
            }
        }
        process.waitUntilExit()
        let words = String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        return (words.dropLast().compactMap { UInt64($0) }, process.terminationStatus)
    }

    /// The same on a thread of its own: the collector of the test needs the few that tasks have.
    static func life(
        port: Int, trace: UInt64, from first: UInt64, count: UInt64 = 0, killAfter lines: Int = .max, in folder: String
    ) async throws -> (numbers: [UInt64], exitCode: Int32) {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try run(
                            port: port, trace: trace, from: first, count: count, killAfter: lines, in: folder)
                    })
            }
        }
    }

    @Test func `each span whose report had returned is stored once, though the service is killed again and again`()
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = InMemorySpanStore()
        let trace = UInt64.random(in: 1...UInt64(Int64.max))
        var said: [UInt64] = []
        var next: UInt64 = 1
        // Nobody listens: port 1 of the loopback interface.
        for _ in 0..<3 {
            let life = try await Self.life(port: 1, trace: trace, from: next, killAfter: 700, in: folder)
            #expect(life.exitCode == SIGKILL && life.numbers.count >= 700)
            said += life.numbers
            next += 100_000
        }
        let small = ServerSettings(creditBytes: 20_000)
        try await CollectorLoopbackTests.withCollector(store: store, settings: small) { [said, next] port in
            var (said, next) = (said, next)
            // While it sends what is there, with batches on their way.
            for _ in 0..<5 {
                let life = try await Self.life(port: port, trace: trace, from: next, killAfter: 300, in: folder)
                #expect(life.exitCode == SIGKILL)
                said += life.numbers
                next += 100_000
            }
            let last = try await Self.life(port: port, trace: trace, from: next, count: 10, in: folder)
            #expect(last.exitCode == 0 && last.numbers.count == 10)
            said += last.numbers
            let spans = try await store.trace(TraceID(high: 1, low: trace))
            let stored = Set(spans.map(\.span.spanID.value))
            #expect(Set(said).subtracting(stored).isEmpty, "lost")
            #expect(stored.count == spans.count)
            // A span may be in the spool though the word that it was reported was not said any more.
            #expect(stored.subtracting(said).count <= 8)
            // Every report came once: not one had to be merged. And all lives were one sender.
            let senders = try await store.senders(nowUnixNano: 0)
            #expect(senders.map(\.storedReports) == [UInt64(spans.count)])
            #expect(senders.first?.dropped == [])
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(left == ["ledger.0", "ledger.1", "lock"])
    }
}
