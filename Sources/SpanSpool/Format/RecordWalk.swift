import ProtoWire

/// Walks over the records of a file in order, reading it in pieces; goes on behind what is damaged.
struct RecordWalk {
    /// The next step of a walk.
    enum Step {
        /// A record; `body` is empty unless it was asked for, `nil` when its bits are wrong.
        case record(RecordHead, offset: Int, body: [UInt8]?)
        /// Bytes that are no record, with one behind them.
        case gap(Range<Int>)
    }

    private let file: any SpoolFile
    private let seed: UInt32
    private let end: Int
    private var buffer: [UInt8] = []
    private var bufferStart = 0
    /// Behind all that was walked over; at the end, behind the last record.
    private(set) var offset: Int

    private static let pieceBytes = 256 << 10

    /// - Parameter range: begins where a record does.
    init(_ file: any SpoolFile, seed: UInt32, range: Range<Int>) {
        self.file = file
        self.seed = seed
        offset = range.lowerBound
        end = range.upperBound
    }

    /// - Parameter wantsBody: whether to read and check the body of such a record.
    /// - Returns: `nil` when no record follows any more; `offset` then shows where the last one ended.
    mutating func next(_ wantsBody: (RecordHead) -> Bool) throws(SpoolError) -> Step? {
        if let head = try head(at: offset) {
            let start = offset
            offset += RecordHead.byteCount + head.bodyBytes
            return .record(head, offset: start, body: wantsBody(head) ? try body(head, at: start) : [])
        }
        var candidate = offset + 1
        while candidate + RecordHead.byteCount <= end {
            if try head(at: candidate) != nil {
                defer { offset = candidate }
                return .gap(offset..<candidate)
            }
            candidate += 1
        }
        return nil
    }

    /// A head whose body, too, ends within the range.
    private mutating func head(at place: Int) throws(SpoolError) -> RecordHead? {
        guard place + RecordHead.byteCount <= end else { return nil }
        try fill(place..<place + RecordHead.byteCount)
        guard let head = RecordHead(buffer.rawSpan, at: place - bufferStart, seed: seed, offset: place),
            head.bodyBytes <= end - place - RecordHead.byteCount
        else { return nil }
        return head
    }

    private mutating func body(_ head: RecordHead, at place: Int) throws(SpoolError) -> [UInt8]? {
        let start = place + RecordHead.byteCount
        try fill(start..<start + head.bodyBytes)
        let index = start - bufferStart
        guard index + head.bodyBytes <= buffer.count else { return nil }
        let body = Array(buffer[index..<index + head.bodyBytes])
        return CRC32C.checksum(body.rawSpan) == head.bodyChecksum ? body : nil
    }

    /// Has the buffer hold those bytes of the file, as far as they are there.
    private mutating func fill(_ range: Range<Int>) throws(SpoolError) {
        if range.lowerBound >= bufferStart, range.upperBound <= bufferStart + buffer.count { return }
        let count = max(range.count, min(RecordWalk.pieceBytes, end - range.lowerBound))
        buffer = try file.read(at: range.lowerBound, upTo: count)
        bufferStart = range.lowerBound
    }
}
