/// Files that hold bearer tokens, one a line.
enum TokenFile {
    /// The tokens: the lines without the white space around them, empty ones left out.
    ///
    /// - Throws: `CommandFailure` when the file cannot be read or holds no token.
    static func read(_ path: String) throws -> [String] {
        let bytes = try InputFile.read(path, maxBytes: 1 << 20)
        let tokens = String(decoding: bytes, as: UTF8.self)
            .split(whereSeparator: \.isWhitespace)
            .map(String.init)
        guard !tokens.isEmpty else { throw CommandFailure("the token file \(path) holds no token") }
        return tokens
    }
}
