extension SpanFilter {
    /// Parses the text of a filter, whose grammar `docs/search.md` states. An empty text matches every span. O(length),
    /// never nested deeper than `SpanFilterLimits` allow.
    ///
    /// - Parameters:
    ///   - text: text of the filter, at most `SpanFilterLimits.maxLength` scalars.
    ///   - nowUnixNano: time from which `since=1h` counts back, nanoseconds since 1970-01-01T00:00:00Z.
    /// - Throws: the first fault with its column: `syntax`, `unknownField`, `wrongOperator`, `wrongValue`, `pattern`
    ///   or `tooLarge`.
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
