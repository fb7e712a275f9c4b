import SpanCapture
import SpanModel
import SpanSession

/// Spans in files that a collector has to reject, found by the collector's own rule. An ack tells only their number in
/// a batch, which may hold the spans of several files.
struct UnfitSpans {
    private var file = ""
    /// Number of spans of the file before the next one.
    private var spanCount = 0
    private var named: [String] = []
    private(set) var count = 0

    private static let maxNamed = 20

    /// Begins a file: the spans noted next are its spans.
    mutating func begin(_ file: String) {
        self.file = TerminalText.line(file)
        spanCount = 0
    }

    /// Notes the next spans of the file.
    ///
    /// - Parameter count: number of them that were handed over, the first ones.
    mutating func note(_ batch: SpanBatch, first count: Int) {
        for span in batch.spans.prefix(count) {
            spanCount += 1
            if let reason = BatchValidation.reason(against: span) {
                note("rejected: \(file), span \(spanCount): \(reason.dropFirst())")
            }
        }
    }

    private mutating func note(_ line: String) {
        count += 1
        if named.count < Self.maxNamed { named.append(line) }
    }

    /// One line for each such span, at most twenty, and one for the rest.
    var lines: [String] {
        count > named.count ? named + ["rejected: \(count - named.count) more"] : named
    }
}
