import ProtoWire
import SpanMerge
import SpanModel

/// A run of blocks with what finds them, ready to be stored.
package struct EncodedRun: Sendable {
    /// A block: a zstd frame of a `TracesData`, and what is known of it.
    package struct Block: Sendable {
        package var summary: BlockSummary
        package var data: [UInt8]
    }

    package init() {}

    package var blocks: [Block] = []
    /// Of all blocks together.
    package var summary = BlockSummary()
    /// Bits of each block's filter.
    package var termBits = 0
    package var termSlices: [UInt8] = []
    package var traceChunks: [[UInt8]] = []
    /// By service, in any order.
    package var services: [ServiceCount] = []
    /// Before compression.
    package var rawBytes = 0
    /// Columns of its spans, in the order of the blocks; none where they were not asked for.
    package var columns: [Columns] = []

    /// `SpanColumns` of some blocks that lie one behind the other, encoded.
    package struct Columns: Sendable {
        package var firstBlock: Int
        package var blocks: Int
        package var data: [UInt8]
    }

    /// The spans of a service in a run.
    package struct ServiceCount: Sendable {
        package var name: String
        package var spans: UInt64
        package var newestStart: UInt64
    }
}

/// A merged span behind a reference, since hardly any span of a run needs one and each would take its room.
package final class JoinedSpan: Sendable {
    package let span: MergedSpan

    package init(_ span: MergedSpan) { self.span = span }
}

