import Foundation
import Testing

/// `collect` and `send` as one runs them: TLS, tokens, Unix sockets, signals.
@Suite(.timeLimit(.minutes(5))) struct SecurityCommandTests {
    static let everythingIsStored = "spanwire: reported 10, stored 10, rejected 0, dropped 0, pending 0\n"

    /// A certificate that signs itself, in the collector's folder: `server.pem`, `server.key`.
    static func makeCertificate(in collector: RunningCollector) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2",
            "-subj", "/CN=collector", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout", collector.path("server.key"), "-out", collector.path("server.pem"),
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl makes no certificate")
    }

    static func send(
        to address: String, _ options: [String] = [], token: String? = nil, timeout: Int = 30
    ) throws -> SpanwireCommand.Outcome {
        try SpanwireCommand.run(
            ["send", "small.pb", "--to", address, "--timeout", "\(timeout)"] + options,
            environment: token.map { ["SPANWIRE_TOKEN": $0] } ?? [:])
    }

    @Test func `TLS and a token from the environment; without either a sender is told what it lacks`() throws {
        let collector = try RunningCollector()
        try Self.makeCertificate(in: collector)
        let port = try collector.start(
            ["--tls-certificate", collector.path("server.pem"), "--tls-key", collector.path("server.key")],
            environment: ["SPANWIRE_TOKENS": "the-old-word-of-ours the-new-word-of-ours"])
        let trust = ["--tls-ca", collector.path("server.pem")]
        for token in ["the-old-word-of-ours", "the-new-word-of-ours"] {
            let sent = try Self.send(to: "localhost:\(port)", trust, token: token)
            #expect(sent.words == Self.everythingIsStored && sent.exitCode == 0)
        }
        let wrong = try Self.send(to: "localhost:\(port)", trust, token: "the-wrong-word-of-ours")
        #expect(wrong.exitCode == 1)
        #expect(wrong.words.contains("the bearer token is not accepted"), "\(wrong.words)")
        let plain = try Self.send(to: "localhost:\(port)", token: "the-new-word-of-ours", timeout: 1)
        #expect(plain.exitCode == 1)
        #expect(plain.words.contains("use TLS here too (security, --tls)"), "\(plain.words)")
        let untrusted = try Self.send(to: "localhost:\(port)", ["--tls"], token: "the-new-word-of-ours", timeout: 1)
        #expect(untrusted.words.contains("is not signed by an authority that is trusted here"), "\(untrusted.words)")
        #expect(collector.stop() == 0)
        let all = [wrong.words, plain.words, untrusted.words, collector.words].joined()
        #expect(!all.contains("-word"), "\(all)")
        let key = try String(contentsOfFile: collector.path("server.key"), encoding: .utf8).split(separator: "\n")
        #expect(key.count > 3)
        for line in key.dropFirst().dropLast() { #expect(!all.contains(line)) }
    }

    private static let collect = ["collect", "--discard", "--listen", "127.0.0.1:0"]
    private static let send = ["send", "small.pb", "--to", "127.0.0.1:1", "--timeout", "1"]

    @Test(
        arguments: [
            collect + ["--token-file"], collect + ["--tls-key", "/dev/null", "--tls-certificate"],
            send + ["--token-file"], send + ["--tls-ca"],
        ])
    func `a FIFO that nobody writes to, in the place of a token or a certificate, is an error after five seconds`(
        command: [String]
    ) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("spanwire-fifo-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let fifo = folder.appendingPathComponent("fifo").path
        try #require(unsafe mkfifo(fifo, 0o600) == 0)
        let outcome = try SpanwireCommand.run(command + [fifo])
        #expect(outcome.exitCode == 1, "\(outcome.words)")
        #expect(
            outcome.words.contains("\(fifo) cannot be read (it is a FIFO, and nobody wrote to it within 5 s)"),
            "\(outcome.words)")
    }

    @Test func `a token that somebody writes to a FIFO after the command began is the token; nothing at all is none`()
        throws
    {
        let collector = try RunningCollector()
        try collector.write("the-token-of-ours\n", to: "tokens")
        let port = try collector.start(["--token-file", collector.path("tokens")])
        let fifo = collector.path("fifo")
        try #require(unsafe mkfifo(fifo, 0o600) == 0)
        for (text, exitCode) in [("the-token-of-ours\n", Int32(0)), ("", 1)] {
            let sent = try SpanwireCommand.runUntil(
                ["send", "small.pb", "--to", "127.0.0.1:\(port)", "--timeout", "20", "--token-file", fifo], signal: 0
            ) { _ in
                // Open for reading, and so far by nobody for writing: only then this does not fail.
                let writer = unsafe open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
                guard writer >= 0 else { return false }
                // Proof: as many bytes as the text has.
                let written = unsafe Array(text.utf8).withUnsafeBytes { unsafe write(writer, $0.baseAddress, $0.count) }
                close(writer)
                return written == text.utf8.count
            }
            #expect(sent.exitCode == exitCode, "\(sent.words)")
            if exitCode == 1 { #expect(sent.words.contains("holds no token"), "\(sent.words)") }
        }
        #expect(collector.stop() == 0)
    }

    @Test func `a collector of little memory lets fewer in that it has not welcomed`() throws {
        let collector = try RunningCollector()
        let port = try collector.start(["--memory-limit", "64M"])
        var sockets: [Int32] = []
        for _ in 0..<128 { sockets.append(try Self.connect(port)) }
        // The connections are taken one after the other.
        for _ in 0..<20 { sockets.append(try Self.connect(port)) }
        try collector.wait(for: "the collector has 128 connections that it has not welcomed yet, and may have no more")
        for socket in sockets { close(socket) }
        #expect(collector.stop() == 0)
    }

    @Test func `SIGHUP reads tokens and certificates anew; what cannot be used changes nothing`() throws {
        let collector = try RunningCollector()
        try Self.makeCertificate(in: collector)
        try collector.write("first-word-of-ours\n", to: "tokens")
        let port = try collector.start([
            "--tls-certificate", collector.path("server.pem"), "--tls-key", collector.path("server.key"),
            "--token-file", collector.path("tokens"), "--reload-interval", "0",
        ])
        let address = "127.0.0.1:\(port)"
        let old = collector.path("old.pem")
        try FileManager.default.copyItem(atPath: collector.path("server.pem"), toPath: old)
        #expect(try Self.send(to: address, ["--tls-ca", old], token: "first-word-of-ours").exitCode == 0)

        try Self.makeCertificate(in: collector)
        try collector.write("second-word-of-ours\n", to: "tokens")
        collector.tell(SIGHUP)
        try collector.wait(for: "read the tokens anew")
        try collector.wait(for: "read the certificate anew")
        let new = ["--tls-ca", collector.path("server.pem")]
        #expect(try Self.send(to: address, new, token: "second-word-of-ours").words == Self.everythingIsStored)
        #expect(try Self.send(to: address, new, token: "first-word-of-ours").exitCode == 1)
        #expect(try Self.send(to: address, ["--tls-ca", old], token: "second-word-of-ours", timeout: 1).exitCode == 1)

        try collector.write("nothing of use", to: "server.key")
        try collector.write("", to: "tokens")
        collector.tell(SIGHUP)
        try collector.wait(for: "holds no private key in PEM form")
        try collector.wait(for: "holds no token")
        #expect(try Self.send(to: address, new, token: "second-word-of-ours").words == Self.everythingIsStored)
        #expect(collector.stop() == 0)
        #expect(!collector.words.contains("-word"), "\(collector.words)")
    }

    @Test func `a Unix socket beside TCP; what a kill leaves is taken over, and the end takes it away`() throws {
        let collector = try RunningCollector()
        let socket = collector.path("s")
        let options = ["--listen", "unix:\(socket)", "--socket-mode", "0640"]
        let port = try collector.start(options)
        #expect(try Self.send(to: "unix:\(socket)").words == Self.everythingIsStored)
        #expect(try Self.send(to: "127.0.0.1:\(port)").words == Self.everythingIsStored)
        let attributes = try FileManager.default.attributesOfItem(atPath: socket)
        #expect(attributes[.posixPermissions] as? Int == 0o640)
        collector.crash()
        #expect(FileManager.default.fileExists(atPath: socket))
        let refused = try Self.send(to: "unix:\(socket)", timeout: 1)
        #expect(refused.words.contains("could not connect to unix:\(socket) (Connection refused"), "\(refused.words)")
        _ = try collector.start(options)
        #expect(try Self.send(to: "unix:\(socket)").words == Self.everythingIsStored)
        let second = try SpanwireCommand.run(
            ["collect", "--store", collector.path("second.db"), "--listen", "unix:\(socket)"])
        #expect(second.exitCode == 1)
        #expect(second.words.contains("another program listens there"), "\(second.words)")
        #expect(collector.stop() == 0)
        #expect(!FileManager.default.fileExists(atPath: socket))
    }

    @Test func `a collector without descriptors takes nobody for a while, lives, and takes senders again`() throws {
        let collector = try RunningCollector()
        // Threads of connections take three each, one for each core.
        let limit = 45 + 3 * ProcessInfo.processInfo.processorCount
        let port = try collector.start([], descriptors: limit)
        #expect(collector.words.contains("fewer connections than --max-connections"))
        var sockets: [Int32] = []
        for _ in 0..<limit + 50 { sockets.append(try Self.connect(port)) }
        try collector.wait(for: "cannot take connections for now")
        #expect(collector.words.components(separatedBy: "cannot take connections for now").count == 2)
        for socket in sockets { close(socket) }
        #expect(try Self.send(to: "127.0.0.1:\(port)").words == Self.everythingIsStored)
        #expect(collector.stop() == 0)
    }

    @Test(
        arguments: [
            (["--token-file", "small.pb.none"], [:], "the token file small.pb.none cannot be read"),
            ([], ["SPANWIRE_TOKENS": " "], "SPANWIRE_TOKENS is set and holds no token"),
            (["--tls-certificate", "small.pb", "--tls-key", "small.pb"], [:], "holds no certificate in PEM form"),
            ([], ["SPANWIRE_TOKENS": "correct horse battery staple"], "SPANWIRE_TOKENS: token 1 is shorter than 16"),
            (["--token-file", "tokens/passphrase.txt"], [:], "tokens/passphrase.txt: line 1 has blanks inside"),
            (["--token-file", "tokens/binary.bin"], [:], "tokens/binary.bin: line 1 holds a byte that is not ASCII"),
            (["--token-file", "tokens/byte-order-mark.txt"], [:], "line 1 begins with a byte order mark"),
            (["--token-file", "tokens/short.txt"], [:], "tokens/short.txt: line 1 is shorter than 16 characters"),
            (["--token-file", "tokens/comment-behind.txt"], [:], "comment-behind.txt: line 1 has blanks inside"),
            (["--listen", "unix:small.pb"], [:], "something else than a socket is there"),
            (["--listen", "unix:/tmp/\(String(repeating: "x", count: 120))"], [:], "has 125 bytes"),
        ] as [([String], [String: String], String)])
    func `what cannot be used at the start ends it with one line`(
        options: [String], environment: [String: String], words: String
    ) throws {
        let collector = try RunningCollector()
        let outcome = try SpanwireCommand.run(
            ["collect", "--store", collector.path("x.db")]
                + (options.contains("--listen") ? [] : ["--listen", "127.0.0.1:0"])
                + options, environment: environment)
        #expect(outcome.exitCode == 1)
        #expect(outcome.words.contains(words), "\(outcome.words)")
        #expect(outcome.words.split(separator: "\n").count == 1, "\(outcome.words)")
    }

    @Test func `a comment in a token file is no token; a file that is written badly later changes nothing`() throws {
        let collector = try RunningCollector()
        let text = try String(
            contentsOf: SpanwireCommand.corpus.appendingPathComponent("tokens/comment.txt"), encoding: .utf8)
        let token = try #require(text.split(separator: "\n").last).description
        try collector.write(text, to: "tokens")
        let port = try collector.start(["--token-file", collector.path("tokens"), "--reload-interval", "0"])
        let address = "127.0.0.1:\(port)"
        #expect(collector.words.components(separatedBy: "a secret is not kept").count == 2, "\(collector.words)")
        #expect(try Self.send(to: address, token: token).words == Self.everythingIsStored)
        // The comment's own words are too short to be shown at all, which is a second door.
        let short = try Self.send(to: address, token: "staging")
        #expect(short.exitCode == 1 && short.words.contains("SPANWIRE_TOKEN: token 1 is shorter"), "\(short.words)")
        try collector.write("# staging only\n\n\(token)\n\(token) \(token)\n", to: "tokens")
        collector.tell(SIGHUP)
        try collector.wait(for: "line 4 has blanks inside")
        #expect(try Self.send(to: address, token: token).words == Self.everythingIsStored)
        #expect(collector.stop() == 0)
        #expect(!collector.words.contains(token))
    }

    @Test(
        arguments: [
            ["collect", "--listen", "127.0.0.1:0", "--store", "/tmp/spanwire-none/x.db"],
            ["collect", "--listen", "127.0.0.1:0", "--discard"], ["bench", "--duration", "1", "--warm-up", "0"],
            ["bench", "--to", "127.0.0.1:1", "--duration", "1"], ["send", "small.pb", "--to", "127.0.0.1:1"],
            ["query", "services", "--store", "x.db"], ["store", "check", "x.db"],
        ])
    func `too few descriptors end every command with one line, whatever it does`(command: [String]) throws {
        for limit in [5, 6, 7, 9, 11, 13] {
            let outcome = try SpanwireCommand.run(command, descriptors: limit)
            #expect(outcome.exitCode == 1, "\(limit): \(outcome.exitCode) \(outcome.words)")
            #expect(outcome.words.contains("file descriptors"), "\(limit): \(outcome.words)")
            #expect(outcome.words.contains("ulimit -n"), "\(limit): \(outcome.words)")
            #expect(outcome.words.split(separator: "\n").count == 1, "\(limit): \(outcome.words)")
        }
        // Whatever the limit, a command ends in order, and never by a trap.
        for limit in [16, 22, 30, 40] {
            let outcome = try SpanwireCommand.run(command, descriptors: limit)
            #expect([0, 1, 124].contains(outcome.exitCode), "\(limit): \(outcome.exitCode) \(outcome.words)")
        }
    }

    /// A connection that says nothing.
    private static func connect(_ port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        // Proof: a sockaddr_in is what connect means by a sockaddr of that family, and the size is its own.
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
        return descriptor
    }
}
