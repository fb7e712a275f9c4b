import Foundation
import Testing

/// `collect --port-file`: what is written where, and what is refused before anybody is told that the collector listens.
@Suite(.timeLimit(.minutes(5))) struct PortFileTests {
    /// Runs a collector that stores nothing until something is reached, and ends it in order.
    private func run(
        _ portFile: String, signal: Int32 = SIGTERM, until isReached: (_ words: String) -> Bool = { _ in false }
    ) throws -> SpanwireCommand.Outcome {
        try SpanwireCommand.runUntil(
            ["collect", "--discard", "--listen", "127.0.0.1:0", "--port-file", portFile], signal: signal,
            isReached: isReached)
    }

    /// The port that the collector itself says it took.
    private func port(in words: String) -> String? {
        words.components(separatedBy: "127.0.0.1:").dropFirst().first.map { String($0.prefix(while: \.isNumber)) }
    }

    private func withFolder(_ body: (_ path: (String) -> String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("spanwire-port-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body { folder.appendingPathComponent($0).path }
    }

    private func read(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

    @Test func `what cannot be written is told before the collector listens, and it makes no store`() throws {
        try withFolder { path in
            try FileManager.default.createDirectory(atPath: path("folder"), withIntermediateDirectories: true)
            try "".write(toFile: path("file"), atomically: true, encoding: .utf8)
            try FileManager.default.createSymbolicLink(atPath: path("loop"), withDestinationPath: "loop")
            for (place, words) in [
                (path("no/such"), "No such file or directory"), (path("folder"), "it is a folder"),
                (path("file/port"), "Not a directory"), (path("loop"), "Too many levels of symbolic links"),
                ("", "the port file needs a path"),
            ] {
                let outcome = try SpanwireCommand.run([
                    "collect", "--store", path("store.db"), "--listen", "127.0.0.1:0", "--port-file", place,
                ])
                #expect(outcome.exitCode == 1 && outcome.words.contains(words), "\(place): \(outcome.words)")
                #expect(outcome.words.split(separator: "\n").count == 1, "\(outcome.words)")
                #expect(!FileManager.default.fileExists(atPath: path("store.db")), "\(place)")
            }
        }
    }

    @Test func `a file is replaced whole, also behind symbolic links, which stay, and nothing is left beside it`()
        throws
    {
        try withFolder { path in
            let manager = FileManager.default
            try "of before\n".write(toFile: path("port"), atomically: true, encoding: .utf8)
            try manager.createSymbolicLink(atPath: path("first"), withDestinationPath: path("second"))
            try manager.createSymbolicLink(atPath: path("second"), withDestinationPath: "port")
            // Somebody's own file beside it.
            try "mine\n".write(toFile: path("port.new"), atomically: true, encoding: .utf8)
            for name in ["port", "first"] {
                let outcome = try run(path(name)) { _ in Int(read(path("port")).dropLast()).map { $0 > 0 } ?? false }
                #expect(outcome.exitCode == 0, "\(outcome.words)")
                #expect(read(path("port")) == "\(try #require(port(in: outcome.words)))\n")
                try "of before\n".write(toFile: path("port"), atomically: true, encoding: .utf8)
            }
            #expect(try manager.destinationOfSymbolicLink(atPath: path("first")) == path("second"))
            #expect(read(path("port.new")) == "mine\n")
            let left = try manager.contentsOfDirectory(atPath: path("")).sorted()
            #expect(left == ["first", "port", "port.new", "second"])
        }
    }

    @Test func `a FIFO stays one, and whoever reads it gets the port and then the end`() throws {
        try withFolder { path in
            let fifo = path("fifo")
            try #require(unsafe mkfifo(fifo, 0o600) == 0)
            let reader = unsafe open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            try #require(reader >= 0)
            defer { close(reader) }
            var text = ""
            let outcome = try run(fifo) { _ in
                var bytes = [UInt8](repeating: 0, count: 64)
                // Proof: the array has as many bytes as are asked for.
                let count = unsafe Foundation.read(reader, &bytes, bytes.count)
                if count > 0 { text += String(decoding: bytes.prefix(count), as: UTF8.self) }
                // The end, and not that nothing has come yet, which is EAGAIN while the collector has it open.
                return count == 0 && text.hasSuffix("\n")
            }
            #expect(outcome.exitCode == 0, "\(outcome.words)")
            #expect(text == "\(try #require(port(in: outcome.words)))\n")
            let kind = try FileManager.default.attributesOfItem(atPath: fifo)[.type] as? FileAttributeType
            #expect(kind == .typeUnknown)
        }
    }

    @Test func `a collector that waits for the reader of a FIFO ends in good order when it is told to`() throws {
        try withFolder { path in
            try #require(unsafe mkfifo(path("fifo"), 0o600) == 0)
            let outcome = try run(path("fifo"), signal: SIGINT) { $0.contains("listening") }
            #expect(outcome.exitCode == 0 && outcome.words.contains("ended in good order"), "\(outcome.words)")
        }
    }

    @Test func `standard output and devices are written into`() throws {
        let outcome = try run("/dev/null") { $0.contains("listening") }
        #expect(outcome.exitCode == 0, "\(outcome.words)")
        let full = try SpanwireCommand.run([
            "collect", "--discard", "--listen", "127.0.0.1:0", "--port-file", "/dev/full",
        ])
        #expect(full.exitCode == 1, "\(full.words)")
        #expect(full.words.contains("cannot write the port file /dev/full: No space left on device"), "\(full.words)")
    }
}
