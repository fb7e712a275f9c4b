import SpanCapture
import SpanModel
import SpanSession

/// Which of the spans in files a collector has to reject, by the rule that collectors go by. An ack tells only how many
/// of a batch, in which the spans of several files may be.
struct UnfitSpans {
    private var file = ""
    /// How many spans of the file were before.
    private var spanCount = 0
    private var named: [String] = []
    private(set) var count = 0

    private static let maxNamed = 20

    /// The spans that follow are of that file.
    mutating func begin(_ file: String) {
        self.file = TerminalText.line(file)
        spanCount = 0
    }

    /// The next spans of the file.
    mutating func note(_ batch: SpanBatch) {
        for span in batch.spans {
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

    /// One line for each span, at most twenty and one for the rest.
    var lines: [String] {
        count > named.count ? named + ["rejected: \(count - named.count) more"] : named
    }
}
