import ProtoWire
import SpanMerge
import SpanModel

/// A slice of a run: blocks that lie one behind the other.
package struct RunSlice: Sendable {
    let groups: [RunBuilder.Group]
    let order: [Int32]
    let set: ReportSet
    /// Of each block its groups.
    let blocks: [[Int]]
    let countsServices: Bool
    let withColumns: Bool
}

/// The same, encoded.
package struct MadeSlice: Sendable {
    var blocks: [EncodedRun.Block] = []
    /// Of each block, each term once.
    var terms: [[UInt64]] = []
    /// With the block's number within the slice.
    var traces: [RunTraceChunk.Entry] = []
    /// A service may be there several times.
    var services: [EncodedRun.ServiceCount] = []
    var columns: [UInt8]?
    var rawBytes = 0
}

/// Makes slices, each alone: with one maker for each thread as many at once as there are.
package struct SliceMaker: ~Copyable {
    private let compressor: BlockCompressor
    private var counter = TermCounter()

    /// - Parameter level: of zstd's.
    package init(level: Int32) { compressor = BlockCompressor(level: level) }

    package mutating func make(_ slice: RunSlice) -> MadeSlice {
        let (groups, order, set) = (slice.groups, slice.order, slice.set)
        var made = MadeSlice()
        if slice.withColumns { made.columns = columns(slice) }
        // The block that an origin was seen in last.
        var originBlocks = [Int32](repeating: -1, count: set.origins.count)
        var services: [Int32: EncodedRun.ServiceCount] = [:]
        var byName: [[UInt8]: EncodedRun.ServiceCount] = [:]
        for (number, block) in slice.blocks.enumerated() {
            counter.reset()
            var terms: [UInt64] = []
            terms.reserveCapacity(block.count * 8)
            var summary = BlockSummary()
            var members: [Int32] = []
            members.reserveCapacity(block.count)
            var lastTrace: TraceID?
            for index in block {
                let group = groups[index]
                for position in group.range {
                    let entry = set.entries[Int(order[position])]
                    if counter.insert(entry.nameTerm) { terms.append(entry.nameTerm) }
                    let first = Int(entry.firstTerm)
                    for index in first..<first + Int(entry.termCount)
                    where set.terms[index] != SearchTerm.none && counter.insert(set.terms[index]) {
                        terms.append(set.terms[index])
                    }
                    if originBlocks[Int(entry.origin)] == number { continue }
                    originBlocks[Int(entry.origin)] = Int32(number)
                    for term in set.origins[Int(entry.origin)].terms where counter.insert(term) { terms.append(term) }
                }
                members += order[group.range]
                summary.add(span: order[group.range].map { set.entries[Int($0)] }, merged: group.merged?.span)
                let entry = set.entries[Int(order[group.range.lowerBound])]
                if lastTrace != entry.key.traceID {
                    lastTrace = entry.key.traceID
                    made.traces.append(
                        RunTraceChunk.Entry(trace: TraceHash(entry.key), block: UInt16(number)))
                }
                guard slice.countsServices else { continue }
                if let merged = group.merged {
                    Self.count(merged.span.service, group.start, &byName[Array(merged.span.service.utf8)])
                } else {
                    Self.count(set.origins[Int(entry.origin)].service, group.start, &services[entry.origin])
                }
            }
            let raw = RunBuilder.encode(members, set)
            made.rawBytes += raw.count
            made.blocks.append(EncodedRun.Block(summary: summary, data: compressor.compress(raw)))
            made.terms.append(terms)
        }
        made.services = Array(services.values) + byName.values
        return made
    }

    private static func count(_ name: String, _ start: UInt64, _ count: inout EncodedRun.ServiceCount?) {
        var sum = count ?? EncodedRun.ServiceCount(name: name, spans: 0, newestStart: 0)
        sum.spans += 1
        sum.newestStart = max(sum.newestStart, start)
        count = sum
    }

    /// - Returns: `nil` where a report cannot be read, since columns can be made again.
    private func columns(_ slice: RunSlice) -> [UInt8]? {
        let set = slice.set
        var builder = SpanColumnsBuilder(rows: slice.blocks.reduce(0) { $0 + $1.count })
        do {
            for block in slice.blocks {
                builder.beginBlock()
                for index in block {
                    let group = slice.groups[index]
                    if let merged = group.merged {
                        builder.add(merged.span)
                    } else {
                        let number = slice.order[group.range.lowerBound]
                        try builder.add(set.entries[Int(number)], number: number, of: set)
                    }
                }
            }
            return try builder.finish(set).encoded(compressor)
        } catch {
            // A report that was joined from others reads; what does not is for `spanwire store check` to tell.
            return nil
        }
    }
}
