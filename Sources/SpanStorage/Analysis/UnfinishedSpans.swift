import SpanMerge
import SpanModel

/// Spans without an end, and whether one is to be expected.
public struct UnfinishedSpans: Sendable, Hashable {
    /// What is to be expected of a span without an end.
    public enum Outlook: Sendable, Hashable {
        /// It runs: one of those that may have sent it is connected, or none of them is known to have gone.
        case running
        /// All that may have sent it are gone, one of them without a goodbye: it is not going to end.
        case abandoned
        /// All that may have sent it said goodbye, which means they had nothing left to send: it was never ended, or its
        /// end was dropped.
        case leftOpen
    }

    /// A span with its outlook.
    public struct Entry: Sendable, Hashable {
        public var span: MergedSpan
        public var outlook: Outlook
    }

    /// Those that run for the longest first (an unknown start is the earliest), then by key.
    public var spans: [Entry]
    /// How many run, those that the limit leaves out included.
    public var running: UInt64 = 0
    /// How many are abandoned, likewise.
    public var abandoned: UInt64 = 0
    /// How many were left open, likewise.
    public var leftOpen: UInt64 = 0

    public init(spans: [Entry] = []) { self.spans = spans }
}

/// From sources to what is to be expected of their spans.
struct SourceOutlooks: Sendable {
    private var outlooks: [SpanSource: UnfinishedSpans.Outlook] = [:]
    /// Of a sender with more sources than are kept apart: it may be any span's.
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

    /// A source of which nothing is known runs.
    func outlook(of source: SpanSource) -> UnfinishedSpans.Outlook {
        guard let known = outlooks[source] else { return ofAll ?? .running }
        return Self.better(ofAll, known)
    }

    /// Of two that may have sent a span, what it can hope for.
    private static func better(
        _ left: UnfinishedSpans.Outlook?, _ right: UnfinishedSpans.Outlook
    ) -> UnfinishedSpans.Outlook {
        guard let left else { return right }
        if left == .running || right == .running { return .running }
        return left == .abandoned || right == .abandoned ? .abandoned : .leftOpen
    }
}

/// Unfinished spans while they are being looked at.
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
