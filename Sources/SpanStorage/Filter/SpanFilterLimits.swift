/// What the text of a filter may be at the most, so that none takes long or much memory.
public enum SpanFilterLimits {
    /// Unicode scalars.
    public static let maxLength = 8_192
    /// Terms.
    public static let maxTerms = 256
    /// Parentheses and `not` within one another.
    public static let maxDepth = 64
    /// Steps of all patterns together; see `TextPattern.maxSteps`.
    public static let maxPatternSteps = 4_000
    /// What the patterns of a query may cost over all texts: steps, beyond 32 for each character, those of
    /// patterns with sets twice. About five seconds of one core in a release build.
    public static let maxPatternWork = 300_000_000
}
