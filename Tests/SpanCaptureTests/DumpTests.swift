import Foundation
import ProtoWire
import SpanModel
import Testing

@testable import SpanCapture

/// Dumps as real programs write them (Tests/Corpus/dumps), and the same, spoiled.
@Suite struct DumpTests {
    struct Sample {
        var bytes: [UInt8]
        var text: String
    }

    static let programs = [
        "tshark", "scapy", "tcpdump-x", "tcpdump-X", "xxd", "xxd-a", "xxd-b", "xxd-c20-g1", "xxd-e", "xxd-p", "hexdump",
        "hexdump-C", "hexdump-x", "hexdump-b", "od", "od-tx1", "od-Ax-tx1z", "od-Ad-tx1", "od-tx4", "od-tu1",
    ]

    static func samples(_ program: String) throws -> [Sample] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Corpus/dumps/\(program).dumps")
        var samples: [Sample] = []
        for line in try String(contentsOf: file, encoding: .isoLatin1).split(
            separator: "\n", omittingEmptySubsequences: false)
        {
            if line.hasPrefix("@ ") {
                samples.append(Sample(bytes: try #require([UInt8](hex: line.dropFirst(2))), text: ""))
            } else if !line.isEmpty {
                samples[samples.count - 1].text += line + "\n"
            }
        }
        return samples
    }

    private func read(_ text: String) throws -> [TextReading] {
        let choice = TextForms.choice(Array(text.utf8), maxBytes: 1 << 20)
        if choice.readings.isEmpty { throw choice.fault }
        return choice.readings.map(\.reading)
    }

    /// A dump without offsets, or without its end, does not tell all.
    private static let isCertain: Set<String> = Set(programs).subtracting([
        "xxd-p", "hexdump", "hexdump-x", "od-tu1",
    ])

    @Test(arguments: programs)
    func `bytes of every length from 1 to 64 are read from the dumps of every program`(program: String) throws {
        let samples = try Self.samples(program)
        #expect(samples.count == 128)
        for sample in samples {
            let readings = try read(sample.text)
            let first = try #require(readings.first)
            if program == "od-tu1", sample.bytes.count == 1 {
                // One number of three digits is an octal byte (`od -t o1`) as well as a decimal one.
                #expect(readings.contains { $0.bytes == sample.bytes }, "\(sample.text)")
                continue
            }
            #expect(first.bytes == sample.bytes, "\(first.name):\n\(sample.text)")
            // A line alone can be more than one thing, and so can lines that repeat up to an offset to any base; what is read
            // first is right.
            if Self.isCertain.contains(program), sample.bytes.count > 20, !sample.text.contains("\n*\n") {
                #expect(readings.count == 1 && first.fit == .exact && first.notes.isEmpty, "\(first)\n\(sample.text)")
            }
        }
    }

    @Test(arguments: programs)
    func `in each dump a payload is found as it is`(program: String) throws {
        for sample in try Self.samples(program) where program != "xxd-e" && !program.hasPrefix("tcpdump") {
            // As `tcpdump` shows packets, there is no payload of ours in its dumps.
            let capture = Capture(Array(sample.text.utf8), options: CaptureOptions(form: .hex))
            if let batch = try? SpanBatch(decoding: sample.bytes) {
                let isKnown = sample.bytes.isEmpty || !batch.resourceSpans.isEmpty
                #expect(capture.fault?.code == (isKnown ? nil : .unknownProtobuf), "\(sample.text)")
            }
            if let message = capture.message { #expect(message.byteCount == sample.bytes.count || capture.isPartial) }
        }
    }

    @Test(arguments: ["tshark", "scapy", "xxd", "hexdump-C", "tcpdump-X"])
    func `whatever stands in the place of the text is no byte`(program: String) throws {
        for sample in try Self.samples(program) where sample.bytes.count > 16 {
            var lines = sample.text.split(separator: "\n").map(String.init)
            let full = try #require(lines.first { $0.contains("0000  ") || $0.contains("0000: ") })
            let last = try #require(lines.lastIndex { $0.contains("  ") && !$0.hasPrefix("14:") })
            let column = full.count - (program == "hexdump-C" ? 18 : 16)
            for spoiled in ["1000", "00", "de ad be ef", "00 00", "0010: 3030 3030"] {
                lines[last] =
                    lines[last].padding(toLength: column, withPad: " ", startingAt: 0)
                    + (program == "hexdump-C" ? "|\(spoiled)|" : spoiled)
                let first = try #require(try read(lines.joined(separator: "\n")).first)
                #expect(first.bytes == sample.bytes, "\(first.name): \(lines)")
                #expect(first.fit == .exact || first.notes.contains { $0.contains("line \(last + 1)") })
            }
        }
    }

    @Test func `a text that contradicts the bytes is told with its line; the bytes are taken`() throws {
        let text = """
            0000  0a 12 12 10 12 0e 0a 02 01 02 12 02 05 06 2a 04   ..............*.
            0010  6f 6b 6f 6b                                       okay

            """
        let capture = Capture(Array(text.utf8))
        #expect(capture.message?.spans?.resourceSpans.first?.scopeSpans.first?.spans.first?.name == "okok")
        #expect(capture.notes == ["the text beside the bytes contradicts them in line 2; the bytes are taken"])
    }

    @Test(arguments: ["tshark", "scapy", "xxd", "od-Ax-tx1z"])
    func `blanks that were lost are told by the text`(program: String) throws {
        for sample in try Self.samples(program) {
            // What is all blanks is gone with them.
            guard !sample.bytes.contains(0x20), !sample.bytes.contains(where: { $0 < 0x20 && $0 > 0x7E }) else {
                continue
            }
            let text = sample.text.split(separator: "\n").map { line in
                line.split(separator: " ").joined(separator: " ")
            }.joined(separator: "\n")
            let first = try #require(try read(text).first, "\(text)")
            #expect(first.bytes == sample.bytes, "\(first.name):\n\(text)")
        }
    }

    @Test func `lines that repeat are written out, up to the limit`() throws {
        let zeros = [UInt8](repeating: 0, count: 16)
        let dumps = [
            "00000000: 0000 0000 0000 0000 0000 0000 0000 0000  ................\n*\n00000040: 0102  ..\n",
            "0000000 0000 0000 0000 0000 0000 0000 0000 0000\n*\n0000040 0201\n0000042\n",
            "0000000 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n*\n0000100 01 02\n0000102\n",
            "0000000 000000 000000 000000 000000 000000 000000 000000 000000\n*\n0000100 001001\n0000102\n",
        ]
        for (index, dump) in dumps.enumerated() {
            let last: [UInt8] = index == 3 ? [1, 2] : [1, 2]
            #expect(try read(dump).first?.bytes == zeros + zeros + zeros + zeros + last, "\(dump)")
        }
        let huge = "0000000 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n*\n77777777777\n"
        #expect(Capture(Array(huge.utf8), options: CaptureOptions(form: .hex)).fault?.code == .payloadTooLarge)
    }

    @Test func `packets one after the other are read together, their details left out`() throws {
        let payload = CaptureTests.payload
        let samples = [Array(payload[..<40]), Array(payload[40...])]
        var text = "Frame 1: 40 bytes on wire\n    0100 .... = Version: 4\n    0000 00.. = Code\n\n"
        for bytes in samples {
            for start in stride(from: 0, to: bytes.count, by: 16) {
                let line = bytes[start..<min(start + 16, bytes.count)]
                let digits = line.map { String(format: "%02x", $0) }.joined(separator: " ")
                let marks = String(decoding: line.map { (0x20..<0x7F).contains($0) ? $0 : 0x2E }, as: UTF8.self)
                text +=
                    String(format: "%04x  ", start) + digits.padding(toLength: 50, withPad: " ", startingAt: 0) + marks
                    + "\n"
            }
            text += "\nFrame 2: more\n"
        }
        let capture = Capture(Array(text.utf8))
        #expect(capture.message?.spanCount == 2 && capture.notes.isEmpty, "\(capture.explanation) \(capture.notes)")
        #expect(capture.explanation.hasPrefix("hex dump (tshark) in 2 blocks of raw protobuf: "))
    }

    @Test func `every other dump with one line that is cut or left out is a fault, or is told`() throws {
        for program in ["tshark", "xxd", "tcpdump-X", "hexdump-C"] {
            for sample in try Self.samples(program) where sample.bytes.count > 33 {
                var lines = sample.text.split(separator: "\n")
                lines.remove(at: 1)
                for reading in (try? read(lines.joined(separator: "\n"))) ?? [] {
                    #expect(reading.fit != .exact, "\(reading)\n\(lines)")
                }
            }
        }
    }

    @Test func `any text ends in a reading or in a fault, soon`() throws {
        let seed = ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        let pieces = [
            "0000", "00000000", "0010", "0x0000:", ":", " ", "  ", "\n", "*\n", "|", ">", "<", "0a", "12", "30 31",
            "ff", "ffffffff",
            "\t", "é", "\r\n", "0000020", "-1", "255", "{", "[", "\u{0}",
        ]
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            let capture = Capture(
                Array(text.utf8), options: CaptureOptions(limits: WireLimits(maxPayloadBytes: 1 << 16)))
            #expect(capture.fault != nil || !capture.explanation.isEmpty, "SEED=\(seed)")
        }
    }
}
