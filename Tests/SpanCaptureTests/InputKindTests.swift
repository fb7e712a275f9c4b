import Foundation
import SpanCapture
import SpanModel
import Testing

/// The table of input kind × form: what is blank, empty, or JSON without a document is told as that by every way in.
@Suite struct InputKindTests {
    private static let textForms: [CaptureForm?] = [nil, .hex, .base64, .json]

    @Test(
        arguments: [
            " ", "  ", "\n", "\n\n\n\n\n\n\n\n\n\n\n\n", "\r\n\r\n", "\u{FEFF}", "\u{FEFF} \n", "\u{0C}",
            "\u{0B}\u{0C}\n", "\u{A0}", " \u{A0}\n",
            "\u{85}",
            "\u{3000}\u{2009}", "\u{200B}\n", "\u{2028}", "\u{FEFF}\u{FEFF}",
        ])
    func `white space and nothing else is blank, as any text`(text: String) {
        for form in Self.textForms {
            for type in [MessageType.traces, .batch, .response] {
                let capture = Capture(Array(text.utf8), options: CaptureOptions(form: form, type: type))
                #expect(
                    capture.fault
                        == CaptureError(.blank, "the input is blank, white space and nothing else", offset: 0),
                    "\(form as Any) \(capture.explanation)")
                #expect(capture.message == nil && !capture.isPartial)
            }
        }
    }

    @Test(arguments: [[0xFF, 0xFE], [0xFE, 0xFF]] as [[UInt8]])
    func `the mark of UTF-16 alone is blank`(bytes: [UInt8]) {
        for form in Self.textForms {
            #expect(Capture(bytes, options: CaptureOptions(form: form)).fault?.code == .blank)
        }
    }

    @Test func `no bytes at all are an empty message in every form`() {
        for form in [nil, .protobuf, .hex, .base64, .json, .frames] as [CaptureForm?] {
            let capture = Capture([], options: CaptureOptions(form: form))
            #expect(capture.fault == nil && (capture.message?.spanCount ?? 0) == 0, "\(form as Any)")
        }
    }

    @Test(
        arguments: [
            (
                "[1,2]",
                "a number where an object is expected; bytes as decimal numbers are not read, hexadecimal digits are", 1
            ),
            (
                "[1",
                "a number where an object is expected; bytes as decimal numbers are not read, hexadecimal digits are", 1
            ),
            (
                " [ -1.5e3 ]",
                "a number where an object is expected; bytes as decimal numbers are not read, hexadecimal digits are", 3
            ),
            (#"["a"]"#, "a string where an object is expected", 1),
            (#"["a","#, "a string where an object is expected", 1),
            ("[null]", "null where an object is expected", 1),
            ("[true, false]", "true or false where an object is expected", 1),
            ("[[{}]]", "an array where an object is expected", 1), ("[[1]]", "an array where an object is expected", 1),
            (
                #""abc""#,
                "a string where an object is expected; hexadecimal or base64 text is read without the quotes", 0
            ),
            ("null", "null where an object is expected", 0), ("true", "true or false where an object is expected", 0),
            ("false\n", "true or false where an object is expected", 0),
            ("-1", "a number where an object is expected", 0),
            ("1.5", "a number where an object is expected", 0), ("123", "a number where an object is expected", 0),
        ])
    func `JSON that has no document is told as JSON, with what stands in its place`(
        text: String, words: String, offset: Int
    ) {
        for form in [nil, CaptureForm.json] {
            for type in [MessageType.traces, .batch, .response] {
                let capture = Capture(Array(text.utf8), options: CaptureOptions(form: form, type: type))
                #expect(capture.encoding == .json && capture.explanation.hasPrefix("JSON: "), "\(capture.explanation)")
                #expect(capture.fault?.code.rawValue == "wrong_type" && capture.fault?.message == words, "\(capture)")
                #expect(capture.fault?.offset == offset && capture.message == nil && !capture.isPartial)
            }
        }
    }

    @Test(arguments: ["[", " [\n", "{", "\u{FEFF}{ "])
    func `the start of JSON and nothing more is JSON that ends too early`(text: String) {
        for form in [nil, CaptureForm.json] {
            let capture = Capture(Array(text.utf8), options: CaptureOptions(form: form))
            #expect(capture.encoding == .json && capture.fault?.code == .truncated, "\(capture)")
            #expect(!capture.isPartial)
        }
    }

    @Test(arguments: ["[INFO] x", "[2026-01-01] x", "12", "3031", "\"abc", "nul"])
    func `what only looks like JSON is not told as JSON`(text: String) {
        #expect(Capture(Array(text.utf8)).encoding != .json)
    }
}
