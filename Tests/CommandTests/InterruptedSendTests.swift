import Foundation
import ProtoWire
import SpanModel
import Testing

/// `send` that is told to end: nothing more is taken, and what was not taken or not stored is told.
@Suite struct InterruptedSendTests {
    private static let spanCount = 100_000

    /// More than is taken before a signal comes; payloads one behind the other are one.
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

    private static func bytes(_ path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? Int) ?? 0
    }

    /// The number in front of the words, where they stand.
    private static func number(before words: String, in text: String) -> Int? {
        text.components(separatedBy: words).dropLast().first
            .flatMap { $0.split(whereSeparator: { !$0.isNumber }).last }.flatMap { Int($0) }
    }

    private static func number(behind words: String, in text: String) -> Int? {
        text.components(separatedBy: words).dropFirst().first.flatMap { Int($0.prefix(while: \.isNumber)) }
    }

    @Test("with a spool nothing is dropped: what was taken waits, and of each file it is told what was not taken")
    func spooled() throws {
        let place = try RunningCollector()
        let (file, spool) = (place.path("big.pb"), place.path("spool"))
        try Self.writeLargeFile(file)
        try place.write("{}", to: "other")
        // Nobody listens on port 1.
        let sent = try SpanwireCommand.runUntil(
            ["send", file, place.path("other"), "--spool", spool, "--to", "127.0.0.1:1", "--timeout", "60"],
            signal: SIGINT
        ) { _ in Self.bytes(spool + "/0000000000000001.spans") > 20_000 }
        #expect(sent.exitCode == 1)
        #expect(sent.words.contains(", dropped 0, ") && !sent.words.contains("shutdown"), "\(sent.words)")
        let waiting = try #require(Self.number(before: " spans wait in \(spool)", in: sent.words), "\(sent.words)")
        let untaken = try #require(
            Self.number(before: " of the \(Self.spanCount) spans of \(file)", in: sent.words), "\(sent.words)")
        #expect(waiting > 0 && untaken > 0 && waiting + untaken == Self.spanCount, "\(sent.words)")
        #expect(Self.number(behind: "reported ", in: sent.words) == waiting)
        #expect(sent.words.contains("not taken: all spans of \(place.path("other"))\n"), "\(sent.words)")
        #expect(sent.words.contains("interrupted; send --spool \(spool) without files sends what waits there"))
        let shown = try SpanwireCommand.run(["spool", spool])
        #expect(shown.text.contains("\n\(waiting) spans wait, "), "\(shown.text)")
    }

    @Test("without a spool each span of the file is dropped and counted, or told as not taken")
    func unspooled() throws {
        let place = try RunningCollector()
        let file = place.path("big.pb")
        try Self.writeLargeFile(file)
        let sent = try SpanwireCommand.runUntil(
            ["send", file, "--to", "127.0.0.1:1", "--timeout", "60"], signal: SIGTERM
        ) { $0.contains("not connected") }
        #expect(sent.exitCode == 1)
        let reported = try #require(Self.number(behind: "reported ", in: sent.words), "\(sent.words)")
        let untaken = Self.number(before: " of the \(Self.spanCount) spans of \(file)", in: sent.words) ?? 0
        #expect(reported + untaken == Self.spanCount, "\(sent.words)")
        #expect(sent.words.contains("interrupted; send the files again for what was not sent"), "\(sent.words)")
    }

    @Test("where everything was stored after all the exit code is 0 and the words say so")
    func everythingStored() throws {
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
