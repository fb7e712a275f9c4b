import ProtoWire
import SpanModel
import SpanStorage

extension SpanColumns {
    /// How exact stored starts are: a millisecond.
    package static let storedPrecision: UInt64 = 1_000_000

    /// Numbers of the fields of `proto/spanwire/storage/v1/columns.proto`.
    enum Field {
        static let rows: UInt8 = 1
        static let ids: UInt8 = 2
        static let calls: UInt8 = 3
        static let attributes: UInt8 = 4

        enum Rows {
            static let blockTraces: UInt8 = 1
            static let traces: UInt8 = 2
            static let traceStarts: UInt8 = 3
            static let firstStart: UInt8 = 4
            static let operations: UInt8 = 5
            static let rowTraces: UInt8 = 6
            static let starts: UInt8 = 7
            static let durations: UInt8 = 8
            static let flags: UInt8 = 9
        }

        enum IDs {
            static let spans: UInt8 = 1
        }

        enum Calls {
            static let parents: UInt8 = 1
            static let elsewhere: UInt8 = 2
            static let peers: UInt8 = 3
            static let rowPeers: UInt8 = 4
        }

        enum Attribute {
            static let key: UInt8 = 1
            static let rows: UInt8 = 2
            static let values: UInt8 = 1
            static let rowValues: UInt8 = 2
            static let checkedKey: UInt8 = 3
        }
    }

    /// As the message `SpanColumns`: rows of an operation together, starts in milliseconds. Parts that are asked for alone are
    /// compressed alone.
    package func encoded(_ compressor: borrowing BlockCompressor) -> [UInt8] {
        let order = rowsByOperation
        var bytes: [UInt8] = []
        bytes.append(field: compressor.compress(rows(order)), Field.rows << 3 | 2)
        var ids: [UInt8] = []
        ids.appendPacked(fixed: order.map { span[Int($0)] }, Field.IDs.spans)
        bytes.append(field: compressor.compress(ids), Field.ids << 3 | 2)
        bytes.append(field: compressor.compress(calls(order)), Field.calls << 3 | 2)
        for attribute in attributes {
            let key = Array(attribute.key.string.utf8)
            var rows: [UInt8] = []
            rows.append(field: key, Field.Attribute.checkedKey << 3 | 2)
            for value in attribute.values { rows.append(field: value.encoded(), Field.Attribute.values << 3 | 2) }
            rows.appendPacked(order.map { UInt64(attribute.rows[Int($0)]) }, Field.Attribute.rowValues)
            var message: [UInt8] = []
            message.append(field: key, Field.Attribute.key << 3 | 2)
            message.append(field: compressor.compress(rows), Field.Attribute.rows << 3 | 2)
            bytes.append(field: message, Field.attributes << 3 | 2)
        }
        return bytes
    }

    /// Rows of an operation together, otherwise as they are.
    private var rowsByOperation: [Int32] {
        var next = [Int](repeating: 0, count: operations.count + 1)
        for operation in operation { next[Int(operation) + 1] += 1 }
        for index in operations.indices { next[index + 1] += next[index] }
        var order = [Int32](repeating: 0, count: count)
        for (row, operation) in operation.enumerated() {
            order[next[Int(operation)]] = Int32(row)
            next[Int(operation)] += 1
        }
        return order
    }

