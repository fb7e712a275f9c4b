import Foundation
import Testing

@Suite struct DecodeCommandTests {
    private func payload(_ name: String) throws -> Data {
        try Data(contentsOf: SpanwireCommand.corpus.appendingPathComponent(name))
    }

    @Test(arguments: ["tree", "json"])
    func `a payload as tree and as JSON`(form: String) throws {
        let outcome = try SpanwireCommand.run(["decode", "small.pb", "--to", form])
        #expect(outcome.exitCode == 0)
        #expect(outcome.words == "spanwire: raw protobuf: 5431 bytes that are a valid TracesData\n")
        try SpanwireCommand.expectGolden(outcome.text, "decode-small.\(form == "tree" ? "txt" : "json")")
    }

    @Test(arguments: ["small.pb", "medium.pb", "large.pb"])
    func `encoded again, what the SDK wrote is the same bytes`(name: String) throws {
        let outcome = try SpanwireCommand.run(["decode", name, "--to", "binary", "--quiet"])
        #expect(outcome.exitCode == 0 && outcome.words.isEmpty)
        #expect(outcome.output == (try payload(name)))
    }

    @Test func `standard input, with or without a dash, in any form`() throws {
        let raw = try payload("small.pb")
        let tree = try SpanwireCommand.run(["decode", "small.pb"]).output
        let hex = Data(raw.map { String(format: "%02x", $0) }.joined(separator: " ").utf8)
        for (input, said) in [
            (raw, "raw protobuf"), (hex, "hexadecimal text of raw protobuf"),
            (raw.base64EncodedData(options: .lineLength76Characters), "base64 text of raw protobuf"),
        ] {
            for arguments in [["decode"], ["decode", "-"]] {
                let outcome = try SpanwireCommand.run(arguments, input: input)
                #expect(outcome.exitCode == 0)
                #expect(outcome.words.hasPrefix("spanwire: \(said): 5431 bytes"))
                #expect(outcome.output == tree)
            }
        }
    }

