import Foundation
import SpanModel
import Testing

/// `send --spool` of a spool with wrong bits: what is lost is said, is an exit of 1, and the collector knows at once.
@Suite struct DamagedSpoolCommandTests {
    private static let payload = Data(
        """
        {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
        "scopeSpans": [{"spans": [{"traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "0102030405060708",
        "name": "GET", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}]}]}]}
        """.utf8)

    @Test
    func `a wrong bit anywhere in a spool: the span is stored, or its loss is told by exit code, words and collector`()
        throws
    {
        let collector = try RunningCollector()
        let port = try collector.start([])
        let spool = collector.path("spool")
        let kept = try SpanwireCommand.run(
            ["send", "-", "--spool", spool, "--to", "127.0.0.1:1", "--timeout", "1"], input: Self.payload)
        #expect(kept.exitCode == 1)
        let file = URL(fileURLWithPath: spool + "/0000000000000001.spans")
        let bytes = try Data(contentsOf: file)
        var lost = 0
        // Another bit of each byte, and of some bytes none; Tests/SpanSpoolTests has them all.
        for place in stride(from: 0, to: bytes.count, by: 2) {
            let copy = collector.path("copy")
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: spool, toPath: copy)
            var wrong = bytes
            wrong[place] ^= 1 << UInt8(place / 2 % 8)
            try wrong.write(to: URL(fileURLWithPath: copy + "/0000000000000001.spans"))
            let sent = try SpanwireCommand.run(
                ["send", "--spool", copy, "--to", "127.0.0.1:\(port)", "--timeout", "60"])
            if sent.words.contains("stored 1, rejected 0, dropped 0,") {
                #expect(sent.exitCode == 0, "byte \(place): \(sent.words)")
            } else {
                lost += 1
                #expect(sent.exitCode == 1, "byte \(place): \(sent.words)")
                #expect(
                    sent.words.contains("stored 0, rejected 0, dropped 1 (spool_damaged 1), pending 0"),
                    "byte \(place): \(sent.words)")
                #expect(sent.words.contains("1 span in \(copy) was damaged and is lost\n"), "byte \(place)")
                try #expect(told(collector) == lost, "byte \(place)")
            }
        }
        // Head and body of one record of four.
        #expect(lost > 20 && lost < bytes.count / 4)
        #expect(collector.stop() == 0)
    }

    /// Both copies of the origin, which stand behind the header, wrong in their bodies.
    private static func withoutOrigin(_ bytes: Data) -> Data {
        var wrong = bytes
        let size = 16 + Int(bytes[48])
        for start in [48, 48 + size] { wrong[start + 30] ^= 1 }
        return wrong
    }

    @Test
    func `a damaged resource and a file that is cut are told by exit code and words, also with nobody to send to`()
        throws
    {
        let collector = try RunningCollector()
        let port = try collector.start([])
        let spool = collector.path("spool")
        _ = try SpanwireCommand.run(
            ["send", "-", "--spool", spool, "--to", "127.0.0.1:1", "--timeout", "1"], input: Self.payload)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: spool + "/0000000000000001.spans"))
        let cases: [(change: (Data) -> Data, stored: Int, waits: String, told: String, shown: String)] = [
            (
                Self.withoutOrigin, 1, "of these 1 span can be sent without resource and scope only",
                "1 span of COPY sent without resource and scope, which were damaged there", "1 span without resource"
            ),
            ({ $0.dropLast(1) }, 0, "", "1 span in COPY was damaged and is lost", "1 span lost"),
            ({ $0.prefix(40) }, 0, "", "1 span in COPY was damaged and is lost", "1 span lost"),
            ({ _ in Data() }, 0, "", "1 span in COPY was damaged and is lost", "1 span lost"),
            (
                { $0.dropLast(1) + [$0.last! ^ 1] }, 0, "1 span in COPY is damaged and cannot be sent",
                "1 span in COPY was damaged and is lost", "1 span"
            ),
        ]
        for (index, each) in cases.enumerated() {
            let copy = collector.path("copy")
            let told = each.told.replacingOccurrences(of: "COPY", with: copy)
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: spool, toPath: copy)
            try each.change(bytes).write(to: URL(fileURLWithPath: copy + "/0000000000000001.spans"))
            let shown = try SpanwireCommand.run(["spool", copy])
            #expect(shown.exitCode == 1 && shown.text.contains(each.shown), "case \(index): \(shown.text)")
            // Nobody listens on port 1: what is known is told all the same, and what waits goes on waiting.
            let waiting = collector.path("waiting")
            try? FileManager.default.removeItem(atPath: waiting)
            try FileManager.default.copyItem(atPath: copy, toPath: waiting)
            let kept = try SpanwireCommand.run(
                ["send", "--spool", waiting, "--to", "127.0.0.1:1", "--timeout", "1"])
            let words = (each.waits.isEmpty ? each.told : each.waits).replacingOccurrences(of: "COPY", with: waiting)
            #expect(kept.exitCode == 1 && kept.words.contains(words), "case \(index): \(kept.words)")
            let sent = try SpanwireCommand.run([
                "send", "--spool", copy, "--to", "127.0.0.1:\(port)", "--timeout", "60",
            ])
            #expect(sent.exitCode == 1 && sent.words.contains(told), "case \(index): \(sent.words)")
            #expect(sent.words.contains("stored \(each.stored), "), "case \(index): \(sent.words)")
            // All is told: the next has nothing to say.
            let again = try SpanwireCommand.run([
                "send", "--spool", copy, "--to", "127.0.0.1:\(port)", "--timeout", "60",
            ])
            #expect(again.exitCode == 0, "case \(index): \(again.words)")
        }
        #expect(collector.stop() == 0)
    }

    @Test func `damage that costs nothing is an exit of 0, and the words say that nothing was lost`() throws {
        let collector = try RunningCollector()
        let port = try collector.start([])
        let changes: [(Data) -> Data] = [
            // The head of one copy of the origin, its body, and bytes behind all that the ledger knows of.
            { $0.prefix(52) + [$0[52] ^ 1] + $0.dropFirst(53) }, { $0.prefix(70) + [$0[70] ^ 1] + $0.dropFirst(71) },
            { $0 + [UInt8](repeating: 0xA5, count: 16) },
        ]
        for (index, change) in changes.enumerated() {
            let spool = collector.path("spool\(index)")
            _ = try SpanwireCommand.run(
                ["send", "-", "--spool", spool, "--to", "127.0.0.1:1", "--timeout", "1"], input: Self.payload)
            let file = URL(fileURLWithPath: spool + "/0000000000000001.spans")
            try change(try Data(contentsOf: file)).write(to: file)
            let shown = try SpanwireCommand.run(["spool", spool])
            #expect(shown.exitCode == 1 && !shown.text.contains("lost"), "case \(index): \(shown.text)")
            let sent = try SpanwireCommand.run(
                ["send", "--spool", spool, "--to", "127.0.0.1:\(port)", "--timeout", "60"])
            #expect(sent.exitCode == 0, "case \(index): \(sent.words)")
            #expect(sent.words.contains("stored 1, rejected 0, dropped 0,"), "case \(index): \(sent.words)")
            let words = "nothing was lost by what is damaged in \(spool): no span is missing or altered\n"
            #expect(sent.words.contains(words), "case \(index): \(sent.words)")
        }
        #expect(collector.stop() == 0)
    }

    @Test func `a file that is named as the spool's directory is told to be one`() throws {
        let place = try RunningCollector()
        try place.write("", to: "file")
        let sent = try SpanwireCommand.run(["send", "small.pb", "--spool", place.path("file"), "--to", "127.0.0.1:1"])
        #expect(sent.exitCode == 1)
        #expect(
            sent.words == "spanwire: \(place.path("file")) is a file and no directory; name a directory for the spool\n"
        )
    }

    /// How many damaged spans the collector has heard of.
    private func told(_ collector: RunningCollector) throws -> Int {
        let asked = try SpanwireCommand.run(
            ["query", "senders", "--store", collector.path("store.db"), "--format", "json"])
        let senders = try JSONSerialization.jsonObject(with: asked.output) as? [[String: Any]] ?? []
        let counts = senders.compactMap { ($0["dropped"] as? [String: String])?["spool_damaged"] }
        return counts.reduce(0) { $0 + (Int($1) ?? 0) }
    }
}