    private func rows(_ order: [Int32]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * 12)
        bytes.appendPacked(blockTraces.map { UInt64($0) }, Field.Rows.blockTraces)
        bytes.appendPacked(fixed: traces, Field.Rows.traces)
        var traceStarts = [UInt64](repeating: .max, count: traces.count)
        for (row, trace) in trace.enumerated() {
            traceStarts[Int(trace)] = min(traceStarts[Int(trace)], start[row] / Self.storedPrecision)
        }
        let first = traceStarts.min() ?? 0
        bytes.appendPacked(traceStarts.map { $0 - first }, Field.Rows.traceStarts)
        bytes.append(Field.Rows.firstStart << 3)
        bytes.append(varint: Int(truncatingIfNeeded: first))
        appendOperations(to: &bytes)
        var before: Int32 = 0
        var steps: [UInt64] = []
        steps.reserveCapacity(count)
        for row in order {
            let step = trace[Int(row)] - before
            steps.append(UInt64(UInt32(bitPattern: step << 1 ^ step >> 31)))
            before = trace[Int(row)]
        }
        bytes.appendPacked(steps, Field.Rows.rowTraces)
        bytes.appendPacked(
            order.map { start[Int($0)] / Self.storedPrecision - traceStarts[Int(trace[Int($0)])] }, Field.Rows.starts)
        bytes.appendPacked(order.map { UInt64(bitPattern: duration[Int($0)]) }, Field.Rows.durations)
        bytes.appendPacked(order.map { UInt64(flags[Int($0)].rawValue) }, Field.Rows.flags)
        return bytes
    }

    private func appendOperations(to bytes: inout [UInt8]) {
        var rows = [Int](repeating: 0, count: operations.count)
        for operation in operation { rows[Int(operation)] += 1 }
        for (index, operation) in operations.enumerated() {
            var message: [UInt8] = []
            message.append(field: Array(operation.service.string.utf8), 0x0A)
            message.append(field: Array(operation.name.string.utf8), 0x12)
            message.append(0x18)
            message.append(varint: Int(operation.kind.rawValue))
            message.append(0x20)
            message.append(varint: rows[index])
            bytes.append(field: message, Field.Rows.operations << 3 | 2)
        }
    }

    private func calls(_ order: [Int32]) -> [UInt8] {
        var bytes: [UInt8] = []
        let (parents, elsewhere) = parents(order)
        bytes.appendPacked(parents, Field.Calls.parents)
        bytes.appendPacked(fixed: elsewhere, Field.Calls.elsewhere)
        for peer in peers {
            var message: [UInt8] = [0x08]
            message.append(varint: Int(peer.kind.rawValue))
            message.append(field: Array(peer.name.string.utf8), 0x12)
            bytes.append(field: message, Field.Calls.peers << 3 | 2)
        }
        bytes.appendPacked(order.map { UInt64(peer[Int($0)] + 1) }, Field.Calls.rowPeers)
        return bytes
    }

    /// Of each row: 0 for a root, 1 for a span whose parent is not among its trace's rows, else two more than the place among
    /// them; and the parents that are elsewhere.
    private func parents(_ order: [Int32]) -> (places: [UInt64], elsewhere: [UInt32]) {
        var starts = [Int](repeating: 0, count: traces.count + 1)
        for trace in trace { starts[Int(trace) + 1] += 1 }
        for index in traces.indices { starts[index + 1] += starts[index] }
        var next = starts
        var spans = [UInt32](repeating: 0, count: count)
        for row in order {
            spans[next[Int(trace[Int(row)])]] = span[Int(row)]
            next[Int(trace[Int(row)])] += 1
        }
        var elsewhere: [UInt32] = []
        var places: [UInt64] = []
        places.reserveCapacity(count)
        for row in order {
            let parent = parent[Int(row)]
            if parent == 0 {
                places.append(0)
                continue
            }
            let range = starts[Int(trace[Int(row)])]..<starts[Int(trace[Int(row)]) + 1]
            if let place = spans[range].firstIndex(of: parent) {
                places.append(UInt64(place - range.lowerBound + 2))
            } else {
                places.append(1)
                elsewhere.append(parent)
            }
        }
        return (places, elsewhere)
    }
}

extension [UInt8] {
    /// A length-delimited field.
    ///
    /// - Parameter key: of one byte.
    fileprivate mutating func append(field content: [UInt8], _ key: UInt8) {
        append(key)
        append(varint: content.count)
        append(contentsOf: content)
    }

    fileprivate mutating func appendPacked(_ numbers: [UInt64], _ field: UInt8) {
        var content: [UInt8] = []
        content.reserveCapacity(numbers.count * 2)
        for var number in numbers {
            while number >= 0x80 {
                content.append(UInt8(truncatingIfNeeded: number) | 0x80)
                number >>= 7
            }
            content.append(UInt8(truncatingIfNeeded: number))
        }
        append(field: content, field << 3 | 2)
    }

    fileprivate mutating func appendPacked(fixed numbers: [UInt32], _ field: UInt8) {
        var content: [UInt8] = []
        content.reserveCapacity(numbers.count * 4)
        for number in numbers {
            for shift in stride(from: 0, to: 32, by: 8) { content.append(UInt8(truncatingIfNeeded: number >> shift)) }
        }
        append(field: content, field << 3 | 2)
    }
}
