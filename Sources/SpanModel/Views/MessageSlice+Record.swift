import ProtoWire

extension MessageSlice {
    /// The message as a record, by the record's own decoder: where fields without a name have to be kept.
    func record<Message: WireMessage>() throws(WireError) -> Message {
        var message = Message()
        var pieces = FieldCursor(self)
        repeat {
            var reader = try pieces.reader()
            try message.merge(from: &reader)
        } while try pieces.nextPiece()
        return message
    }
}
