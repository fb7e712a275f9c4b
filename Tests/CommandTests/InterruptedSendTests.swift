import Foundation
import ProtoWire
import SpanModel
import Testing

/// `send` that is told to end: nothing more is taken, and what was not taken or not stored is told.
@Suite struct InterruptedSendTests {
    private static let spanCount = 250_000

    /// More than a queue in memory has room for; payloads one behind the other are one.
    private static func writeLargeFile(_ path: String) throws {
        let spans = (1...spanCount / 100).map { number in
            SpanRecord(
                traceID: TraceID(high: 7, low: UInt64(number)), spanID: SpanID(UInt64(number)),
                name: "work", startTimeUnixNano: 1_700_000_000_000_000_000, endTimeUnixNano: 1_700_000_001_000_000_000)
        }
        let batch = SpanBatch(resourceSpans: [
            ResourceSpans(resource: Resource(), scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
        ])
        let part = Data(batch.encoded())
        try Data((0..<100).map { _ in part }.joined()).write(to: URL(fileURLWithPath: path))
    }

    /// The number in front of the words, where they stand.
    private static func number(before words: String, in text: String) -> Int? {
        text.components(separatedBy: words).dropLast().first
            .flatMap { $0.split(whereSeparator: { !$0.isNumber }).last }.flatMap { Int($0) }
    }

    private static func number(behind words: String, in text: String) -> Int? {
        text.components(separatedBy: words).dropFirst().first.flatMap { Int($0.prefix(while: \.isNumber)) }
    }

    @Test func `with a spool nothing is dropped: what was taken waits, and of each file it is told what was not taken`()
        throws
    {
        let place = try RunningCollector()
        let (pipe, spool) = (place.path("pipe"), place.path("spool"))
        try #require(unsafe mkfifo(pipe, 0o600) == 0)
        try place.write("{}", to: "other")
        // Somebody has the pipe open and writes nothing, so that the file behind it never has its turn.
        let holder = unsafe open(pipe, O_RDWR | O_CLOEXEC)
        try #require(holder >= 0)
        defer { close(holder) }
        // Nobody listens on port 1.
        let sent = try SpanwireCommand.runUntil(
            [
                "send", "small.pb", pipe, place.path("other"), "--spool", spool, "--to", "127.0.0.1:1", "--timeout",
                "60",
            ],
            signal: SIGINT
        ) { _ in
            (try? SpanwireCommand.run(["spool", spool]).text.contains("\n10 spans wait, ")) == true
        }
        #expect(sent.exitCode == 1)
        #expect(sent.words.contains("reported 10, stored 0, rejected 0, dropped 0, "), "\(sent.words)")
        #expect(sent.words.contains("10 spans wait in \(spool) for the next send --spool"), "\(sent.words)")
        for name in [pipe, place.path("other")] {
            #expect(sent.words.contains("not taken: all spans of \(name)\n"), "\(sent.words)")
        }
        #expect(!sent.words.contains("small.pb"), "\(sent.words)")
        #expect(sent.words.contains("interrupted; send --spool \(spool) without files sends what waits there"))
        let shown = try SpanwireCommand.run(["spool", spool])
        #expect(shown.text.contains("\n10 spans wait, "), "\(shown.text)")
    }

    @Test(arguments: ["-", "pipe"])
    func `whoever waits for an input that does not come is interrupted too`(input: String) throws {
        let place = try RunningCollector()
        let pipe = place.path("pipe")
        try #require(unsafe mkfifo(pipe, 0o600) == 0)
        // For standard input both ends are open, and nothing comes.
        let holder = input == "-" ? unsafe open(pipe, O_RDWR | O_CLOEXEC) : -1
        defer { if holder >= 0 { close(holder) } }
        let file = input == "-" ? "-" : pipe
        let begin = ContinuousClock.now
        let sent = try SpanwireCommand.runUntil(
            ["send", file, "--to", "127.0.0.1:1", "--timeout", "600"], signal: SIGINT, input: holder
        ) { $0.contains("not connected") }
        #expect(sent.exitCode == 1)
        #expect(sent.words.contains("reported 0, "), "\(sent.words)")
        #expect(sent.words.contains("not taken: all spans of \(file)\n"), "\(sent.words)")
        #expect(sent.words.contains("interrupted; "), "\(sent.words)")
        #expect(ContinuousClock.now - begin < .seconds(60))
    }

    @Test func `without a spool each span of the file is dropped and counted, or told as not taken`() throws {
        let place = try RunningCollector()
        let file = place.path("big.pb")
        try Self.writeLargeFile(file)
        let sent = try SpanwireCommand.runUntil(
            ["send", file, "--to", "127.0.0.1:1", "--timeout", "60"], signal: SIGTERM
        ) { $0.contains("not connected") }
        #expect(sent.exitCode == 1)
        let reported = try #require(Self.number(behind: "reported ", in: sent.words), "\(sent.words)")
        // The queue has no room for all, and nobody makes any.
        let untaken = try #require(
            Self.number(before: " of the \(Self.spanCount) spans of \(file)", in: sent.words), "\(sent.words)")
        #expect(reported + untaken == Self.spanCount, "\(sent.words)")
        #expect(sent.words.contains("interrupted; send the files again for what was not sent"), "\(sent.words)")
    }

    @Test func `where everything was stored after all the exit code is 0 and the words say so`() throws {
        let collector = try RunningCollector()
        let port = try collector.start([])
        collector.tell(SIGSTOP)
        let spool = collector.path("spool")
        let sent = try SpanwireCommand.runUntil(
            ["send", "small.pb", "--spool", spool, "--to", "127.0.0.1:\(port)", "--timeout", "60"], signal: SIGINT,
            afterwards: { collector.tell(SIGCONT) }
        ) { _ in
            // All is taken when the last span is there, and nothing can be sent before the collector goes on.
            (try? SpanwireCommand.run(["spool", spool]).text.contains("\n10 spans wait, ")) == true
        }
        #expect(sent.words.contains("reported 10, stored 10, rejected 0, dropped 0, pending 0"), "\(sent.words)")
        #expect(sent.words.contains("interrupted; everything was stored\n"), "\(sent.words)")
        #expect(sent.exitCode == 0, "\(sent.words)")
        #expect(collector.stop() == 0)
    }
}
