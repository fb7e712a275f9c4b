import SpanStorage

extension BlockSummary {
    /// No span of the block comes before this in an order.
    package func firstRank(in order: SpanOrder) -> SpanRank {
        switch order {
        case .newest: order.rank(startUnixNano: maxStart, durationNano: nil)
        case .oldest: order.rank(startUnixNano: min(max(minStart, 1), maxStart), durationNano: nil)
        case .longest: order.rank(startUnixNano: maxStart, durationNano: hasDurations ? maxDuration : nil)
        case .shortest: order.rank(startUnixNano: maxStart, durationNano: hasDurations ? minDuration : nil)
        }
    }

    /// No span of the block comes behind this in an order.
    package func lastRank(in order: SpanOrder) -> SpanRank {
        switch order {
        case .newest: order.rank(startUnixNano: minStart, durationNano: nil)
        case .oldest: order.rank(startUnixNano: minStart == 0 ? 0 : maxStart, durationNano: nil)
        case .longest: order.rank(startUnixNano: minStart, durationNano: lacksDurations ? nil : minDuration)
        case .shortest: order.rank(startUnixNano: minStart, durationNano: lacksDurations ? nil : maxDuration)
        }
    }

    private var hasDurations: Bool { minDuration <= maxDuration }

    /// Whether a span of the block may be without a duration.
    private var lacksDurations: Bool { !hasDurations || minStart == 0 || hasRunning }
}