    @Test func `an input that ends too early gives what is whole, one line and exit code 3`() throws {
        let outcome = try SpanwireCommand.run(["decode", "--quiet"], input: try payload("small.pb").prefix(3000))
        #expect(outcome.exitCode == 3)
        #expect(outcome.text.components(separatedBy: "\n").filter { $0.contains("span \"") }.count == 4)
        #expect(
            outcome.words == "spanwire: truncated at byte 2628 in resource_spans[0].scope_spans[0].spans[4]: "
                + "the input ends after 3000 bytes, inside what starts here; what was whole is shown\n")
        let nothing = try SpanwireCommand.run(["decode", "--quiet"], input: Data([0x0A]))
        #expect(nothing.exitCode == 1 && nothing.output.isEmpty)
    }

    @Test func `what is no message fails with code, byte and field, and prints nothing`() throws {
        var bytes = try payload("small.pb")
        let name = try #require(bytes.range(of: Data("ListProducts".utf8)))
        bytes[name.lowerBound] = 0xFF
        let outcome = try SpanwireCommand.run(["decode", "--quiet"], input: bytes)
        #expect(outcome.exitCode == 1 && outcome.output.isEmpty)
        #expect(
            outcome.words.hasPrefix(
                "spanwire: invalid_utf8 at byte \(name.lowerBound) in resource_spans[0].scope_spans[0].spans[0].name: ")
        )
        let deep = try SpanwireCommand.run(["decode", "small.pb", "--quiet", "--max-depth", "2"])
        #expect(deep.exitCode == 1 && deep.words.hasPrefix("spanwire: too_deep at byte "))
        let large = try SpanwireCommand.run(["decode", "small.pb", "--quiet", "--max-bytes", "5430"])
        #expect(large.exitCode == 1 && large.words.hasPrefix("spanwire: payload_too_large at byte 0: 5431 bytes"))
    }

    @Test func `--from takes no other form than the one named`() throws {
        #expect(try SpanwireCommand.run(["decode", "small.pb", "--from", "protobuf"]).exitCode == 0)
        for form in ["hex", "base64", "frames", "json"] {
            let outcome = try SpanwireCommand.run(["decode", "small.pb", "--from", form, "--quiet"])
            #expect(outcome.exitCode == 1, "\(form)")
            #expect(outcome.words.split(separator: "\n").count == 1)
        }
    }

    @Test func `blank input is one line and exit code 1 in every form of text, no input at all exit code 0`() throws {
        for form in ["auto", "hex", "base64", "json"] {
            for text in [" \n", "\u{FEFF}", "\u{A0}\u{0C}\n"] {
                let outcome = try SpanwireCommand.run(["decode", "--from", form, "--quiet"], input: Data(text.utf8))
                #expect(outcome.exitCode == 1 && outcome.output.isEmpty, "\(form)")
                #expect(
                    outcome.words == "spanwire: blank at byte 0: the input is blank, white space and nothing else\n")
            }
            let nothing = try SpanwireCommand.run(["decode", "--from", form, "--quiet"])
            #expect(nothing.exitCode == 0 && nothing.words.isEmpty, "\(form)")
        }
    }

    @Test func `where nothing is understood nothing is shown, and exit code 1 says so`() throws {
        for text in [
            "error", "hello world", "ERROR: no such file", "(null)", "%PDF-1.4", "a:\n  - b\n", "f83f05f83f05",
        ] {
            for output in ["tree", "json", "binary"] {
                let outcome = try SpanwireCommand.run(["decode", "--quiet", "--to", output], input: Data(text.utf8))
                #expect(outcome.exitCode == 1 && outcome.output.isEmpty, "\(text) \(outcome.text)")
                #expect(outcome.words.hasPrefix("spanwire: unknown_protobuf at byte 0: "), "\(outcome.words)")
            }
        }
    }

    @Test func `logs are refused with exit code 1 whichever message was asked for; a cut that tells nothing says so`()
        throws
    {
        let line = try #require(
            try String(contentsOf: SpanwireCommand.corpus.appendingPathComponent("signals.tsv"), encoding: .utf8)
                .split(separator: "\n").first { $0.hasPrefix("log-many\t") })
        let digits = Data(line.split(separator: "\t")[2].utf8)
        for type in ["traces", "batch", "response"] {
            let outcome = try SpanwireCommand.run(["decode", "--type", type, "--quiet"], input: digits)
            #expect(outcome.exitCode == 1 && outcome.output.isEmpty, "\(type)")
            #expect(
                outcome.words == "spanwire: other_signal at byte 0: these are OTLP logs (20 log records), "
                    + "and only traces are read\n")
        }
        let cut = try SpanwireCommand.run(["decode", "--quiet"], input: digits.prefix(80))
        #expect(cut.exitCode == 3)
        #expect(
            cut.words.hasPrefix(
                "spanwire: the input ends before a record that tells its signal: these may be spans, or logs, metrics or "
                    + "profiles\nspanwire: truncated at byte "), "\(cut.words)")
    }

    @Test func `other messages by --type`() throws {
        let ack = Data([0x0A, 0x04, 0x08, 0x03, 0x12, 0x00])
        let outcome = try SpanwireCommand.run(["decode", "--type", "response", "--to", "json", "--quiet"], input: ack)
        #expect(outcome.exitCode == 0)
        #expect(outcome.text == "{\n  \"partialSuccess\": {\n    \"rejectedSpans\": \"3\"\n  }\n}\n")
    }

    @Test func `JSON is taken back: the payload, byte for byte, and the same tree`() throws {
        let text = try SpanwireCommand.run(["decode", "small.pb", "--to", "json"]).output
        let binary = try SpanwireCommand.run(["decode", "--to", "binary"], input: text)
        #expect(binary.exitCode == 0)
        #expect(binary.words == "spanwire: OTLP/JSON: \(text.count) bytes of text that are a valid TracesData\n")
        #expect(binary.output == (try payload("small.pb")))
        let lines = try SpanwireCommand.run(
            ["decode", "--to", "binary", "--from", "json", "--quiet"], input: text + text)
        #expect(lines.exitCode == 0 && lines.words.isEmpty)
        #expect(lines.output == (try payload("small.pb")) + (try payload("small.pb")))
        let tree = try SpanwireCommand.run(["decode", "--quiet"], input: text).text.split(separator: "\n").dropFirst()
        #expect(tree == (try SpanwireCommand.run(["decode", "small.pb"])).text.split(separator: "\n").dropFirst())
    }

    @Test
    func
        `JSON that ends too early gives what is whole and exit code 3, a wrong one its field and line and exit code 1`()
        throws
    {
        let text = try SpanwireCommand.run(["decode", "small.pb", "--to", "json"]).output
        let cut = try SpanwireCommand.run(["decode", "--quiet"], input: text.prefix(9000))
        #expect(cut.exitCode == 3)
        #expect(cut.text.components(separatedBy: "\n").filter { $0.contains("span \"") }.count == 2)
        #expect(cut.words.hasPrefix("spanwire: truncated at byte 9000 in resourceSpans[0].scopeSpans[0].spans[2]."))
        #expect(cut.words.hasSuffix("; what was whole is shown\n"))
        let wrong = try SpanwireCommand.run(
            ["decode", "--quiet"], input: Data("{\"resourceSpans\":[{\n\"schemaUrl\":7}]}".utf8))
        #expect(wrong.exitCode == 1 && wrong.output.isEmpty)
        #expect(
            wrong.words == "spanwire: wrong_type at byte 32 in resourceSpans[0].schemaUrl: "
                + "a number where a string is expected (line 2)\n")
    }

    @Test func `frames as tree and as JSON lines`() throws {
        let session = Data([1, 0, 0, 0, 5, 0x08, 1, 0x2A, 1, 0x78]) + Data([5, 0, 0, 0, 2, 0x08, 9, 7, 0, 0, 0, 0])
        let tree = try SpanwireCommand.run(["decode"], input: session)
        #expect(tree.exitCode == 0)
        #expect(tree.words == "spanwire: session frames: 22 bytes, 3 frames, the first: Hello\n")
        #expect(
            tree.text == """
                frame at byte 0: Hello, 5 bytes
                  protocol_version: 1
                  bearer_token: (1 byte, not shown)
                frame at byte 10: Ping, 2 bytes
                  token: 9
                frame at byte 17: Goodbye, 0 bytes
                  (no fields)

                """)
        let json = try SpanwireCommand.run(["decode", "--to", "json", "--quiet"], input: session)
        #expect(
            json.text == """
                {"frame":"Hello","offset":0,"length":5,"message":{"protocolVersion":1,"bearerToken":"x"}}
                {"frame":"Ping","offset":10,"length":2,"message":{"token":"9"}}
                {"frame":"Goodbye","offset":17,"length":0,"message":{}}

                """)
    }

    @Test func `a reader that goes away is no error`() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", "{ \"$0\" decode large.pb --quiet; echo \"exit $?\" >&2; } | head -n 1 > /dev/null",
            SpanwireCommand.binary.path,
        ]
        process.currentDirectoryURL = SpanwireCommand.corpus
        let words = Pipe()
        process.standardError = words
        try process.run()
        let text = String(decoding: words.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(text == "exit 0\n")
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func `a full disk is an error`() throws {
        let process = Process()
        process.executableURL = SpanwireCommand.binary
        process.arguments = ["decode", "small.pb", "--quiet"]
        process.currentDirectoryURL = SpanwireCommand.corpus
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: "/dev/full"))
        let words = Pipe()
        process.standardError = words
        try process.run()
        let text = String(decoding: words.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 1)
        #expect(text == "spanwire: cannot write the output: No space left on device\n")
    }
}
