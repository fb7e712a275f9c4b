extension SpanFilter {
    /// Reads the text of a filter: `docs/search.md` has the grammar. An empty one matches every span.
    ///
    /// - Parameter nowUnixNano: what `since=1h` counts back from, nanoseconds since 1970-01-01T00:00:00Z.
    /// - Throws: what is wrong with it and where. Takes O(length) and never goes deeper than `SpanFilterLimits` say.
    public init(parsing text: String, nowUnixNano: UInt64) throws(SpanFilterError) {
        guard text.unicodeScalars.count <= SpanFilterLimits.maxLength else {
            throw SpanFilterError(
                .tooLarge, "the filter has more than \(SpanFilterLimits.maxLength) characters",
                column: SpanFilterLimits.maxLength + 1)
        }
        var parser = FilterParser(text, nowUnixNano: nowUnixNano)
        self = try parser.parse()
    }
}
