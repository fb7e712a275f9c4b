import Foundation
import Testing

/// What `send` says of its files: the same as `decode`, and what a collector rejects of them.
@Suite struct SendCommandTests {
    private static let span =
        #"{"traceId":"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1","spanId":"b2b2b2b2b2b2b2b2","name":"x","startTimeUnixNano":"1790000000000000000""#

    private static func document(_ spans: String...) -> String {
        #"{"resourceSpans":[{"scopeSpans":[{"spans":["# + spans.joined(separator: ",") + "]}]}]}"
    }

    private func send(
        _ files: [String], _ collector: RunningCollector, _ port: Int
    ) throws -> SpanwireCommand.Outcome {
        try SpanwireCommand.run(
            ["send"] + files.map(collector.path) + ["--to", "127.0.0.1:\(port)", "--timeout", "30"])
    }

    @Test func `keys that are ignored are told as decode tells them, and the spans are stored`() throws {
        let collector = try RunningCollector()
        let port = try collector.start([])
        try collector.write(
            Self.document(Self.span + #","end_time_unix_nano":"1790000000100000000","parent_span_id":"c3"}"#),
            to: "part")
        let sent = try send(["part"], collector, port)
        let note =
            "2 keys are ignored: end_time_unix_nano, parent_span_id (end_time_unix_nano is spelled endTimeUnixNano, "
            + "parent_span_id is spelled parentSpanId in OTLP/JSON)\n"
        #expect(
            sent.words == "spanwire: \(collector.path("part")): \(note)"
                + "spanwire: reported 1, stored 1, rejected 0, dropped 0, pending 0\n")
        #expect(sent.exitCode == 0)
        let decoded = try SpanwireCommand.run(["decode", collector.path("part"), "--quiet"])
        #expect(decoded.words == "spanwire: \(note)" && decoded.exitCode == 0)
    }

    @Test func `of what is not understood nothing is sent, decode and send say why, and exit with 1`() throws {
        let collector = try RunningCollector()
        let port = try collector.start([])
        let texts = [
            "snake": #"{"resource_spans":[{"scope_spans":[{"spans":[{"trace_id":"a1"}]}]}]}"#,
            "logs": #"{"resourceLogs":[{"scopeLogs":[]}]}"#, "jaeger": #"{"data":[{"traceID":"a","spans":[]}]}"#,
            "blank": " \n\n", "words": "error", "log": "ERROR: no such file\n", "tail": "f83f05f83f05\n",
            "ignored": #"{"resourceSpans":[{"resource":{},"scope_spans":[{"spans":[{"traceId":"a1"}]}]}]}"#,
            "beside": #"{"resourceSpans":[],"resourceLogs":[{}]}"#,
            "lines": #"{"resourceSpans":[]}"# + "\n" + #"{"resourceLogs":[{"scopeLogs":[]}]}"#,
        ]
        for (name, text) in texts {
            try collector.write(text, to: name)
            let decoded = try SpanwireCommand.run(["decode", collector.path(name), "--quiet"])
            let sent = try send([name], collector, port)
            #expect(decoded.exitCode == 1 && sent.exitCode == 1, "\(name)")
            let why = decoded.words.dropFirst("spanwire: ".count).dropLast()
            #expect(!why.isEmpty)
            #expect(sent.words.contains("\(collector.path(name)) is not sent: \(why)"), "\(sent.words)")
        }
        let blank = ["decode", collector.path("blank"), "--quiet", "--from", "json"]
        let decoded = try SpanwireCommand.run(blank)
        let sent = try SpanwireCommand.run(
            ["send", collector.path("blank"), "--from", "json", "--to", "127.0.0.1:\(port)", "--timeout", "30"])
        #expect(decoded.exitCode == 1 && sent.exitCode == 1, "\(decoded.words)\(sent.words)")
        #expect(sent.words.contains("is not sent: \(decoded.words.dropFirst("spanwire: ".count).dropLast())"))
        // A document that is left out beside one that is understood is told by both, and the rest is sent.
        try collector.write(Self.document(Self.span + "}") + "\n" + texts["logs"]!, to: "both")
        let part = try SpanwireCommand.run(["decode", collector.path("both"), "--quiet"])
        let rest = try send(["both"], collector, port)
        #expect(part.exitCode == 0 && rest.exitCode == 0, "\(part.words)\(rest.words)")
        let note = "1 of 2 documents is left out: it is OTLP logs\n"
        #expect(part.words.contains(note) && rest.words.contains(note), "\(part.words)\(rest.words)")
        try collector.write("", to: "empty")
        let empty = try send(["empty"], collector, port)
        #expect(empty.exitCode == 1 && empty.words.contains("is not sent: it is empty"))
        // A message without spans is understood.
        try collector.write(Self.document(), to: "none")
        let none = try send(["none"], collector, port)
        #expect(
            none.exitCode == 0 && none.words.contains("\(collector.path("none")): no span is in it"), "\(none.words)")
    }

    @Test func `spans that are rejected are named with their file and their place in it`() throws {
        let collector = try RunningCollector()
        let port = try collector.start([])
        try collector.write(Self.document(Self.span + "}"), to: "a")
        try collector.write(
            Self.document(Self.span + "}", #"{"traceId":"a1","spanId":"b2b2b2b2b2b2b2b2"}"#)
                + Self.document(#"{"traceId":"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1","name":"no id"}"#), to: "b")
        try collector.write(Self.document(Self.span + "}"), to: "c")
        let sent = try send(["a", "b", "c"], collector, port)
        #expect(sent.exitCode == 1)
        #expect(sent.words.contains("reported 5, stored 3, rejected 2"), "\(sent.words)")
        let file = collector.path("b")
        #expect(
            sent.words.hasSuffix(
                "spanwire: rejected: \(file), span 2: trace_id has 1 byte, 16 are needed\n"
                    + "spanwire: rejected: \(file), span 3: span_id is missing\n"), "\(sent.words)")
        // One place for a span, which is the file's and not the batch's.
        let lines = sent.words.split(separator: "\n").filter { $0.hasPrefix("spanwire: ") }
        #expect(!lines.contains { $0.contains("resource_spans[") }, "\(sent.words)")
    }
}