/// Cuts reports into blocks: slices of time, in each of them traces together, so that a search for the newest spans reads a
/// few blocks and so does one for a trace.
package struct RunBuilder: ~Copyable {
    package static let spansPerSlice = 8192
    package static let spansPerBlock = 512
    /// A block is closed before it has more, unless one span has.
    package static let maxBlockBytes = 1 << 20
    /// As many as two bytes of an index can number.
    package static let maxBlocks = 1 << 16

    private let compressor: BlockCompressor
    private var counter = TermCounter()

    /// - Parameter level: of zstd's.
    package init(level: Int32) { compressor = BlockCompressor(level: level) }

    /// All reports of one span that go to a run.
    package struct Group {
        /// Of `order`.
        package var range: Range<Int>
        package var start: UInt64
        /// Of all its reports together, where they are several.
        package var merged: JoinedSpan?

        package init(range: Range<Int>, start: UInt64, merged: JoinedSpan?) {
            self.range = range
            self.start = start
            self.merged = merged
        }
    }

    /// - Parameters:
    ///   - groups: in any order.
    ///   - order: entries of `set`.
    ///   - countsServices: whether each group is a whole span that counts.
    ///   - withColumns: whether columns are made.
    package mutating func build(
        _ groups: [Group], order: [Int32], in set: borrowing ReportSet, countsServices: Bool, withColumns: Bool
    ) -> EncodedRun {
        var run = EncodedRun()
        let slices = Self.cut(groups, order, set)
        if withColumns { run.columns = columns(slices, groups, order, set) }
        let blocks = slices.flatMap { $0 }
        // Of each block, each term once: the filter's size depends on the block that has the most.
        var blockTerms: [[UInt64]] = []
        blockTerms.reserveCapacity(blocks.count)
        // The block that an origin was seen in last.
        var originBlocks = [Int32](repeating: -1, count: set.origins.count)
        for (number, block) in blocks.enumerated() {
            counter.reset()
            var terms: [UInt64] = []
            terms.reserveCapacity(block.count * 8)
            for group in block {
                for position in groups[group].range {
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
            }
            blockTerms.append(terms)
        }
        var filters = TermSlices(blocks: blocks.count, maxTerms: blockTerms.reduce(0) { max($0, $1.count) })
        var traces: [TraceIndex.Entry] = []
        var services: [Int32: EncodedRun.ServiceCount] = [:]
        var byName: [[UInt8]: EncodedRun.ServiceCount] = [:]
        for (number, block) in blocks.enumerated() {
            var summary = BlockSummary()
            var members: [Int32] = []
            members.reserveCapacity(block.count)
            for term in blockTerms[number] { filters.insert(term, block: number) }
            var lastTrace: TraceID?
            for index in block {
                let group = groups[index]
                members += order[group.range]
                summary.add(span: order[group.range].map { set.entries[Int($0)] }, merged: group.merged?.span)
                let entry = set.entries[Int(order[group.range.lowerBound])]
                if lastTrace != entry.key.traceID {
                    lastTrace = entry.key.traceID
                    traces.append(
                        TraceIndex.Entry(
                            trace: UInt32(truncatingIfNeeded: entry.key.traceHash), block: UInt16(number)))
                }
                guard countsServices else { continue }
                if let merged = group.merged {
                    Self.count(merged.span.service, group.start, &byName[Array(merged.span.service.utf8)])
                } else {
                    Self.count(set.origins[Int(entry.origin)].service, group.start, &services[entry.origin])
                }
            }
            let raw = Self.encode(members, set)
            run.rawBytes += raw.count
            run.blocks.append(EncodedRun.Block(summary: summary, data: compressor.compress(raw)))
            run.summary.add(summary)
        }
        for count in services.values {
            var sum =
                byName[Array(count.name.utf8)] ?? EncodedRun.ServiceCount(name: count.name, spans: 0, newestStart: 0)
            sum.spans += count.spans
            sum.newestStart = max(sum.newestStart, count.newestStart)
            byName[Array(count.name.utf8)] = sum
        }
        run.services = Array(byName.values)
        run.termBits = filters.bits
        run.termSlices = filters.bytes
        run.traceChunks = TraceIndex.chunks(traces, isSegment: false)
        return run
    }

    private static func count(_ name: String, _ start: UInt64, _ count: inout EncodedRun.ServiceCount?) {
        var sum = count ?? EncodedRun.ServiceCount(name: name, spans: 0, newestStart: 0)
        sum.spans += 1
        sum.newestStart = max(sum.newestStart, start)
        count = sum
    }

    /// - Returns: for each slice its columns; none where a report cannot be read, since they can be made again.
    private func columns(
        _ slices: [[[Int]]], _ groups: [Group], _ order: [Int32], _ set: borrowing ReportSet
    ) -> [EncodedRun.Columns] {
        var all: [EncodedRun.Columns] = []
        var firstBlock = 0
        for slice in slices {
            var builder = SpanColumnsBuilder(rows: slice.reduce(0) { $0 + $1.count })
            do {
                for block in slice {
                    builder.beginBlock()
                    for index in block {
                        let group = groups[index]
                        if let merged = group.merged {
                            builder.add(merged.span)
                        } else {
                            let number = order[group.range.lowerBound]
                            try builder.add(set.entries[Int(number)], number: number, of: set)
                        }
                    }
                }
                let data = try builder.finish(set).encoded(compressor)
                all.append(EncodedRun.Columns(firstBlock: firstBlock, blocks: slice.count, data: data))
            } catch {
                // A report that was joined from others reads; what does not is for `spanwire store check` to tell.
            }
            firstBlock += slice.count
        }
        return all
    }

    /// Groups by slice and block.
    private static func cut(_ groups: [Group], _ order: [Int32], _ set: borrowing ReportSet) -> [[[Int]]] {
        struct Place {
            var start: UInt64
            var high: UInt64
            var low: UInt64
            var group: Int
        }
        var places: [Place] = []
        places.reserveCapacity(groups.count)
        for (index, group) in groups.enumerated() {
            let trace = set.entries[Int(order[group.range.lowerBound])].key.traceID
            places.append(Place(start: group.start, high: trace.high, low: trace.low, group: index))
        }
        if places.count > spansPerSlice + spansPerSlice / 2 { places.sort { $0.start < $1.start } }
        // Slices of about one size, so that none is a crumb.
        let slices = max(1, (places.count + spansPerSlice / 2) / spansPerSlice)
        var all: [[[Int]]] = []
        for slice in 0..<slices {
            var blocks: [[Int]] = []
            let range = places.count * slice / slices..<places.count * (slice + 1) / slices
            places[range].sort { ($0.high, $0.low) < ($1.high, $1.low) }
            var block: [Int] = []
            var bytes = 0
            for place in places[range] {
                let size = groups[place.group].range.reduce(0) { $0 + Int(set.entries[Int(order[$1])].length) }
                if !block.isEmpty, block.count >= spansPerBlock || bytes + size > maxBlockBytes {
                    blocks.append(block)
                    block.removeAll(keepingCapacity: true)
                    bytes = 0
                }
                block.append(place.group)
                bytes += size
            }
            if !block.isEmpty { blocks.append(block) }
            all.append(blocks)
        }
        return all
    }

    /// The reports as one `TracesData`: those of a resource and a scope together, in the order of the resources' coming.
    package static func encode(_ members: [Int32], _ set: borrowing ReportSet) -> [UInt8] {
        var byOrigin: [(origin: Int32, members: [Int32], bytes: Int)] = []
        var numbers: [Int32: Int] = [:]
        for member in members {
            let entry = set.entries[Int(member)]
            let number = numbers[entry.origin, default: byOrigin.count]
            if number == byOrigin.count {
                numbers[entry.origin] = number
                byOrigin.append((entry.origin, [], set.origins[Int(entry.origin)].scopeFields.count))
            }
            byOrigin[number].members.append(member)
            byOrigin[number].bytes += fieldBytes(Int(entry.length))
        }
        var byResource: [(fields: [UInt8], scopes: [Int], bytes: Int)] = []
        var resources: [[UInt8]: Int] = [:]
        for (number, group) in byOrigin.enumerated() {
            let fields = set.origins[Int(group.origin)].resourceFields
            let position = resources[fields, default: byResource.count]
            if position == byResource.count {
                resources[fields] = position
                byResource.append((fields, [], fields.count))
            }
            byResource[position].scopes.append(number)
            byResource[position].bytes += fieldBytes(group.bytes)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byResource.reduce(0) { $0 + fieldBytes($1.bytes) })
        for resource in byResource {
            bytes.append(0x0A)
            bytes.append(varint: resource.bytes)
            bytes.append(contentsOf: resource.fields)
            for scope in resource.scopes {
                bytes.append(0x12)
                bytes.append(varint: byOrigin[scope].bytes)
                bytes.append(contentsOf: set.origins[Int(byOrigin[scope].origin)].scopeFields)
                for member in byOrigin[scope].members {
                    let entry = set.entries[Int(member)]
                    let payload = set.payloads[Int(entry.payload)]
                    let report = payload.rawSpan
                    bytes.appendField(report.extracting(entry.place), key: 0x12)
                }
            }
        }
        return bytes
    }

    /// Of a length-delimited field whose key has one byte.
    private static func fieldBytes(_ count: Int) -> Int {
        1 + max(1, (70 - UInt64(truncatingIfNeeded: count).leadingZeroBitCount) / 7) + count
    }
}
