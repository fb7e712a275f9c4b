import SpanSession
import Testing

/// What is a bearer token where people write it down, and what is not.
@Suite struct BearerTokenTextTests {
    static let token = "8f2c6e0d9b7a4c1e"

    /// The tokens, or the fault, of a file.
    static func read(_ text: [UInt8]) -> Result<[String], BearerTokenFault> {
        Result { () throws(BearerTokenFault) in try BearerTokenText.tokens(inLines: text) }
    }

    static func read(_ text: String) -> Result<[String], BearerTokenFault> { read(Array(text.utf8)) }

    @Test(
        arguments: [
            ("", []), ("\n\n", []), (" \t \r\n", []), ("# staging only", []), ("#\n # indented \u{FC}\n\t#\n", []),
            (token, [token]), (token + "\n", [token]), (token + "\r\n", [token]), (token + "\r", [token]),
            ("  \(token)\t \n", [token]), ("# staging only\n\(token)\n", [token]),
            ("\(token)==\n\n\(token)-._~+/\n", ["\(token)==", "\(token)-._~+/"]),
            ("\(token)\n\(token)\n", [token, token]), ("###############\n\(token)", [token]),
        ] as [(String, [String])])
    func `one token a line; line ends, blanks around it, empty lines and comments are no part of any`(
        text: String, expected: [String]
    ) { #expect(Self.read(text) == .success(expected)) }

    @Test(
        arguments: [
            ("correct horse battery staple", 1, .blankInside), ("\(token)\n\(token) # staging\n", 2, .blankInside),
            ("\(token)\t\(token)", 1, .blankInside), ("\n# good\n\(token)\u{0}\n", 3, .controlCharacter),
            ("\(token)\r\(token)\n", 1, .controlCharacter), ("\(token)\r\r\n", 1, .controlCharacter),
            ("\u{7F}\(token)", 1, .controlCharacter), ("\(token)\u{FC}", 1, .notASCII),
            ("\u{A0}\(token)", 1, .notASCII), ("\u{FEFF}\(token)", 1, .byteOrderMark),
            ("\u{FEFF}# comment\n\(token)", 1, .byteOrderMark), ("\(token)\n\u{FEFF}\(token)", 2, .notASCII),
            ("\"\(token)\"", 1, .otherCharacter), ("\(token),\(token)", 1, .otherCharacter),
            ("\(token)=\(token)", 1, .otherCharacter), ("================", 1, .otherCharacter),
            ("=\(token)", 1, .otherCharacter), ("token: \(token)", 1, .otherCharacter),
            ("\(token.dropLast())", 1, .tooShort),
            ("\(token)\nstaging\n", 2, .tooShort),
        ] as [(String, Int, BearerTokenFault.Reason)])
    func `anything else is a fault with its line`(text: String, line: Int, reason: BearerTokenFault.Reason) {
        guard case .failure(let fault) = Self.read(text) else {
            Issue.record("no fault in \(text.debugDescription)")
            return
        }
        #expect(fault.number == line)
        #expect(fault.reason == reason)
        #expect(!fault.words.contains("8f2c") && !fault.words.contains("horse"))
    }

    @Test func `bytes that are no UTF-8 are a fault, and never equal to others`() {
        for text: [UInt8] in [[0xFF, 0x20, 0x80], [UInt8](repeating: 0x80, count: 20), [0xFF, 0xFE, 0x61, 0]] {
            guard case .failure(let fault) = Self.read(text) else {
                Issue.record("no fault in \(text)")
                continue
            }
            #expect(fault.number == 1 && fault.reason == .notASCII)
        }
    }

    @Test func `of the environment, words; none of them may be anything but a token`() throws {
        #expect(try BearerTokenText.tokens(inWords: " \t\n") == [])
        #expect(try BearerTokenText.tokens(inWords: "\(Self.token)\n") == [Self.token])
        #expect(try BearerTokenText.tokens(inWords: "\(Self.token)  \(Self.token)=") == [Self.token, "\(Self.token)="])
        for (text, number) in [("correct horse battery staple", 1), ("\(Self.token) # \(Self.token)", 2)] {
            let fault = #expect(throws: BearerTokenFault.self) { try BearerTokenText.tokens(inWords: text) }
            #expect(fault?.number == number)
        }
    }
}
