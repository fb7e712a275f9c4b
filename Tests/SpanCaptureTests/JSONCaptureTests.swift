import Foundation
import ProtoWire
import SpanCapture
import SpanModel
import SpanSession
import Testing

@Suite struct JSONCaptureTests {
    private static let batch = CaptureTests.batch(["one", "two"])

    private func document() throws -> String { try Self.batch.json(style: .pretty) }

    @Test func `a document is found to be one, white space and a byte order mark before it or not`() throws {
        for text in [
            try document(), " \n\t" + (try document()), "\u{FEFF}" + (try document()), "{}", "{ }",
        ] {
            let capture = Capture(Array(text.utf8))
            #expect(capture.encoding == .json && capture.fault == nil, "\(capture.explanation)")
        }
        let capture = Capture(Array(try document().utf8))
        #expect(capture.message?.spans == Self.batch && capture.message?.spanCount == 2)
    }

    @Test func `a valid message that starts as JSON does stays one`() throws {
        // A group 15 with a string in field 4 that is all JSON's start needs.
        let bytes: [UInt8] = [0x7B, 0x22, 0x02, 0x61, 0x62, 0x7C] + CaptureTests.payload
        let capture = Capture(bytes)
        #expect(capture.fault == nil && capture.encoding == nil && capture.message?.spanCount == 2)
    }

