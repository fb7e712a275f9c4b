/// Limits on the text of a filter, so that no filter takes long or much memory.
public enum SpanFilterLimits {
    /// Greatest length of a text in Unicode scalars.
    public static let maxLength = 8_192
    /// Greatest number of terms.
    public static let maxTerms = 256
    /// Greatest depth of parentheses and `not` within one another.
    public static let maxDepth = 64
    /// Greatest number of steps of all patterns together; see `TextPattern.maxSteps`.
    public static let maxPatternSteps = 4_000
    /// Greatest cost of all patterns of one query, over all texts that it looks at. The unit is one step beyond 32 for
    /// each character; steps of a pattern with a set count twice. About five seconds of one core in a release build.
    public static let maxPatternWork = 300_000_000
}
