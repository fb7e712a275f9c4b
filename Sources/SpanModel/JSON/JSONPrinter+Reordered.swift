import ProtoWire

extension JSONPrinter {
    /// Prints a message whose fields come in another order, several times or in pieces: what a decoder would make of them.
    ///
    /// Reads the message once for each of its fields, so that nothing but a split message is copied.
    func printReordered(
        _ place: Int, _ reader: inout WireReader, _ object: inout PartialObject, _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        let start = reader
        let members = try lastMembers(place, start)
        for fieldPlace in plan.messages[place].fields {
            let field = plan.fields[fieldPlace]
            var from = 0
            if field.oneof != 0 {
                // Of the members of a oneof the last one counts, from where no other stands behind it.
                guard let member = members.first(where: { $0.oneof == field.oneof }), member.number == field.number
                else { continue }
                from = member.start
            }
            if field.isRepeated {
                try printAll(field, place, start, &object, &output, depth: depth)
            } else {
                try printMerged(field, place, start, from: from, &object, &output, depth: depth)
            }
        }
        while let key = try reader.nextKey() { try reader.skip(key) }
    }

    private struct Member {
        var oneof: UInt8
        var number: UInt32
        /// Where the first of its fields ends of which no other member stands behind.
        var start: Int
    }

    private func lastMembers(_ place: Int, _ start: WireReader) throws(WireError) -> [Member] {
        var reader = start
        var members: [Member] = []
        while let key = try reader.nextKey() {
            let position = reader.offset
            try reader.skip(key)
            guard let field = field(key, place), field.oneof != 0 else { continue }
            let member = Member(oneof: field.oneof, number: field.number, start: position)
            if let index = members.firstIndex(where: { $0.oneof == field.oneof }) {
                if members[index].number != field.number { members[index] = member }
            } else {
                members.append(member)
            }
        }
        return members
    }

    private func printAll(
        _ field: JSONPlan.Field, _ place: Int, _ start: WireReader, _ object: inout PartialObject,
        _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        var reader = start
        while let key = try reader.nextKey() {
            if key.number == field.number, self.field(key, place) != nil {
                try printField(field, key, &reader, &object, &output, depth: depth)
            } else {
                try reader.skip(key)
            }
        }
    }

    /// A singular field: of scalars the last counts, the pieces of a message are joined.
    private func printMerged(
        _ field: JSONPlan.Field, _ place: Int, _ start: WireReader, from: Int, _ object: inout PartialObject,
        _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        var merged = WireAppender(capacity: 64)
        var found = false
        var reader = start
        while let key = try reader.nextKey() {
            guard key.number == field.number, reader.offset >= from, self.field(key, place) != nil else {
                try reader.skip(key)
                continue
            }
            found = true
            if field.wireType == .lengthDelimited {
                let content = try reader.rawBytes()
                if !field.form.isMessage { merged.reset() }
                merged.append(copying: content)
            } else {
                merged.reset()
                let bits = try Self.scalar(field, &reader)
                switch field.wireType {
                case .fixed64: merged.appendFixed64(bits)
                case .fixed32: merged.appendFixed32(UInt32(truncatingIfNeeded: bits))
                default: merged.appendVarint(bits)
                }
            }
        }
        guard found else { return }
        var whole = WireAppender(capacity: merged.count + 16)
        if field.wireType == .lengthDelimited { whole.appendVarint(UInt64(merged.count)) }
        whole.append(copying: merged.bytes)
        // The outer reader bounds the depth around this message, this one the depth inside.
        var single = try WireReader(whole.bytes, options: Self.options(maxDepth: max(0, 500 - depth / 2)))
        let key = FieldKey(rawValue: field.key)
        try printField(field, key, &single, &object, &output, depth: depth)
    }
}
