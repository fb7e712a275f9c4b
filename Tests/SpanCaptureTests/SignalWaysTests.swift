import Foundation
import ProtoWire
import SpanCapture
import SpanModel
import SpanSession
import Testing

/// The table of kind (signal) × form × type: by whatever way bytes of another signal come in, they are told in the same
/// words, and nothing of them is decoded.
@Suite struct SignalWaysTests {
    /// The ways in which encoded bytes come in, frames apart.
    private static func texts(_ bytes: [UInt8]) -> [(name: String, text: [UInt8])] {
        [
            ("raw", bytes), ("hex", Array(CaptureTests.hex(bytes).utf8)),
            ("base64", Array(Data(bytes).base64EncodedString().utf8)),
        ]
    }

    private static func specimen(_ name: String) throws -> [UInt8] {
        try #require(try SignalTests.specimens().first { $0.name == name }).payload
    }

    private static func isRefused(_ capture: Capture, _ words: String) -> Bool {
        capture.fault?.code == .otherSignal && capture.fault?.message == words && capture.message == nil
            && capture.frames.allSatisfy { $0.message == nil } && !capture.isPartial && !capture.isCut
    }

    @Test func `encoded bytes of another signal are told as any message, and in frames of any kind`() throws {
        for specimen in try SignalTests.specimens() where specimen.signal != "traces" {
            let words = try #require(Capture(specimen.payload).fault).message
            #expect(words.hasPrefix("these are OTLP \(specimen.signal) ("), "\(specimen.name)")
            for type in MessageType.allCases {
                for (form, text) in Self.texts(specimen.payload) {
                    let capture = Capture(text, options: CaptureOptions(type: type))
                    #expect(Self.isRefused(capture, words), "\(specimen.name) \(form) \(type): \(capture.explanation)")
                }
                let raw = Capture(specimen.payload, options: CaptureOptions(form: .protobuf, type: type))
                #expect(Self.isRefused(raw, words), "\(specimen.name) \(type)")
            }
            let frame = CaptureTests.frame(.batch, specimen.payload)
            for (form, text) in Self.texts(frame) {
                #expect(Self.isRefused(Capture(text), words), "\(specimen.name) frame \(form)")
            }
            let forced = Capture(frame, options: CaptureOptions(form: .frames))
            #expect(Self.isRefused(forced, words), "\(specimen.name) frame")
        }
    }

