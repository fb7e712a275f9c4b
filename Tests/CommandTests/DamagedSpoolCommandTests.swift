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

    @Test("a wrong bit anywhere in a spool: the span is stored, or its loss is told by exit code, words and collector")
    func flippedBits() throws {
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
                #expect(sent.words.contains("1 spans in \(copy) were damaged and are lost\n"), "byte \(place)")
                try #expect(told(collector) == lost, "byte \(place)")
            }
        }
        // Head and body of one record of four.
        #expect(lost > 20 && lost < bytes.count / 4)
        #expect(collector.stop() == 0)
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
