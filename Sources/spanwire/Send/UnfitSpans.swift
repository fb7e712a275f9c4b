import SpanCapture
import SpanModel
import SpanSession

/// Which of the spans in files a collector has to reject, by the rule that collectors go by. An ack tells only how many
/// of a batch, in which the spans of several files may be.
struct UnfitSpans {
    private var file = ""
    /// How many spans of the file were before.
    private var spanCount = 0
    /// How many resources of the file were before.
    private var resources = 0
    private var named: [String] = []
    private var count = 0

    private static let maxNamed = 20

    /// The spans that follow are of that file.
    mutating func begin(_ file: String) {
        self.file = TerminalText.line(file)
        (spanCount, resources) = (0, 0)
    }

    /// The next spans of the file.
    mutating func note(_ batch: SpanBatch) {
        for (resource, resourceSpans) in batch.resourceSpans.enumerated() {
            for (scope, scopeSpans) in resourceSpans.scopeSpans.enumerated() {
                for (index, span) in scopeSpans.spans.enumerated() {
                    if let reason = BatchValidation.reason(against: span) {
                        let path = "resource_spans[\(resources + resource)].scope_spans[\(scope)].spans[\(index)]"
                        note("rejected: \(file), span \(spanCount + 1): \(path)\(reason)")
                    }
                    spanCount += 1
                }
            }
        }
        resources += batch.resourceSpans.count
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
