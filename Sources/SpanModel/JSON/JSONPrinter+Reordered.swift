import ProtoWire

/// Printing of a message whose fields come in another order, several times or in pieces: the text is that of the
/// decoded message.
///
/// Nothing is copied: a message in pieces is the list of its pieces, and each level looks its fields up in them.
extension JSONPrinter {
    /// Prints the message that `reader` is in, to its end. Reads it once for each of its fields.
    func printReordered(
        _ place: Int, _ reader: inout WireReader, _ object: inout PartialObject, _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        let pieces = [reader.offset..<reader.messageEnd]
        try printPieces(pieces, place, reader, &object, &output, depth: depth)
        while let key = try reader.nextKey() { try reader.skip(key) }
    }

    /// Prints the fields of a message that stands in these pieces of the payload.
    ///
    /// - Parameter reader: reader of the payload at any position, with the depth that is left inside the message.
    private func printPieces(
        _ pieces: [Range<Int>], _ place: Int, _ reader: WireReader, _ object: inout PartialObject,
        _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        let members = try lastMembers(pieces, place, reader)
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
                try printAll(field, pieces, place, reader, &object, &output, depth: depth)
            } else {
                try printLast(field, pieces, place, reader, from: from, &object, &output, depth: depth)
            }
        }
    }

    private struct Member {
        var oneof: UInt8
        var number: UInt32
        /// Offset of the value of the first field of this member behind which no other member of the oneof stands.
        var start: Int
    }

    private func lastMembers(
        _ pieces: [Range<Int>], _ place: Int, _ reader: WireReader
    ) throws(WireError) -> [Member] {
        var members: [Member] = []
        for piece in pieces {
            var reader = reader.over(piece)
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
        }
        return members
    }

    private func printAll(
        _ field: JSONPlan.Field, _ pieces: [Range<Int>], _ place: Int, _ reader: WireReader,
        _ object: inout PartialObject, _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        for piece in pieces {
            var reader = reader.over(piece)
            while let key = try reader.nextKey() {
                if key.number == field.number, self.field(key, place) != nil {
                    try printField(field, key, &reader, &object, &output, depth: depth)
                } else {
                    try reader.skip(key)
                }
            }
        }
    }

    /// Prints a singular field: the last one of scalars, one message from all pieces of a message.
    private func printLast(
        _ field: JSONPlan.Field, _ pieces: [Range<Int>], _ place: Int, _ reader: WireReader, from: Int,
        _ object: inout PartialObject, _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        // From the last one's value, its length included, to the end of its piece.
        var last: Range<Int>?
        var contents: [Range<Int>] = []
        for piece in pieces {
            var reader = reader.over(piece)
            while let key = try reader.nextKey() {
                guard key.number == field.number, reader.offset >= from, self.field(key, place) != nil else {
                    try reader.skip(key)
                    continue
                }
                last = reader.offset..<piece.upperBound
                if field.form.isMessage {
                    let count = try reader.length()
                    contents.append(reader.offset..<reader.offset + count)
                    reader = reader.over(reader.offset + count..<piece.upperBound)
                } else {
                    try reader.skip(key)
                }
            }
        }
        guard let last else { return }
        guard case .message(let inner) = field.form, contents.count > 1 else {
            var single = reader.over(last)
            return try printField(field, FieldKey(rawValue: field.key), &single, &object, &output, depth: depth)
        }
        guard field.isAlwaysPresent || contents.contains(where: { !$0.isEmpty }) else { return }
        label(field, &object, &output, depth: depth)
        output.append(UInt8(ascii: "{"))
        var innerObject = PartialObject()
        var innerReader = reader
        try innerReader.countLevel()
        try printPieces(contents, inner, innerReader, &innerObject, &output, depth: depth + 1)
        closeObject(&innerObject, &output, depth: depth + 1)
    }
}
