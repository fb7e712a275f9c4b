import SpanModel

extension TraceTree {
    /// Returns the self time of each node in nanoseconds: the span's duration without the time that any of its children
    /// covers. `nil` for a span without a duration. O(n).
    ///
    /// Children count only within their parent's time: work of an asynchronous child after its parent's end takes
    /// nothing from the parent. A child that still runs covers all that is left of its parent; one whose start is not
    /// known covers nothing. Never negative; 0 when the span ends before it starts.
    public func selfTimesNano() -> [Int64?] {
        // By index, so that no span is copied.
        nodes.indices.map { index in
            guard let duration = nodes[index].span.durationNano else { return nil }
            let (start, end) = (nodes[index].span.span.startTimeUnixNano, nodes[index].span.span.endTimeUnixNano)
            var (covered, cursor): (UInt64, UInt64) = (0, start)
            for child in nodes[index].children {
                let (childStart, childEnd) = (
                    nodes[child].span.span.startTimeUnixNano, nodes[child].span.span.endTimeUnixNano
                )
                guard childStart != 0 else { continue }
                let from = max(childStart, cursor)
                let to = childEnd != 0 ? min(childEnd, end) : end
                guard to > from else { continue }
                covered += to - from
                cursor = to
            }
            return max(0, duration - Int64(clamping: covered))
        }
    }

    /// Latest time that any span tells, as its start, its end or an event, in nanoseconds since 1970-01-01T00:00:00Z; 0
    /// without any.
    public var lastKnownUnixNano: UInt64 {
        nodes.reduce(0) { latest, node in
            let span = node.span.span
            let events = span.events.reduce(0) { max($0, $1.timeUnixNano) }
            return max(latest, span.startTimeUnixNano, span.endTimeUnixNano, events)
        }
    }
}
