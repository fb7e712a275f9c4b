import ProtoWire
import SpanMerge
import SpanModel

extension BlockSummary {
    /// Whether a block that is described so can have those reports: what it has by itself, each taken alone, is what the
    /// description says, but for what joins of several add to it.
    ///
    /// - Parameter reports: all of the block, each taken for a span.
    package func agrees(with reports: BlockSummary) -> Bool {
        if !hasJoined { return self == reports }
        return self.reports == reports.reports && spans < self.reports && minStart == reports.minStart
            && maxStart == reports.maxStart && minDuration <= reports.minDuration
            && maxDuration >= reports.maxDuration && reports.flags & ~flags == 0
    }

    /// Whether reports of which only the starts were read can be those of this block; tells a block that was swapped.
    package func agrees(withStartsOf reports: BlockSummary) -> Bool {
        self.reports == reports.reports && minStart == reports.minStart && maxStart == reports.maxStart
    }

    /// Whether what is described so can be a part of this.
    package func covers(_ part: BlockSummary) -> Bool {
        var both = self
        both.add(part)
        (both.spans, both.reports) = (spans, reports)
        return both == self && part.spans < spans && part.reports < reports
    }

    /// Takes the start of a report into account as if it were a span of its own.
    @inline(__always)
    mutating func add(startOf span: borrowing SpanView) {
        spans += 1
        reports += 1
        let start = span.startTimeUnixNano
        minStart = min(minStart, start)
        maxStart = max(maxStart, start)
    }

    /// Takes a report into account as if it were a span of its own.
    mutating func add(report span: borrowing SpanView) {
        spans += 1
        reports += 1
        let (start, end) = (span.startTimeUnixNano, span.endTimeUnixNano)
        note(
            start: start, duration: ReportEntry.duration(from: start, to: end), kind: span.kind,
            status: span.status?.code ?? .unset, isRunning: end == 0)
    }
}

extension SpanColumns {
    /// When each block begins, as columns of its spans have it: the first start in nanoseconds.
    ///
    /// - Parameters:
    ///   - first: what is added to each.
    ///   - traceStarts: of each trace of each block, in stored precision.
    /// - Returns: `nil` where blocks have other traces.
    static func blockStarts(_ first: UInt64, _ traceStarts: [UInt64], _ blockTraces: [Int32]) -> [UInt64]? {
        var starts: [UInt64] = []
        starts.reserveCapacity(blockTraces.count)
        var next = 0
        for count in blockTraces {
            guard count > 0, Int(count) <= traceStarts.count - next else { return nil }
            var least = UInt64.max
            for place in next..<next + Int(count) { least = min(least, traceStarts[place]) }
            starts.append((first &+ least) &* storedPrecision)
            next += Int(count)
        }
        return next == traceStarts.count ? starts : nil
    }

    /// Whether columns can be those of some blocks: they have as many spans, which begin as theirs do.
    static func areOf(_ blocks: [BlockSummary], rows: Int, starts: [UInt64]) -> Bool {
        guard blocks.count == starts.count, rows == blocks.reduce(0, { $0 + $1.spans }) else { return false }
        return zip(blocks, starts).allSatisfy { block, start in
            let first = block.minStart - block.minStart % storedPrecision
            // The reports of a span that has several may begin before it does.
            return block.hasJoined ? (first...block.maxStart).contains(start) : start == first
        }
    }
}
