import Foundation
import ProtoWire
import SpanCapture
import SpanModel
import SpanSession
import Testing

/// Messages of every signal as google.protobuf encodes them (Tests/Corpus/signals.tsv).
@Suite struct SignalTests {
    struct Specimen {
        var name: String
        var signal: String
        var payload: [UInt8]
    }

    static func specimens() throws -> [Specimen] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Corpus/signals.tsv")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst().map { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            return Specimen(
                name: String(columns[0]), signal: String(columns[1]),
                payload: try #require([UInt8](hex: columns[2])))
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String { CaptureTests.hex(bytes) }

    @Test func `logs, metrics and profiles are named and not decoded; spans are decoded, however damaged`() throws {
        let specimens = try Self.specimens()
        #expect(specimens.count > 70)
        for specimen in specimens {
            for bytes in [specimen.payload, Array(Self.hex(specimen.payload).utf8)] where !bytes.isEmpty {
                let capture = Capture(bytes)
                if specimen.signal == "traces" {
                    #expect(capture.fault == nil && capture.message?.spans != nil, "\(specimen.name)")
                } else {
                    #expect(capture.fault?.code == .otherSignal, "\(specimen.name)")
                    #expect(capture.fault?.message.hasPrefix("these are OTLP \(specimen.signal)") == true)
                    #expect(capture.message == nil && !capture.isPartial, "\(specimen.name)")
                    #expect(capture.explanation.hasSuffix("bytes of OTLP \(specimen.signal)"))
                }
            }
        }
    }

    @Test func `several messages of one signal behind each other are that signal`() throws {
        let specimens = try Self.specimens()
        for signal in ["logs", "metrics"] {
            let all = specimens.filter { $0.signal == signal }.flatMap(\.payload)
            #expect(Capture(all).fault?.message.hasPrefix("these are OTLP \(signal) (") == true)
        }
        let all = specimens.filter { $0.signal == "traces" }.flatMap(\.payload)
        #expect(Capture(all).fault == nil)
    }

    @Test func `one log record among many spans is told, and the spans are decoded`() throws {
        let specimens = try Self.specimens()
        let spans = try #require(specimens.first { $0.name == "spans-many" }).payload
        let log = try #require(specimens.first { $0.name == "log-time-only" }).payload
        let capture = Capture(spans + log)
        #expect(capture.fault == nil && capture.notes == ["1 of the spans looks like a record of another signal"])
        #expect(Capture(spans).notes.isEmpty)
    }

    @Test func `cut anywhere behind its first record, a message of another signal is no span`() throws {
        for specimen in try Self.specimens()
        where ["log-many", "metric-sum"].contains(specimen.name) {
            // Behind the resource and the scope, some bytes of the first record.
            for count in 100..<specimen.payload.count {
                let capture = Capture(Array(specimen.payload[..<count]))
                #expect(capture.fault?.code == .otherSignal, "\(specimen.name) \(count)")
            }
        }
    }

    @Test func `what a sender puts into the spans of a batch is held to be spans in frames too`() throws {
        let logs = try #require(try Self.specimens().first { $0.name == "log-full" }).payload
        let capture = Capture(CaptureTests.frame(.batch, logs), options: CaptureOptions(form: .frames))
        #expect(capture.fault?.code == .otherSignal)
    }
}
