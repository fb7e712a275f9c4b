extension String {
    /// Returns the text, cut between characters to at most `maxBytes` bytes of UTF-8.
    package func bounded(toUTF8Bytes maxBytes: Int) -> String {
        guard utf8.count > maxBytes else { return self }
        var end = startIndex
        var size = 0
        while end < endIndex {
            size += self[end].utf8.count
            guard size <= maxBytes else { break }
            end = index(after: end)
        }
        return String(self[..<end])
    }
}
