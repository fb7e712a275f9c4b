/// The kind of the spans of a run.
package enum RunKind: Int64, Sendable {
    /// Whole as far as is known: what a span is can be read off its reports here, but for what loose runs add.
    case settled = 0
    /// Reports of spans that have, or may have, others elsewhere: every question joins them with those.
    case loose = 1
    /// Spans that have reports in settled runs too, but are whole here: they take the place of what is there, where they
    /// have the same service and start.
    case whole = 2
}
