import Foundation
import ProtoWire
import SpanCapture
import SpanModel
import Testing

/// The table of input × form in which nothing is understood: a fault that says what it looks like, never a message.
@Suite struct UnknownInputTests {
    private static let types: [MessageType] = [.traces, .batch, .response, .hello, .ack]

    private static func text(_ text: String, _ form: CaptureForm? = nil) -> Capture {
        Capture(Array(text.utf8), options: CaptureOptions(form: form))
    }

    @Test(
        arguments: [
            "error", "hello world", "ERROR: no such file", "(null)", "a: 1\nb:\n  - c\n  - d\n", "\nhello",
            "\nhello there\n",
            "Child process ended", "not found", "Überlauf", "ERROR",
        ])
    func `words are told as text, whatever protobuf makes of them`(text: String) {
        let capture = Self.text(text)
        #expect(capture.fault?.code == .unknownProtobuf, "\(capture.explanation) \(capture.fault as Any)")
        #expect(capture.fault?.message.contains("looks like text") == true, "\(capture.fault as Any)")
        #expect(capture.message == nil && !capture.isPartial && !capture.isCut)
    }

    @Test(
        arguments: [
            [0xF8, 0x3F, 0x05], [0xF8, 0x3F, 0x05, 0xF8, 0x3F], [0xFA, 0x3F, 0x02, 1, 2, 0xFA, 0x3F, 0x09, 1],
            [0xFA, 0x3F, 0x09, 1],
        ] as [[UInt8]])
    func `content without a known field is a fault for every message and in every form, whole or cut off`(
        bytes: [UInt8]
    ) {
        let inputs: [(CaptureForm?, [UInt8])] = [
            (nil, bytes), (.protobuf, bytes), (nil, Array(CaptureTests.hex(bytes).utf8)),
            (.hex, Array(CaptureTests.hex(bytes).utf8)), (.base64, Array(Data(bytes).base64EncodedString().utf8)),
        ]
        for type in Self.types {
            for (form, input) in inputs {
                let capture = Capture(input, options: CaptureOptions(form: form, type: type))
                #expect(
                    capture.fault?.code == .unknownProtobuf,
                    "\(type) \(form as Any) \(capture.explanation) \(capture.fault as Any)"
                )
                #expect(capture.fault?.message.contains(type.messageName) == true)
                #expect(capture.message == nil && !capture.isPartial)
            }
        }
    }

    @Test func `known fields beside unknown ones, empty messages and empty containers are valid`() {
        let unknown: [UInt8] = [0xF8, 0x3F, 0x05]
        for bytes in [[], unknown + CaptureTests.payload, CaptureTests.payload + unknown, [0x0A, 0x00]] {
            #expect(Capture(bytes).fault == nil)
            #expect(Capture(bytes, options: CaptureOptions(form: .protobuf)).fault == nil)
        }
        // What is there before a cut is still the start of a message.
        for count in 2..<CaptureTests.payload.count {
            #expect(Capture(Array(CaptureTests.payload[..<count])).fault?.code == .truncated, "\(count)")
        }
    }

    @Test func `digits of which the start is missing are told as a part of a payload`() {
        let capture = Self.text(CaptureTests.hex([0x60, 0x05, 0x78, 0x01]) + "\n")
        #expect(capture.encoding == .hex && capture.fault?.message.contains("whose start is missing") == true)
    }

    @Test func `files of other kinds are told by their first bytes, as they are and as text`() {
        let kinds: [(String, [UInt8])] = [
            ("a gzip file", [0x1F, 0x8B, 8, 0]), ("a zstd file", [0x28, 0xB5, 0x2F, 0xFD, 0x24]),
            ("a bzip2 file", Array("BZh91AY".utf8)), ("an xz file", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0]),
            ("a zip file", [0x50, 0x4B, 3, 4, 20]), ("an SQLite file", Array("SQLite format 3\0\u{10}".utf8)),
            ("a PEM file", Array("-----BEGIN CERTIFICATE-----\nAAAA\n".utf8)), ("a PDF file", Array("%PDF-1.4\n".utf8)),
            ("an ELF file", [0x7F, 0x45, 0x4C, 0x46, 2]), ("HTML or XML", Array(" <!DOCTYPE html>\n<p>x".utf8)),
            ("HTML or XML", Array("<?xml version=\"1.0\"?>".utf8)), ("UTF-16 text", [0xFF, 0xFE, 0x30]),
            ("UTF-16 text", [0x30, 0, 0x61, 0]),
        ]
        for (name, bytes) in kinds {
            for form in [nil, .protobuf, .hex, .base64] as [CaptureForm?] {
                let capture = Capture(bytes, options: CaptureOptions(form: form))
                #expect(
                    capture.fault?.message.hasPrefix("this looks like \(name)") == true,
                    "\(form as Any) \(capture.explanation) \(capture.fault as Any)")
                #expect(capture.message == nil && !capture.isPartial)
            }
            guard name != "UTF-16 text" else { continue }
            let text = Self.text(Data(bytes).base64EncodedString(), .base64)
            #expect(text.fault?.message.hasPrefix("this looks like \(name)") == true, "\(text)")
        }
    }

    // MARK: Text of other systems

    private static func dump(_ bytes: [UInt8], end: String = "\n") -> String {
        stride(from: 0, to: bytes.count, by: 16).map { start in
            let part = bytes[start..<min(start + 16, bytes.count)]
            return String(format: "%08x: ", start) + part.map { String(format: "%02x", $0) }.joined(separator: " ")
        }.joined(separator: end) + end
    }

    @Test func `byte order marks, UTF-16, no-break spaces and carriage returns are read in every form of text`() throws
    {
        let bytes = CaptureTests.payload
        let json = try CaptureTests.text(Capture(bytes), as: .json)
        let texts: [(CaptureForm, String)] = [
            (.hex, CaptureTests.hex(bytes)), (.base64, Data(bytes).base64EncodedString()), (.hex, Self.dump(bytes)),
            (.json, json),
        ]
        for (form, text) in texts {
            let ends = text.replacingOccurrences(of: "\n", with: "\r\n")
            var inputs: [[UInt8]] = [
                Array(("\u{FEFF}" + text).utf8), Array(("\u{FEFF}" + ends + "\r\n").utf8),
                [0xFF, 0xFE] + ends.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] },
                [0xFE, 0xFF] + ends.utf16.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] },
                Array(text.replacingOccurrences(of: "\n", with: "\r").utf8),
            ]
            if form != .json { inputs.append(Array(text.replacingOccurrences(of: " ", with: "\u{A0}").utf8)) }
            for (index, input) in inputs.enumerated() {
                for asked in [nil, form] {
                    let capture = Capture(input, options: CaptureOptions(form: asked))
                    #expect(capture.fault == nil, "\(form) \(index) \(capture.explanation) \(capture.fault as Any)")
                    #expect(capture.encoding == form && capture.message?.spanCount == 2)
                }
            }
        }
    }

    // MARK: Dumps

    @Test(arguments: [" 0a 12", " 120a 1012", " 1012120a"])
    func `lines that repeat in a dump without offsets cannot be written out`(columns: String) {
        for form in [nil, CaptureForm.hex] {
            let capture = Self.text(
                "\(columns)\n\(columns.replacingOccurrences(of: "1", with: "0"))\n*\n\(columns)\n", form)
            #expect(capture.fault?.code == .notHex && capture.fault?.message.hasSuffix("od -v") == true, "\(capture)")
        }
    }

    @Test func `a dump from its last line to its first is out of order, and nothing of it is decoded`() {
        let lines = Self.dump(CaptureTests.batch((0..<20).map { "span \($0)" }).encoded()).split(separator: "\n")
        for form in [nil, CaptureForm.hex] {
            let capture = Self.text(lines.reversed().joined(separator: "\n"), form)
            #expect(capture.fault?.code == .notHex, "\(capture)")
            #expect(capture.fault?.message.hasSuffix("is missing, cut or out of order") == true)
            #expect(capture.explanation.hasPrefix("hex dump (xxd)") && capture.message == nil)
        }
    }

    @Test func `decimal words are named, with zeros and lines that repeat too`() {
        let text = """
            0000000 43274  2567  2603  2582 29452 29285 26998 25955
            0000020 28206 28001  4709  2566 25348 29281  2676  2577
            0000040 26633 29551 11892 24942 25965 10420 52200 12648
            0000060     0     0     0     0     0     0     0     0
            *
            0000100  2170  1042 28514 28015   536 30738  4106 62291
            0000120

            """
        for form in [nil, CaptureForm.hex] {
            #expect(Self.text(text, form).fault?.message.hasPrefix("a dump of decimal numbers") == true)
        }
    }
}
