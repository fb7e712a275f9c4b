import ProtoWire

/// Run of attributes without a fault, one behind the other, each of the form that `AttributeFields(usual:)` reads.
/// Nothing of them is kept, so walking over them takes a third of the time that views of them take.
struct AttributeRun {
    /// Number of attributes in the run.
    private(set) var count = 0
    /// Offset of the first attribute of another form, or of the end.
    private(set) var end: Int

    /// Walks over the next attributes of a repeated field.
    init(usual views: MessageViews<AttributeView>) {
        let slice = views.unread
        let first = 0x000A_0000 | UInt32(views.key)
        let bytes = slice.bytes
        let end = slice.end
        var position = slice.start
        var count = 0
        // An attribute and its value are two more messages inside this one.
        let least = slice.context.depthLeft > 1 ? 8 : Int.max
        // Proof for the loads: each is behind a comparison of its end with `stop` or `end`, which lie inside the payload.
        run: while end &- position >= least {
            let head = bytes.half(unchecked: position)
            let stop = position &+ 2 &+ Int(head >> 8 & 0xFF)
            let keyEnd = position &+ 4 &+ Int(head >> 24)
            guard head & 0x80FF_80FF == first, stop <= end, stop &- keyEnd >= 4 else { break run }
            // Key and length of the value, then of the member in it.
            let value = bytes.half(unchecked: keyEnd)
            let member = keyEnd &+ 4
            guard value & 0x80FF == 0x12, Int(value >> 8 & 0x7F) == stop &- keyEnd &- 2 else { break run }
            if value & 0x80FF_0000 == 0x000A_0000 {
                // Keys and lengths of one byte are ASCII too, so one look over all of it serves key and value.
                guard Int(value >> 24) == stop &- member, bytes.isASCII(unchecked: position, stop) else { break run }
            } else {
                guard bytes.isASCII(unchecked: position, keyEnd) else { break run }
                switch UInt8(truncatingIfNeeded: value >> 16) {
                case 0x18: guard bytes.isSoleVarint(unchecked: member &- 1, stop) else { break run }
                case 0x10: guard value < 0x8000_0000, member == stop else { break run }
                case 0x21: guard stop &- member == 7 else { break run }
                default: break run
                }
            }
            position = stop
            count &+= 1
        }
        self.end = position
        self.count = count
    }
}
