/// Files with bearer tokens, one a line.
public enum BearerTokenFile {
    /// The tokens of a text: its words, split at white space. A token itself has none.
    public static func tokens(in text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    /// Reads a file.
    ///
    /// - Throws: `invalid_setting` when it cannot be read or holds no token: an empty file is taken for a mistake, since it
    ///   would let everybody in.
    static func read(_ path: String) throws(TransportError) -> [String] {
        let tokens = tokens(in: String(decoding: try SmallFile.read(path, "the token file"), as: UTF8.self))
        guard !tokens.isEmpty else {
            throw TransportError(
                .invalidSetting, "the token file \(path) holds no token; write at least one, each on its own line")
        }
        return tokens
    }
}
