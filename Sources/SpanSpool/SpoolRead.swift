import ProtoWire
import SpanSession

/// The next batch of a spool, to be read from its segment; outside the lock that guards the spool.
package struct SpoolRead: Sendable {
    let storage: any SpoolStorage
    let segment: UInt64
    let seed: UInt32
    let range: Range<Int>
    let origins: [UInt16: EncodedOrigin]
    let maxBatchSpans: Int
    let maxBatchBytes: Int

    /// The spans that were read.
    package struct Result: Sendable {
        let segment: UInt64
        let payload: [UInt8]
        let spans: Int
        /// Spans whose bits are wrong.
        let damagedSpans: Int
        /// Those of `spans` whose origin could not be read; they are sent without resource and scope.
        let spansWithoutOrigin: Int
        let range: Range<Int>
    }

    /// Reads until the batch is full or the records end.
    ///
    /// - Throws: what the storage throws, such as `io_failed`.
    package func perform() throws(SpoolError) -> Result {
        let file = try storage.open(Segment.name(segment), creates: false)
        var walk = RecordWalk(file, seed: seed, range: range)
        var assembler = BatchAssembler()
        var (damaged, withoutOrigin) = (0, 0)
        while let step = try walk.next({ $0.kind == Segment.spanKind }) {
            if case .record(let head, let offset, let body) = step, head.kind == Segment.spanKind {
                guard let body else {
                    damaged += 1
                    continue
                }
                // Both records of an origin being damaged, a span without one is better than none.
                let origin = origins[head.tag] ?? SpoolRead.noOrigin
                let cost = assembler.cost(of: body.count, origin: origin)
                let isFull =
                    assembler.spanCount >= maxBatchSpans || assembler.boundBytes + cost > maxBatchBytes
                if isFull, !assembler.isEmpty {
                    return result(&assembler, damaged, withoutOrigin, end: offset)
                }
                assembler.append(body.rawSpan, origin: origin)
                if origins[head.tag] == nil { withoutOrigin += 1 }
            }
        }
        return result(&assembler, damaged, withoutOrigin, end: range.upperBound)
    }

    private func result(_ assembler: inout BatchAssembler, _ damaged: Int, _ withoutOrigin: Int, end: Int) -> Result {
        let spans = assembler.spanCount
        return Result(
            segment: segment, payload: assembler.take(), spans: spans, damagedSpans: damaged,
            spansWithoutOrigin: withoutOrigin, range: range.lowerBound..<end)
    }

    private static let noOrigin = EncodedOrigin(resource: nil, scope: nil)
}
