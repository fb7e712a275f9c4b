import SpanModel

/// Parents of the spans of one trace, derived from ids and starts alone. `TraceTree` is built on it, and answers about
/// many traces need no more.
package struct TraceShape: Sendable {
    /// Fields of a span that decide the shape.
    package struct Entry: Sendable {
        /// Key of the span.
        package var key: SpanKey
        /// Span id of the parent; not valid for a root.
        package var parentSpanID: SpanID
        /// Start in nanoseconds since 1970-01-01T00:00:00Z.
        package var startUnixNano: UInt64

        /// Creates an entry from its fields.
        package init(key: SpanKey, parentSpanID: SpanID, startUnixNano: UInt64) {
            self.key = key
            self.parentSpanID = parentSpanID
            self.startUnixNano = startUnixNano
        }

        /// Creates the entry of a span.
        package init(_ span: SpanRecord) {
            self.init(key: SpanKey(span), parentSpanID: span.parentSpanID, startUnixNano: span.startTimeUnixNano)
        }

        /// Orders entries by start, then by key.
        fileprivate static func precedes(_ left: Entry, _ right: Entry) -> Bool {
            left.startUnixNano == right.startUnixNano ? left.key < right.key : left.startUnixNano < right.startUnixNano
        }
    }

    /// Indices of the entries, ordered by start, then by key. `parents` and `attachments` follow this order.
    package let order: [Int]
    /// Position in `order` of each entry's parent; `nil` for a root.
    package private(set) var parents: [Int?]
    /// Reason for the place of each entry.
    package private(set) var attachments: [TraceTree.Attachment]

    /// Finds the parents. O(n log n).
    ///
    /// - Parameter entries: entries of one trace, each key once, in any order.
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

    /// Cuts cycles by following every entry to its root; at most one cycle hangs on each path.
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
