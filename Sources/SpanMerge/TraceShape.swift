import SpanModel

/// Who is whose parent in a trace, told from ids and starts alone: what `TraceTree` is built on, and enough for answers
/// about many traces.
package struct TraceShape: Sendable {
    /// What the shape depends on.
    package struct Entry: Sendable {
        package var key: SpanKey
        /// The id that the span names; not valid for a root.
        package var parentSpanID: SpanID
        /// Nanoseconds since 1970-01-01T00:00:00Z.
        package var startUnixNano: UInt64

        package init(key: SpanKey, parentSpanID: SpanID, startUnixNano: UInt64) {
            self.key = key
            self.parentSpanID = parentSpanID
            self.startUnixNano = startUnixNano
        }

        package init(_ span: SpanRecord) {
            self.init(key: SpanKey(span), parentSpanID: span.parentSpanID, startUnixNano: span.startTimeUnixNano)
        }

        /// By start, then by key.
        fileprivate static func precedes(_ left: Entry, _ right: Entry) -> Bool {
            left.startUnixNano == right.startUnixNano ? left.key < right.key : left.startUnixNano < right.startUnixNano
        }
    }

    /// The entries' indices, by start, then by key. All else here counts by places in this order.
    package let order: [Int]
    /// The place of each one's parent, `nil` for a root.
    package private(set) var parents: [Int?]
    /// Why each is where it is.
    package private(set) var attachments: [TraceTree.Attachment]

    /// - Parameter entries: of one trace, each key once, in any order. O(n log n).
    package init(_ entries: [Entry]) {
        order = entries.indices.sorted { Entry.precedes(entries[$0], entries[$1]) }
        parents = Array(repeating: nil, count: entries.count)
        attachments = Array(repeating: .root, count: entries.count)
        findParents(entries)
        cutCycles()
    }

    private mutating func findParents(_ entries: [Entry]) {
        var (inbound, other): ([SpanID: Int], [SpanID: Int]) = ([:], [:])
        for (place, index) in order.enumerated() {
            if entries[index].key.side == .inbound {
                inbound[entries[index].key.spanID] = place
            } else {
                other[entries[index].key.spanID] = place
            }
        }
        for (place, index) in order.enumerated() {
            let entry = entries[index]
            if entry.key.side == .inbound, let half = other[entry.key.spanID] {
                parents[place] = half
                attachments[place] = .sharedHalf
            } else if entry.parentSpanID.isValid {
                parents[place] = inbound[entry.parentSpanID] ?? other[entry.parentSpanID]
                attachments[place] = parents[place] == nil ? .orphan : .child
            }
        }
    }

    /// Follows every place to its root; one circle at the most hangs on each path.
    private mutating func cutCycles() {
        // 0: not seen, otherwise the number of the walk that saw it.
        var seenBy = Array(repeating: 0, count: parents.count)
        for start in parents.indices {
            var place = start
            while seenBy[place] == 0 {
                seenBy[place] = start + 1
                guard let parent = parents[place] else { break }
                place = parent
            }
            guard seenBy[place] == start + 1, parents[place] != nil else { continue }
            // Back at a place of this walk: a circle. Places are in order of start, so the least is the earliest.
            var earliest = place
            var next = parents[place]
            while let member = next, member != place {
                earliest = min(earliest, member)
                next = parents[member]
            }
            parents[earliest] = nil
            attachments[earliest] = .cycle
        }
    }
}
