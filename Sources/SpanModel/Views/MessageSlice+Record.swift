import ProtoWire

extension MessageSlice {
    /// Returns the message as a record, made by the record's own decoder, which keeps unknown fields.
    ///
    /// - Throws: a fault of the message, with code and byte offset.
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
