import SpanMerge

/// Spans with reports in loose runs.
struct LooseSpans {
    struct Found {
        /// All reports of the span.
        var whole: MergedSpan
        /// The reports in settled runs.
        var settled: MergedSpan?
    }

    var spans: [SpanKey: Found] = [:]
}
