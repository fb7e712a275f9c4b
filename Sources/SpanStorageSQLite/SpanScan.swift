import Dispatch
import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage
import Synchronization

extension SpanFinder {
    /// Calls `body` with sketches of all spans whose starts lie in the range, in no order, each span once.
    ///
    /// Blocks are decompressed and walked on all cores, some at a time; nothing is decoded but what was joined.
    func forEachSketch(
        startingIn starts: ClosedRange<UInt64>, _ body: (SpanSketches) throws(SpanStoreError) -> Void
    ) throws(SpanStoreError) {
        let loose = try looseSpans(starts)
        var sketches = SpanSketches()
        for found in loose.spans.values where starts.contains(found.whole.span.startTimeUnixNano) {
            sketches.add(found.whole)
        }
        try body(sketches)
        var known = Set(loose.spans.keys)
        var waiting: [BlockScan] = []
        for run in inOrder(of: starts) {
            if run.kind == .whole {
                try scanWhole(run, starts, &known, body)
                continue
            }
            for (number, block) in try reader.blocks(of: run).enumerated()
            where block.minStart <= starts.upperBound && block.maxStart >= starts.lowerBound {
                waiting.append(
                    BlockScan(frame: try reader.frame(run, number), id: run.part(number), hasJoined: block.hasJoined))
                if waiting.count < Self.blocksAtOnce { continue }
                for sketches in try Self.scan(waiting, starts, known) { try body(sketches) }
                waiting.removeAll(keepingCapacity: true)
            }
        }
        for sketches in try Self.scan(waiting, starts, known) { try body(sketches) }
    }

    /// Spans that take the place of others are few: one block after the other.
    private func scanWhole(
        _ run: Run, _ starts: ClosedRange<UInt64>, _ known: inout Set<SpanKey>,
        _ body: (SpanSketches) throws(SpanStoreError) -> Void
    ) throws(SpanStoreError) {
        for number in 0..<run.blocks {
            let scan = BlockScan(frame: try reader.frame(run, number), id: run.part(number), hasJoined: true)
            let sketches = try scan.sketches(starts, known)
            known.formUnion(sketches.spans.map(\.key))
            try body(sketches)
        }
    }

    /// About 10 MiB of blocks.
    private static let blocksAtOnce = 32

    private static func scan(
        _ blocks: [BlockScan], _ starts: ClosedRange<UInt64>, _ known: Set<SpanKey>
    ) throws(SpanStoreError) -> [SpanSketches] {
        let found = Mutex<(sketches: [SpanSketches], fault: SpanStoreError?)>(([], nil))
        DispatchQueue.concurrentPerform(iterations: blocks.count) { index in
            do throws(SpanStoreError) {
                let sketches = try blocks[index].sketches(starts, known)
                found.withLock { $0.sketches.append(sketches) }
            } catch {
                let fault = error
                found.withLock { $0.fault = fault }
            }
        }
        return try found.withLock { found throws(SpanStoreError) in
            if let fault = found.fault { throw fault }
            return found.sketches
        }
    }
}

/// A block on its way to sketches, on any thread.
private struct BlockScan: Sendable {
    var frame: [UInt8]
    var id: Int64
    var hasJoined: Bool

    func sketches(
        _ starts: ClosedRange<UInt64>, _ known: Set<SpanKey>
    ) throws(SpanStoreError) -> SpanSketches {
        let decompressor = BlockDecompressor()
        guard let payload = decompressor.decompress(frame) else {
            throw BlockReader.damaged("block \(id) cannot be decompressed or its checksum differs")
        }
        var set = ReportSet()
        do {
            try set.add(payload, withTerms: false)
        } catch {
            throw BlockReader.damaged("block \(id) cannot be read (\(error.code.rawValue))")
        }
        var sketches = SpanSketches()
        func add(_ entry: ReportEntry) {
            if starts.contains(entry.startUnixNano), known.isEmpty || !known.contains(entry.key) {
                sketches.add(entry, of: set)
            }
        }
        guard hasJoined else {
            for entry in set.entries { add(entry) }
            return sketches
        }
        try RunPlan.forEachSpan(set) { members, key throws(SpanStoreError) in
            if members.count == 1 { return add(set.entries[Int(members[members.startIndex])]) }
            if known.contains(key) { return }
            let merged = try set.stored(members).merged()
            if starts.contains(merged.span.startTimeUnixNano) { sketches.add(merged) }
        }
        return sketches
    }
}
