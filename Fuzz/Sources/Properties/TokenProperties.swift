import SpanSession

/// What must hold for any bytes of a file with bearer tokens.
public enum TokenProperties {
    /// - Returns: what does not hold; `nil` when all does.
    public static func hold(_ bytes: [UInt8]) -> String? {
        lines(bytes) ?? words(bytes)
    }

    // MARK: A file

    private static func lines(_ bytes: [UInt8]) -> String? {
        let naive = naiveLines(bytes)
        do throws(BearerTokenFault) {
            let tokens = try BearerTokenText.tokens(inLines: bytes)
            guard let naive = naive.tokens else { return "\(tokens.count) tokens of a text that has a fault" }
            guard tokens == naive else { return "\(tokens.count) tokens, not the \(naive.count) that are there" }
            return tokens.lazy.compactMap(token).first ?? rewritten(tokens)
        } catch {
            guard let line = naive.faultyLine else { return "a fault where none is: \(error)" }
            guard error.number == line else { return "a fault in line \(error.number), and it is in \(line)" }
            return hidesContent(error, bytes)
        }
    }

    /// The same by whole lines and a look at each, the plain way.
    private static func naiveLines(_ bytes: [UInt8]) -> (tokens: [String]?, faultyLine: Int?) {
        var lines: [[UInt8]] = [[]]
        for byte in bytes { if byte == 10 { lines.append([]) } else { lines[lines.count - 1].append(byte) } }
        var tokens: [String] = []
        for (index, line) in lines.enumerated() {
            var line = line
            if line.last == 13 { line.removeLast() }
            while let first = line.first, first == 32 || first == 9 { line.removeFirst() }
            while let last = line.last, last == 32 || last == 9 { line.removeLast() }
            if line.isEmpty || line[0] == 35 { continue }
            guard isToken(line) else { return (nil, index + 1) }
            tokens.append(String(decoding: line, as: UTF8.self))
        }
        return (tokens, nil)
    }

    /// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`, and not too short.
    private static func isToken(_ bytes: [UInt8]) -> Bool {
        var head = bytes
        while head.last == 61 { head.removeLast() }
        return bytes.count >= 16 && !head.isEmpty && head.allSatisfy(characters.contains)
    }

    private static let characters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/".utf8)

    private static func token(_ token: String) -> String? {
        isToken(Array(token.utf8)) ? nil : "what is no token is taken for one"
    }

    /// What was read is read again however it is laid out.
    private static func rewritten(_ tokens: [String]) -> String? {
        var text: [UInt8] = Array("# \u{FC}\r\n\n".utf8)
        for token in tokens { text += Array(" \t\(token)\t \r\n#\(token)\n \n".utf8) }
        do throws(BearerTokenFault) {
            let again = try BearerTokenText.tokens(inLines: text)
            return again == tokens ? nil : "laid out otherwise the tokens are others"
        } catch {
            return "laid out otherwise there is a fault: \(error)"
        }
    }

    // MARK: The environment

    private static func words(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        let words = Array(text.utf8).split { [32, 9, 10, 13].contains($0) }.map(Array.init)
        let faulty = words.firstIndex { !isToken($0) }
        do throws(BearerTokenFault) {
            let tokens = try BearerTokenText.tokens(inWords: text)
            guard faulty == nil else { return "a word that is no token is taken for one" }
            return tokens.map { Array($0.utf8) } == words ? nil : "the words are not the tokens"
        } catch {
            guard let faulty else { return "a fault where none is: \(error)" }
            guard error.number == faulty + 1 else { return "a fault in word \(error.number), not \(faulty + 1)" }
            return hidesContent(error, bytes)
        }
    }

    /// A fault says the same whatever the text's bytes are: nothing but its reason and number go into its words.
    private static func hidesContent(_ fault: BearerTokenFault, _ bytes: [UInt8]) -> String? {
        knownWords.contains(fault.words) ? nil : "a fault has words of its own"
    }

    /// The words of each reason, as texts without a secret bring them about.
    private static let knownWords: Set<String> = {
        let texts: [[UInt8]] = [
            Array("a b".utf8), [97, 0], [97, 200], Array("!".utf8), [0xEF, 0xBB, 0xBF, 97], Array("a".utf8),
        ]
        var words: Set<String> = []
        for text in texts {
            do throws(BearerTokenFault) { _ = try BearerTokenText.tokens(inLines: text) } catch {
                words.insert(error.words)
            }
        }
        return words
    }()
}

/// Texts like those of token files, from a seed.
public enum TokenTexts {
    /// A few lines: good tokens, comments and blanks, and with them, mostly once, what a slip of the pen or another program
    /// leaves in such a file.
    public static func make(seed: UInt64) -> [UInt8] {
        var random = SmallGenerator(seed: seed)
        var text: [UInt8] = []
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            text += line(&random)
            text += [[10], [13, 10], [10, 10], [13], []][Int.random(in: 0..<5, using: &random)] as [UInt8]
        }
        for _ in 0..<Int.random(in: 0...2, using: &random) where !text.isEmpty {
            let place = Int.random(in: 0..<text.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: text[place] = UInt8.random(in: 0...255, using: &random)
            case 1: text.insert([32, 9, 35, 61, 10, 0, 0xEF][Int.random(in: 0..<7, using: &random)], at: place)
            default: text.remove(at: place)
            }
        }
        return text
    }

    private static func line(_ random: inout SmallGenerator) -> [UInt8] {
        let alphabet = Array("ABCXYZabcxyz0189-._~+/".utf8)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return Array("# staging only, \u{FC}ber alles".utf8)
        case 1: return Array(" \t ".utf8)
        case 2: return [0xEF, 0xBB, 0xBF]
        case 3: return Array("correct horse battery staple".utf8)
        default:
            let length = Int.random(in: 12...40, using: &random)
            let padding = [UInt8](repeating: 61, count: Int.random(in: 0...2, using: &random))
            return (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] } + padding
        }
    }
}
