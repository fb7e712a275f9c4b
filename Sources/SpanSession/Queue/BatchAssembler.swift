import ProtoWire

/// A batch that grows: encoded spans are copied to the group of their origin, and framed by lengths at the end.
package struct BatchAssembler: Sendable {
    private struct Group: Sendable {
        var origin: EncodedOrigin
        /// Room for what stands before the spans when they are alone in a batch, then fields 2 of `ScopeSpans`, one
        /// behind the other.
        var bytes: [UInt8]

        /// - Parameter spare: an array whose memory is used again.
        init(origin: EncodedOrigin, capacity: Int, spare: [UInt8]) {
            self.origin = origin
            bytes = spare
            bytes.removeAll(keepingCapacity: true)
            bytes.reserveCapacity(capacity)
            bytes.append(contentsOf: repeatElement(0, count: headBytes))
        }

        /// Bytes of the head with lengths of three bytes, which is what batches mostly have.
        var headBytes: Int { 8 + origin.resourceFields.count + origin.scopeFields.count }

        var spans: ArraySlice<UInt8> { bytes[headBytes...] }

        /// The fields of `ScopeSpans`.
        var scopeBytes: Int { bytes.count - headBytes + origin.scopeFields.count }
    }

    private var groups: [Group] = []
    /// The size of the last batch, so that the next one grows in one piece.
    private var lastBytes = 0
    /// Payloads that are done with, to be filled again.
    private var spares: [[UInt8]] = []
    private static let maxSpares = 2
    private static let maxSpareBytes = 1 << 20
    private var index: [EncodedOrigin: Int] = [:]
    private var latest = 0

    /// The number of spans in the batch.
    package private(set) var spanCount = 0

    /// The most bytes that the payload will have; it lacks no more than the bytes that short lengths save.
    package private(set) var boundBytes = 0

    /// Makes an assembler of an empty batch.
    package init() {}

    /// Whether no span is in it.
    package var isEmpty: Bool { spanCount == 0 }

    /// The bytes by which a span would make `boundBytes` grow.
    package mutating func cost(of byteCount: Int, origin: EncodedOrigin) -> Int {
        let field = BatchAssembler.fieldBytes(byteCount)
        return group(of: origin) == nil ? field + origin.overheadBytes : field
    }

    /// Whether a span of the origin is in it.
    func has(_ origin: EncodedOrigin) -> Bool { group(of: origin) != nil }

    /// The bytes that a span takes alone in a batch.
    package static func soleCost(of byteCount: Int, origin: EncodedOrigin) -> Int {
        fieldBytes(byteCount) + origin.overheadBytes
    }

    /// Adds an encoded span, without key and length.
    package mutating func append(_ span: borrowing RawSpan, origin: EncodedOrigin) {
        boundBytes += cost(of: span.byteCount, origin: origin)
        let position: Int
        if let known = group(of: origin) {
            position = known
        } else {
            position = groups.count
            let isFirst = groups.isEmpty
            groups.append(
                Group(
                    origin: origin, capacity: isFirst ? lastBytes : 0, spare: isFirst ? spares.popLast() ?? [] : []))
            index[origin] = position
        }
        latest = position
        groups[position].bytes.append(0x12)
        groups[position].bytes.append(varint: span.byteCount)
        groups[position].bytes.append(copying: span)
        spanCount += 1
    }

    /// The payload, origins in the order in which they first came, those of one resource together. Empties the
    /// assembler.
    package mutating func take() -> [UInt8] {
        let payload = takeOnlyGroup() ?? join()
        let (bytes, kept) = (boundBytes, spares)
        self = BatchAssembler()
        lastBytes = bytes
        spares = kept
        return payload
    }

    /// Takes a payload back that nobody needs any more.
    mutating func recycle(_ payload: consuming [UInt8]) {
        guard spares.count < Self.maxSpares, payload.capacity <= Self.maxSpareBytes else { return }
        spares.append(payload)
    }

    /// The payload where there is one origin, and the lengths take what was kept free for them: made without copying
    /// the spans.
    private mutating func takeOnlyGroup() -> [UInt8]? {
        guard groups.count == 1 else { return nil }
        let (origin, scopeBytes) = (groups[0].origin, groups[0].scopeBytes)
        let resourceBytes = origin.resourceFields.count + BatchAssembler.fieldBytes(scopeBytes)
        guard BatchAssembler.varintBytes(scopeBytes) == 3, BatchAssembler.varintBytes(resourceBytes) == 3 else {
            return nil
        }
        var head: [UInt8] = [0x0A]
        head.reserveCapacity(groups[0].headBytes)
        head.append(varint: resourceBytes)
        head.append(contentsOf: origin.resourceFields)
        head.append(0x12)
        head.append(varint: scopeBytes)
        head.append(contentsOf: origin.scopeFields)
        var payload: [UInt8] = []
        swap(&payload, &groups[0].bytes)
        for index in head.indices { payload[index] = head[index] }
        return payload
    }

    private func join() -> [UInt8] {
        var byResource: [(fields: [UInt8], groups: [Int], size: Int)] = []
        var positions: [[UInt8]: Int] = [:]
        for (number, group) in groups.enumerated() {
            let fields = group.origin.resourceFields
            let position = positions[fields, default: byResource.count]
            if position == byResource.count {
                positions[fields] = position
                byResource.append((fields, [], fields.count))
            }
            byResource[position].groups.append(number)
            byResource[position].size += BatchAssembler.fieldBytes(group.scopeBytes)
        }
        var payload: [UInt8] = []
        payload.reserveCapacity(boundBytes)
        for resource in byResource {
            payload.append(0x0A)
            payload.append(varint: resource.size)
            payload.append(contentsOf: resource.fields)
            for number in resource.groups {
                payload.append(0x12)
                payload.append(varint: groups[number].scopeBytes)
                payload.append(contentsOf: groups[number].origin.scopeFields)
                payload.append(contentsOf: groups[number].spans)
            }
        }
        return payload
    }

    /// Spans of one origin mostly come in a row.
    private func group(of origin: EncodedOrigin) -> Int? {
        if latest < groups.count, groups[latest].origin === origin { return latest }
        return index[origin]
    }

    /// A length-delimited field with a key of one byte.
    private static func fieldBytes(_ byteCount: Int) -> Int { 1 + varintBytes(byteCount) + byteCount }

    private static func varintBytes(_ value: Int) -> Int {
        max(1, (70 - UInt64(truncatingIfNeeded: value).leadingZeroBitCount) / 7)
    }
}

extension [UInt8] {
    fileprivate mutating func append(varint value: Int) {
        var rest = UInt64(truncatingIfNeeded: value)
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }
}
