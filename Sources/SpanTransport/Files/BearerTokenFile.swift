import SpanSession

/// Files with bearer tokens, one a line; `BearerTokenText` says how they are read.
package enum BearerTokenFile {
    /// The contents of a file with tokens.
    struct Contents: Sendable {
        var tokens: [String]
        /// Why its owner is not alone with it, for a log; `nil` where he is.
        var exposure: String?
    }

    /// Reads the tokens that a collector accepts.
    ///
    /// - Parameter awaitsWriter: as of `SmallFile.readSecret`.
    /// - Throws: `invalid_setting` when the file cannot be read, holds something that is no token, or no token at all: an
    ///   empty file is taken for a mistake, since it would let everybody in.
    static func read(_ path: String, awaitsWriter: Bool) throws(TransportError) -> Contents {
        let file = try SmallFile.readSecret(path, "the token file", awaitsWriter: awaitsWriter)
        let tokens: [String]
        do throws(BearerTokenFault) {
            tokens = try BearerTokenText.tokens(inLines: file.bytes)
        } catch {
            throw TransportError(.invalidSetting, "the token file \(path): line \(error.number) \(error.words)")
        }
        guard !tokens.isEmpty else {
            throw TransportError(
                .invalidSetting, "the token file \(path) holds no token; write at least one, each on its own line")
        }
        return Contents(tokens: tokens, exposure: file.exposure)
    }

    /// Reads the token that a sender shows.
    ///
    /// - Throws: as `read`, and when there are several: which of them was meant cannot be known.
    static func readOne(_ path: String, awaitsWriter: Bool) throws(TransportError) -> Contents {
        let contents = try read(path, awaitsWriter: awaitsWriter)
        guard contents.tokens.count == 1 else {
            throw TransportError(
                .invalidSetting,
                "the token file \(path) holds \(contents.tokens.count) tokens; a sender shows one, so leave one there")
        }
        return contents
    }

    /// The tokens of a variable of the environment, with blanks between them.
    ///
    /// - Parameter name: the variable's, for the error.
    /// - Throws: `invalid_setting` for something that is no token.
    package static func tokens(in text: String, of name: String) throws(TransportError) -> [String] {
        do throws(BearerTokenFault) {
            return try BearerTokenText.tokens(inWords: text)
        } catch {
            throw TransportError(.invalidSetting, "\(name): token \(error.number) \(error.words)")
        }
    }
}