    @Test(
        arguments: [
            (#"{"resourceLogs":[{"scopeLogs":[]}]}"#, "logs", "resourceLogs"),
            (#"{"resourceMetrics":[]}"#, "metrics", "resourceMetrics"),
            (#"{"resourceProfiles":[],"dictionary":{}}"#, "profiles", "resourceProfiles"),
            (#"{"partialSuccess":{"rejectedLogRecords":"3"}}"#, "logs", "rejectedLogRecords"),
            (#"{"partialSuccess":{"rejectedDataPoints":3}}"#, "metrics", "rejectedDataPoints"),
        ])
    func `JSON of another signal is told as any message`(text: String, signal: String, key: String) {
        let words = "these are OTLP \(signal) (the key \(key)), and only traces are read"
        for type in MessageType.allCases where type != .ack {
            for text in [text, text + "\n" + text, "[\(text)]", " " + text] {
                for form in [nil, CaptureForm.json] {
                    let capture = Capture(Array(text.utf8), options: CaptureOptions(form: form, type: type))
                    #expect(Self.isRefused(capture, words), "\(text) \(type): \(capture.fault?.message ?? "")")
                }
            }
        }
    }

    @Test func `an answer to a trace export is decoded, and said to be the same as those to other signals`() {
        let bytes: [UInt8] = [0x0A, 0x02, 0x08, 0x03]
        let capture = Capture(bytes, options: CaptureOptions(type: .response))
        #expect(capture.fault == nil)
        #expect(
            capture.explanation.hasSuffix("ExportTraceServiceResponse, as are answers to logs, metrics and profiles"))
        let json = Array(#"{"partialSuccess":{"rejectedSpans":"3"}}"#.utf8)
        #expect(Capture(json, options: CaptureOptions(type: .response)).fault == nil)
    }

    @Test func `JSON that is known by its program is named whatever message was asked for`() {
        for type in MessageType.allCases {
            let capture = Capture(Array(#"{"traceEvents":[]}"#.utf8), options: CaptureOptions(type: type))
            #expect(capture.fault?.code == .unknownJSON)
            #expect(
                capture.fault?.message.hasSuffix("; this looks like a trace of Chrome or Perfetto, which is not OTLP")
                    == true)
        }
    }

    @Test func `a span among many records of other signals is not dropped in silence`() throws {
        let log = try Self.specimen("log-time-only")
        let span = try Self.specimen("span-whole")
        let metric = try Self.specimen("metric-sum")
        let logs = (0..<99).flatMap { _ in log }
        for (bytes, words) in [
            (logs + span, "1 span"), (span + span + logs + metric, "2 spans, 1 metric"),
        ] {
            let words =
                "these are OTLP logs (99 log records), and only traces are read; among them are left out: \(words)"
            for type in [MessageType.traces, .batch] {
                for (form, text) in Self.texts(bytes) {
                    let capture = Capture(text, options: CaptureOptions(type: type))
                    #expect(Self.isRefused(capture, words), "\(form): \(capture.fault?.message ?? "")")
                }
            }
            #expect(Self.isRefused(Capture(CaptureTests.frame(.batch, bytes)), words))
        }
    }

    @Test func `fields that nobody knows, groups included, hide no signal`() throws {
        let groups: [[UInt8]] = [
            [0x7B, 0x7C], [0x7B, 0x08, 0x01, 0x12, 0x01, 0x41, 0x7B, 0x7C, 0x7C], [0xFB, 0x3F, 0xFC, 0x3F],
            [0xF8, 0x3F, 0x05],
        ]
        for name in ["log-time-only", "metric-sum"] {
            let payload = try Self.specimen(name)
            let words = try #require(Capture(payload).fault).message
            for group in groups {
                for bytes in [payload + group, group + payload] {
                    #expect(Self.isRefused(Capture(bytes), words), "\(name) \(group)")
                    #expect(Self.isRefused(Capture(CaptureTests.frame(.batch, bytes)), words), "\(name) \(group)")
                }
            }
        }
        // Inside a record, a scope and a resource.
        for group in groups {
            let record = [0x09, 1, 2, 3, 4, 5, 6, 7, 8] + group
            func field(_ key: UInt8, _ content: [UInt8]) -> [UInt8] { [key, UInt8(content.count)] + content }
            let bytes = field(0x0A, field(0x12, field(0x12, record) + group) + group)
            #expect(Capture(bytes).fault?.code == .otherSignal, "\(group)")
        }
        let span = try Self.specimen("span-whole")
        for group in groups { #expect(Capture(span + group).message?.spanCount == 1) }
    }

    @Test func `records of other signals among spans are told, in frames with the frame`() throws {
        let bytes = try Self.specimen("spans-many") + Self.specimen("log-time-only")
        let words = "1 of the spans looks like a record of another signal"
        for type in [MessageType.traces, .batch] {
            let capture = Capture(bytes, options: CaptureOptions(type: type))
            #expect(capture.fault == nil && capture.notes == [words])
        }
        let frames = CaptureTests.frame(.ping, Ping(token: 5).encoded()) + CaptureTests.frame(.batch, bytes)
        let capture = Capture(frames)
        #expect(capture.fault == nil && capture.notes == ["in the frame at byte 7: \(words)"])
    }

    @Test
    func `cut anywhere, no record of another signal passes for a span, nor a span for one; what tells nothing is said`()
        throws
    {
        let untold = "the input ends before a record that tells its signal"
        var counts = (refused: 0, untold: 0)
        for specimen in try SignalTests.specimens() where specimen.payload.count < 400 {
            // Before them all have the same resource.
            for count in stride(from: 30, to: specimen.payload.count, by: 1) {
                let part = Array(specimen.payload[..<count])
                let frame = Array(CaptureTests.frame(.batch, specimen.payload)[..<(count + FrameHead.byteCount)])
                let ways = [
                    (part, CaptureForm.protobuf, MessageType.traces), (part, .protobuf, .batch),
                    (frame, .frames, .traces),
                ]
                // All ways at some lengths, one at each.
                for (bytes, form, type) in ways.prefix(count % 5 == 0 ? 3 : 1) {
                    let capture = Capture(bytes, options: CaptureOptions(form: form, type: type))
                    let isOther = capture.fault?.code == .otherSignal
                    let isTold = capture.notes.contains { $0.contains(untold) }
                    let name = "\(specimen.name) \(count) \(form)"
                    if specimen.signal == "traces" {
                        #expect(!isOther, "\(name)")
                    } else if isOther {
                        #expect(capture.message == nil && !capture.isPartial, "\(name)")
                        counts.refused += 1
                    } else {
                        let isShown = capture.message != nil || capture.frames.contains { $0.message != nil }
                        #expect(capture.fault?.code == .truncated && (isTold || !isShown), "\(name) \(capture.notes)")
                        counts.untold += 1
                    }
                }
            }
        }
        #expect(counts.refused > 1000 && counts.untold > 1000, "\(counts)")
        // The first bytes of a record tell a log by its time, and a metric by its name.
        for (name, count) in [("log-time-only", 43), ("metric-sum", 60)] {
            let capture = Capture(Array(try Self.specimen(name)[..<count]))
            #expect(capture.fault?.code == .otherSignal, "\(name) \(capture.fault?.message ?? "")")
        }
        let span = Capture(Array(try Self.specimen("span-whole")[..<70]))
        #expect(span.isPartial && span.notes.isEmpty)
    }
}
