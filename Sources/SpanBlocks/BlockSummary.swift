import SpanMerge
import SpanModel
import SpanStorage

/// What a search can leave a block out by, without its bytes.
package struct BlockSummary: Sendable, Hashable {
    /// Reports in it.
    package var reports = 0
    /// Spans in it: fewer where one has several reports.
    package var spans = 0
    /// The least and the greatest start.
    package var minStart = UInt64.max
    package var maxStart: UInt64 = 0
    /// The least and the greatest duration; the first greater than the second when no span has one.
    package var minDuration = Int64.max
    package var maxDuration = Int64.min
    /// Bit 0 ... 5: a span has that kind; 6: another one; 8 ... 10: that status, 11: another one; 12: a span runs; 13: a span
    /// has ended; 16: a span has several reports.
    package var flags: UInt32 = 0

    package init() {}

    /// Whether a span has several reports in the block.
    package var hasJoined: Bool { flags & Self.joined != 0 }

    /// Whether a span of the block runs, or a report of it said so.
    package var hasRunning: Bool { flags & Self.running != 0 }

    /// Whether a block can have these flags: each of its spans has a kind and a status, and runs or has ended.
    package var hasPossibleFlags: Bool {
        let (kinds, statuses, ends): (UInt32, UInt32, UInt32) = (0x7F, 0xF00, 0x3000)
        return flags & kinds != 0 && flags & statuses != 0 && flags & ends != 0
            && flags & ~(kinds | statuses | ends | Self.joined) == 0
    }

    static let joined: UInt32 = 1 << 16
    private static let running: UInt32 = 1 << 12

    /// Takes a span into account.
    ///
    /// - Parameters:
    ///   - reports: of it in the block.
    ///   - merged: the join of them where they are several.
    package mutating func add(span reports: [ReportEntry], merged: MergedSpan?) {
        spans += 1
        self.reports += reports.count
        for report in reports {
            note(
                start: report.startUnixNano, duration: report.durationNano, kind: report.kind, status: report.status,
                isRunning: report.endUnixNano == 0)
        }
        guard let merged else { return }
        flags |= Self.joined
        note(
            start: merged.span.startTimeUnixNano, duration: merged.durationNano, kind: merged.span.kind,
            status: merged.statusCode, isRunning: merged.isRunning)
    }

    /// What holds for both together.
    package mutating func add(_ other: BlockSummary) {
        reports += other.reports
        spans += other.spans
        minStart = min(minStart, other.minStart)
        maxStart = max(maxStart, other.maxStart)
        minDuration = min(minDuration, other.minDuration)
        maxDuration = max(maxDuration, other.maxDuration)
        flags |= other.flags
    }

    /// As one report of a span, or all of them together, have it.
    mutating func note(
        start: UInt64, duration: Int64?, kind: SpanKind, status: SpanStatus.Code, isRunning: Bool
    ) {
        minStart = min(minStart, start)
        maxStart = max(maxStart, start)
        if let duration {
            minDuration = min(minDuration, duration)
            maxDuration = max(maxDuration, duration)
        }
        flags |= Self.bit(kind) | Self.bit(status) | (isRunning ? Self.running : 1 << 13)
    }

    private static func bit(_ kind: SpanKind) -> UInt32 {
        (0...5).contains(kind.rawValue) ? 1 << UInt32(kind.rawValue) : 1 << 6
    }

    private static func bit(_ status: SpanStatus.Code) -> UInt32 {
        (0...2).contains(status.rawValue) ? 256 << UInt32(status.rawValue) : 1 << 11
    }

    /// Whether a span of the block can meet the conditions.
    package func mayMeet(_ conditions: SpanConditions) -> Bool {
        if let kind = conditions.kind, flags & Self.bit(kind) == 0 { return false }
        if let status = conditions.status, flags & Self.bit(status) == 0 { return false }
        if let isRunning = conditions.isRunning, flags & (isRunning ? Self.running : 1 << 13) == 0 { return false }
        if let start = conditions.start, maxStart < start.lowerBound || minStart > start.upperBound { return false }
        if let duration = conditions.durationNano {
            guard minDuration <= maxDuration else { return false }
            if maxDuration < duration.lowerBound || minDuration > duration.upperBound { return false }
        }
        return true
    }
}
