import SpanMerge
import SpanModel

/// Spans without an end, each with its prospect of one.
public struct UnfinishedSpans: Sendable, Hashable {
    /// Prospect of an end for a span without one.
    public enum Outlook: Sendable, Hashable {
        /// The span runs: a sender that may have reported it is connected, or no such sender is known to have gone.
        case running
        /// Every sender that may have reported the span is gone, and one of them left without a goodbye: the span will
        /// not end.
        case abandoned
        /// Every sender that may have reported the span said goodbye, so it had nothing left to send: the span was
        /// never ended, or its end was dropped.
        case leftOpen
    }

    /// A span with its prospect of an end.
    public struct Entry: Sendable, Hashable {
        /// Merged span without an end.
        public var span: MergedSpan
        /// Prospect of an end.
        public var outlook: Outlook
    }

    /// Spans in order of their start, an unknown start first, then by key.
    public var spans: [Entry]
    /// Number of spans that run, those beyond the limit included.
    public var running: UInt64 = 0
    /// Number of abandoned spans, those beyond the limit included.
    public var abandoned: UInt64 = 0
    /// Number of spans left open, those beyond the limit included.
    public var leftOpen: UInt64 = 0

    /// Creates an answer with counts of 0.
    public init(spans: [Entry] = []) { self.spans = spans }
}

/// Prospects of running spans by their source.
struct SourceOutlooks: Sendable {
    private var outlooks: [SpanSource: UnfinishedSpans.Outlook] = [:]
    /// Prospect given by senders with more sources than are kept apart: any span may be theirs.
    private var ofAll: UnfinishedSpans.Outlook?

    init(_ senders: [SenderSummary]) {
        for sender in senders {
            let outlook: UnfinishedSpans.Outlook =
                switch sender.presence {
                case .gone: .abandoned
                case .saidGoodbye: .leftOpen
                default: .running
                }
            for source in sender.runningSources {
                outlooks[source] = Self.better(outlooks[source], outlook)
            }
            if sender.hasMoreRunningSources { ofAll = Self.better(ofAll, outlook) }
        }
    }

    /// Returns the prospect of a source's spans; a source of which nothing is known runs.
    func outlook(of source: SpanSource) -> UnfinishedSpans.Outlook {
        guard let known = outlooks[source] else { return ofAll ?? .running }
        return Self.better(ofAll, known)
    }

    /// Returns the better of two prospects, for a span that either sender may have reported.
    private static func better(
        _ left: UnfinishedSpans.Outlook?, _ right: UnfinishedSpans.Outlook
    ) -> UnfinishedSpans.Outlook {
        guard let left else { return right }
        if left == .running || right == .running { return .running }
        return left == .abandoned || right == .abandoned ? .abandoned : .leftOpen
    }
}

/// Counts unfinished spans while they are read.
struct UnfinishedTally: Sendable {
    private let outlooks: SourceOutlooks
    private var entries: Foremost<UnfinishedSpans.Entry>
    private var result = UnfinishedSpans()

    init(_ outlooks: SourceOutlooks, limit: Int) {
        self.outlooks = outlooks
        entries = Foremost(limit: limit) { left, right in
            let (one, other) = (left.span.span.startTimeUnixNano, right.span.span.startTimeUnixNano)
            return one == other ? left.span.key < right.span.key : one < other
        }
    }

    mutating func add(_ merged: MergedSpan) {
        let outlook = outlooks.outlook(of: SpanSource(merged.origin.resource))
        switch outlook {
        case .running: result.running += 1
        case .abandoned: result.abandoned += 1
        case .leftOpen: result.leftOpen += 1
        }
        entries.add(UnfinishedSpans.Entry(span: merged, outlook: outlook))
    }

    var answer: UnfinishedSpans {
        var answer = result
        answer.spans = entries.sorted
        return answer
    }
}