    @Test func `documents behind each other are one message with all spans`() throws {
        let text = try Self.batch.json() + "\n" + document() + "{}" + (try Self.batch.json())
        let capture = Capture(Array(text.utf8))
        #expect(capture.fault == nil && capture.message?.spanCount == 6)
        #expect(
            capture.explanation
                == "OTLP/JSON: \(text.utf8.count) bytes of text, 4 documents that are a valid TracesData together")
        #expect(capture.message?.spans?.resourceSpans.count == 3)
        #expect(try CaptureTests.text(capture).split(separator: "\n").filter { $0.contains("span \"") }.count == 6)
        let again = Capture(Array(try CaptureTests.text(capture, as: .json).utf8))
        #expect(again.message?.spans == capture.message?.spans)
    }

    @Test(arguments: [CaptureForm.json, .protobuf, .frames])
    func `spans come in batches that together are all of them`(form: CaptureForm) throws {
        let names = (0..<20_000).map { "span number \($0)" }
        let groups = stride(from: 0, to: names.count, by: 500).map { Array(names[$0..<$0 + 500]) }
        var bytes: [UInt8] = []
        for (index, group) in groups.enumerated() {
            switch form {
            case .json: bytes += Array(try CaptureTests.batch(group).json().utf8)
            case .protobuf: bytes += CaptureTests.batch(group).encoded()
            default:
                bytes += CaptureTests.frame(
                    .batch, Batch(spans: CaptureTests.batch(group), sequence: UInt64(index)).encoded())
            }
        }
        let capture = Capture(bytes, options: CaptureOptions(form: form))
        let messages = capture.message.map { [$0] } ?? capture.frames.compactMap(\.message)
        let batches = messages.flatMap { Array($0.batches) }
        #expect(batches.flatMap { $0.spans.map(\.name) } == names)
        #expect(batches.count == (form == .frames ? 40 : 2))
    }

    @Test func `keys that are ignored are told, so that snake_case is no puzzle`() {
        let capture = Capture(Array(#"{"resourceSpans":[],"resource_spans":[],"b":1}"#.utf8))
        #expect(capture.explanation.hasSuffix("that are a valid TracesData"))
        #expect(
            capture.notes == [
                "2 keys are ignored: resource_spans, b (resource_spans is spelled resourceSpans in OTLP/JSON)"
            ])
        #expect(Capture(Array("{\"\u{1B}[2J\":1}".utf8)).fault != nil)
        let hostile = Capture(Array(#"{"resourceSpans":[],"\u001b[2J‮":1}"#.utf8))
        #expect(hostile.notes == [#"1 key is ignored: \\u001b[2J\u{202e}"#])
    }

    @Test(
        arguments: [
            (#"{"resource_spans":[{}]}"#, "unknown_json", "resource_spans is spelled resourceSpans in OTLP/JSON"),
            (#"{"ResourceSpans":[{}]}"#, "unknown_json", "ResourceSpans is spelled resourceSpans in OTLP/JSON"),
            (#"{"resourceLogs":[{"scopeLogs":[]}]}"#, "other_signal", "these are OTLP logs"),
            (#"{"resource_metrics":[]}"#, "other_signal", "these are OTLP metrics"),
            (#"{"resourceProfiles":[],"dictionary":{}}"#, "other_signal", "these are OTLP profiles"),
            (#"{"data":[{"traceID":"a","spans":[],"processes":{}}],"total":0}"#, "unknown_json", "Jaeger UI JSON"),
            (#"{"result":{"resourceSpans":[]}}"#, "unknown_json", "Jaeger's API v3"),
            (#"{"batches":[{"scopeSpans":[]}]}"#, "unknown_json", "Tempo's API v1"),
            (#"{"trace":{"resourceSpans":[]}}"#, "unknown_json", "Tempo's API v2"),
            (#"[{"traceId":"a","id":"b","name":"c","timestamp":1,"duration":2}]"#, "unknown_json", "Zipkin v2 JSON"),
            (#"{"log":{"version":"1.2","creator":{},"entries":[]}}"#, "unknown_json", "HAR"),
            (#"{"log":"x\n","stream":"stdout","time":"2026"}"#, "unknown_json", "docker"),
            (#"{"traceEvents":[]}"#, "unknown_json", "Chrome or Perfetto"),
            (#"[[{"trace_id":1,"span_id":2}]]"#, "unknown_json", "Datadog"),
            (#"{"scopeSpans":[]}"#, "unknown_json", "one element of resourceSpans"),
            (#"{"partialSuccess":{}}"#, "unknown_json", "ExportTraceServiceResponse"),
            (#"{"frame":"Hello","offset":0,"length":5,"message":{}}"#, "unknown_json", "session frames"),
            (#"{"a":1,"b":2}"#, "unknown_json", "it starts with a, b; OTLP/JSON has resourceSpans there"),
            ("[]", "unknown_json", "an empty array"), (#"[{"x":1}]"#, "unknown_json", "only x"),
        ])
    func `JSON without one known key at the top is a fault that names what it is`(
        text: String, code: String, words: String
    ) throws {
        for text in [text, text + "\n" + text, " \n" + text] where !(text.hasPrefix("[]\n")) {
            let capture = Capture(Array(text.utf8))
            #expect(capture.fault?.code.rawValue == code, "\(text)")
            #expect(capture.fault?.message.contains(words) == true, "\(capture.fault?.message ?? "")")
            #expect(capture.message == nil && capture.notes.isEmpty)
            #expect(!capture.explanation.contains("a valid"))
        }
        // As far as it goes, and broken anywhere: never a message.
        for count in 0..<text.utf8.count {
            let capture = Capture(Array(text.utf8.prefix(count)), options: CaptureOptions(form: .json))
            #expect(capture.fault != nil || (capture.message?.byteCount ?? 0) == 0, "\(text.prefix(count))")
        }
    }

    @Test func `of several documents those of other signals are left out and told`() throws {
        let text = #"{"resourceLogs":[{}]}"# + "\n" + (try Self.batch.json()) + "\n" + #"{"data":[{"spans":[]}]}"#
        let capture = Capture(Array(text.utf8))
        #expect(capture.fault == nil && capture.message?.spanCount == 2)
        #expect(
            capture.notes == [
                "2 of 3 documents are left out, the first is OTLP logs", "2 keys are ignored: resourceLogs, data",
            ])
    }

    @Test func `an array of documents is its documents`() throws {
        let one = try Self.batch.json()
        for text in ["[\(one),\(one)]", " [ \(one)\n, \(one) ]\n", "[\(one)]\n[\(one)]", "\u{FEFF}[\(one),{},\(one)]"] {
            let capture = Capture(Array(text.utf8))
            #expect(capture.fault == nil && capture.encoding == .json, "\(capture.fault?.description ?? "")")
            #expect(capture.message?.spans?.spanCount == 4 && capture.message?.spanCount == 4)
            #expect(Array(try #require(capture.message?.batches)).reduce(0) { $0 + $1.spanCount } == 4)
        }
        #expect(
            Capture(Array("[\(one),\(one)]".utf8)).explanation.hasSuffix(
                "an array of 2 documents that are a valid TracesData together"))
        for text in [
            "[\(one) \(one)]", "[\(one),]", "[,\(one)]", "[\(one)],", "[\(one)]x", "[\(one)]]", "[\(one),7]",
            "[\(one),\"x\"]",
            "[\(one)]\(one)", "[\(one),[\(one)]]",
        ] {
            let capture = Capture(Array(text.utf8))
            #expect(capture.fault != nil && !capture.isCut && capture.message == nil, "\(text)")
        }
        let whole = Array("[\(one),\(one)]".utf8)
        for count in 2..<whole.count {
            let capture = Capture(Array(whole[..<count]), options: CaptureOptions(form: .json))
            #expect(capture.fault?.code == .truncated || count == 2, "\(count)")
            #expect((capture.message?.spanCount ?? 0) <= 2 * (count > one.utf8.count ? 2 : 1))
        }
    }

    @Test func `a fault has its code, byte, path and line, and shows nothing of the message`() throws {
        let text = try document().replacingOccurrences(of: "0000000000000003", with: "000000000000000g")
        let capture = Capture(Array(text.utf8))
        #expect(capture.message == nil && !capture.isPartial)
        #expect(capture.fault?.code.rawValue == "invalid_id")
        #expect(capture.fault?.path == "resourceSpans[0].scopeSpans[0].spans[0].spanId")
        #expect(capture.fault?.message.hasSuffix("(line 22)") == true, "\(capture.fault?.message ?? "")")
    }

    @Test func `cut anywhere, text gives the spans that were whole`() throws {
        let text = Array(try Self.batch.json().utf8)
        for count in 2..<text.count {
            let capture = Capture(Array(text[..<count]), options: CaptureOptions(form: .json))
            #expect(capture.isCut && capture.fault?.code == .truncated, "\(count)")
            #expect((capture.message?.spans?.spanCount ?? 0) == (capture.message?.spanCount ?? 0))
            if let spans = capture.message?.spans?.spans { #expect(spans.allSatisfy { $0.endTimeUnixNano == 3500 }) }
        }
        let last = Capture(text.dropLast(11))
        #expect(last.isPartial && last.message?.spanCount == 1)
        #expect(last.fault?.path == "resourceSpans[0].scopeSpans[0].spans[1].endTimeUnixNano")
        #expect(Capture(Array(#"{"resourceSpans":["#.utf8)).isPartial == false)
    }

    @Test func `any message has its JSON, and one of another type than asked for is ignored keys`() throws {
        let text = Array(try Batch(spans: Self.batch, sequence: 7).json().utf8)
        let capture = Capture(text, options: CaptureOptions(type: .batch))
        #expect((capture.message?.message as? Batch)?.sequence == 7 && capture.message?.spanCount == 2)
        #expect(
            try CaptureTests.text(capture, as: .json)
                == (try Batch(spans: Self.batch, sequence: 7).json(style: .pretty)) + "\n")
        #expect(
            Capture(text, options: CaptureOptions(type: .ping)).fault?.message
                == "not one key of Ping at the top: it starts with resourceSpans, sequence; "
                + "this looks like OTLP/JSON of traces (decode --type traces)")
    }

    @Test func `limits are those of each document`() throws {
        let text = Array((try Self.batch.json() + "\n" + (try Self.batch.json())).utf8)
        let one = text.count / 2
        let limits = WireLimits(maxPayloadBytes: one)
        #expect(Capture(text, options: CaptureOptions(limits: limits)).fault == nil)
        let tight = Capture(text, options: CaptureOptions(limits: WireLimits(maxPayloadBytes: one - 1)))
        #expect(tight.fault?.code == .payloadTooLarge && tight.content.isNothing)
        #expect(
            Capture(text, options: CaptureOptions(limits: WireLimits(maxDepth: 2))).fault?.code.rawValue == "too_deep")
    }
}

extension Capture.Content {
    fileprivate var isNothing: Bool { if case .nothing = self { true } else { false } }
}
