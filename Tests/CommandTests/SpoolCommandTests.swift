import Foundation
import SpanModel
import Testing

@Suite struct SpoolCommandTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func `what could not be sent stays in the spool, which can be looked into; a wrong bit is told`() throws {
        try withFolder { folder in
            // Nobody listens on port 1.
            let sent = try SpanwireCommand.run(
                ["send", "small.pb", "--spool", folder, "--to", "127.0.0.1:1", "--timeout", "1"])
            #expect(sent.exitCode == 1)
            #expect(sent.words.contains("spanwire: 10 spans wait in \(folder) for the next send --spool\n"))
            let shown = try SpanwireCommand.run(["spool", folder])
            #expect(shown.exitCode == 0)
            #expect(shown.text.contains("\n10 spans wait, no batch number has been used\n"))
            #expect(shown.text.contains("0000000000000001.spans"))
            let json = try SpanwireCommand.run(["spool", folder, "--format", "json"])
            let object = try #require(try JSONSerialization.jsonObject(with: json.output) as? [String: Any])
            #expect(object["waitingSpans"] as? Int == 10)
            #expect(object["ledgerDamaged"] as? Bool == false)
            #expect((object["segments"] as? [[String: Any]])?.first?["unsentSpans"] as? Int == 10)
            let file = URL(fileURLWithPath: folder + "/0000000000000001.spans")
            var bytes = try Data(contentsOf: file)
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: file)
            let damaged = try SpanwireCommand.run(["spool", folder])
            #expect(damaged.exitCode == 1)
            #expect(damaged.text.contains("\n9 spans wait, ") && damaged.text.contains("  1 span\n"), "\(damaged.text)")
            #expect(damaged.words == "spanwire: \(folder) is damaged; what can be read is sent by its sender\n")
        }
    }

    @Test func `a directory that is none is named`() throws {
        let outcome = try SpanwireCommand.run(["spool", "nowhere"])
        #expect(outcome.exitCode == 1)
        #expect(outcome.words == "spanwire: cannot read the directory nowhere: No such file or directory\n")
        #expect(outcome.output.isEmpty)
    }
}
