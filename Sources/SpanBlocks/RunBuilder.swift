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
    package var traceChunks: [RunTraceChunk] = []
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

    private var maker: SliceMaker

    /// - Parameter level: of zstd's.
    package init(level: Int32) { maker = SliceMaker(level: level) }

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
    ///   - make: makes the slices, in their order, in whatever way it can, such as on several threads; `nil`: one after the
    ///     other.
    package mutating func build(
        _ groups: [Group], order: [Int32], in set: borrowing ReportSet, countsServices: Bool, withColumns: Bool,
        _ make: (([RunSlice]) -> [MadeSlice])? = nil
    ) -> EncodedRun {
        let set = copy set
        let slices = Self.cut(groups, order, set).map { blocks in
            RunSlice(
                groups: groups, order: order, set: set, blocks: blocks, countsServices: countsServices,
                withColumns: withColumns)
        }
        var made: [MadeSlice] = []
        if let make, slices.count > 1 {
            made = make(slices)
        } else {
            for slice in slices { made.append(maker.make(slice)) }
        }
        return Self.joined(made)
    }

    private static func joined(_ slices: [MadeSlice]) -> EncodedRun {
        var run = EncodedRun()
        // The filter's size depends on the block that has the most terms.
        var filters = TermSlices(
            blocks: slices.reduce(0) { $0 + $1.blocks.count },
            maxTerms: slices.reduce(0) { $1.terms.reduce($0) { max($0, $1.count) } })
        var traces: [RunTraceChunk.Entry] = []
        var services: [[UInt8]: EncodedRun.ServiceCount] = [:]
        for slice in slices {
            let first = run.blocks.count
            if let columns = slice.columns {
                run.columns.append(
                    EncodedRun.Columns(firstBlock: first, blocks: slice.blocks.count, data: columns))
            }
            for (number, terms) in slice.terms.enumerated() {
                for term in terms { filters.insert(term, block: first + number) }
            }
            for var entry in slice.traces {
                entry.block += UInt16(first)
                traces.append(entry)
            }
            for count in slice.services {
                let name = Array(count.name.utf8)
                guard var sum = services[name] else {
                    services[name] = count
                    continue
                }
                sum.spans += count.spans
                sum.newestStart = max(sum.newestStart, count.newestStart)
                services[name] = sum
            }
            for block in slice.blocks { run.summary.add(block.summary) }
            run.blocks += slice.blocks
            run.rawBytes += slice.rawBytes
        }
        run.services = Array(services.values)
        run.termBits = filters.bits
        run.termSlices = filters.bytes
        run.traceChunks = RunTraceChunk.chunks(traces)
        return run
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
