import ProtoWire

// Most of a payload is attributes and spans, and nearly all of them have one form. These two read that form at once and
// leave any other to the message's own `merge(from:)`, with the same result.
extension WireReader {
    /// Reads this field's attribute and those of the same key right behind it, and appends them to `attributes`.
    ///
    /// - Parameter key: the key that `nextKey()` returned last; one byte on the wire.
    mutating func attributes(_ key: UInt8, into attributes: inout [Attribute]) throws(WireError) {
        try self.attributes(count: runLength(key), into: &attributes)
    }

    /// Reads a run of `count` attributes and appends them to `attributes`.
    private mutating func attributes(count: Int, into attributes: inout [Attribute]) throws(WireError) {
        if attributes.isEmpty {
            try attributes.append(addingCapacity: count) { output throws(WireError) in
                for number in 1...count {
                    output.append(try attribute())
                    if number < count { stand(at: offset) }
                }
            }
        } else {
            // Growing to fit exactly would copy everything for each of many short runs.
            for number in 1...count {
                attributes.append(try attribute())
                if number < count { stand(at: offset) }
            }
        }
    }

    @inline(__always)
    private mutating func attribute() throws(WireError) -> Attribute {
        let start = offset
        let end = messageEnd
        // Proof for the load: two bytes are left.
        if end &- start >= 2 {
            let pair = payload.pair(unchecked: start)
            let content = pair & 0x80 == 0 ? start &+ 1 : start &+ 2
            let length = pair & 0x80 == 0 ? Int(pair & 0x7F) : Int(pair & 0x7F | (pair >> 8) << 7)
            let stop = content &+ length
            if pair & 0x8080 != 0x8080, stop <= end {
                let fields = AttributeFields(usual: MessageSlice(payload, content, stop, context))
                switch fields.value.kind {
                case .string:
                    stand(behind: stop)
                    return Attribute(keyText(fields.key), .string(text(TextRange(bits: fields.value.bits))))
                case .int:
                    stand(behind: stop)
                    return Attribute(keyText(fields.key), .int(Int64(bitPattern: fields.value.bits)))
                case .bool:
                    stand(behind: stop)
                    return Attribute(keyText(fields.key), .bool(fields.value.bits != 0))
                case .double:
                    stand(behind: stop)
                    return Attribute(keyText(fields.key), .double(Double(bitPattern: fields.value.bits)))
                default: break
                }
            }
        }
        return try message()
    }

    /// Returns the text of a key in ASCII; common keys share one string.
    @inline(__always)
    private func keyText(_ range: TextRange) -> String {
        if CommonStrings.lengths.contains(range.count), let text = common.string(payload, range.start, range.count) {
            return text
        }
        return text(range)
    }

    /// Returns the text in ASCII bytes of the payload.
    @inline(__always)
    private func text(_ range: TextRange) -> String {
        if let shared, SharedStrings.lengths.contains(range.count) {
            return shared.string(payload, range.start, range.count, isUTF8: true) ?? ""
        }
        return String(utf8: payload.span(range.start, count: range.count), isASCII: true)
    }

    /// Reads this field's span and those of the same key right behind it, and appends them to `spans`.
    ///
    /// - Parameter key: the key that `nextKey()` returned last; one byte on the wire.
    mutating func spans(_ key: UInt8, into spans: inout [SpanRecord]) throws(WireError) {
        let count = runLength(key)
        if spans.isEmpty { spans.reserveCapacity(count) }
        for number in 1...count {
            spans.append(SpanRecord())
            try read(&spans[spans.count - 1])
            if number < count { stand(at: offset) }
        }
    }

    /// Reads the span whose length comes next into an empty record.
    private mutating func read(_ span: inout SpanRecord) throws(WireError) {
        let outerEnd = try enterMessage()
        let stop = messageEnd
        var fields = SpanFields()
        var attributeCount: Int? = 0
        if fields.readUsual(MessageSlice(payload, offset, stop, context), attributeCount: &attributeCount) {
            span.set(fields, name: utf8Text(fields.name), traceState: utf8Text(fields.traceState))
            if let attributeCount, attributeCount > 0 {
                stand(at: fields.attributes.start)
                try attributes(count: attributeCount, into: &span.attributes)
            }
            // To the end of each run, however many of it are read at once.
            var position = fields.events.start
            while position < fields.events.end {
                stand(at: position)
                try messages(0x5A, into: &span.events)
                position = offset
            }
            position = fields.links.start
            while position < fields.links.end {
                stand(at: position)
                try messages(0x6A, into: &span.links)
                position = offset
            }
            stand(behind: stop)
        } else {
            try span.merge(from: &self)
        }
        leaveMessage(outerEnd)
    }
}

extension SpanRecord {
    /// Takes over the fields that stand in the span itself.
    fileprivate mutating func set(_ fields: SpanFields, name: String, traceState: String) {
        traceID = fields.traceID
        spanID = fields.spanID
        self.traceState = traceState
        parentSpanID = fields.parentSpanID
        self.name = name
        kind = fields.kind
        startTimeUnixNano = fields.startTimeUnixNano
        endTimeUnixNano = fields.endTimeUnixNano
        droppedAttributesCount = fields.droppedAttributesCount
        droppedEventsCount = fields.droppedEventsCount
        droppedLinksCount = fields.droppedLinksCount
        if fields.status.isPresent { status = SpanStatus(fields.status.code) }
        flags = fields.flags
    }
}
