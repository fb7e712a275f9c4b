/// A message with a hand-written codec.
///
/// A conforming type reads its fields in `merge(from:)`, in any order, the last of a repeated scalar winning and a split
/// sub-message merging, keeps what it does not know, and writes in `encode(to:)` from the highest field down.
public protocol WireMessage: Sendable, ~Copyable {
    /// The message with every field at its default.
    init()

    /// Names, numbers and types of the fields, for error paths, printing and the check against `proto/`.
    static var schema: MessageSchema { get }

    /// Reads fields until the reader's current message ends, on top of what is already there.
    mutating func merge(from reader: inout WireReader) throws(WireError)

    /// Puts the fields in front of what the writer holds.
    func encode(to writer: inout WireWriter)

    /// Puts the message in front as a field of another: key, length, fields. A type may have a short cut for it.
    func encode(to writer: inout WireWriter, key: UInt32)
}

extension WireMessage where Self: ~Copyable {
    @inlinable
    @inline(__always)
    public func encode(to writer: inout WireWriter, key: UInt32) {
        let mark = writer.count
        encode(to: &writer)
        writer.prependLength(since: mark, key: key)
    }
}

/// What decoding repaired on the way.
public struct DecodeNotes: Sendable, Hashable {
    /// How many strings were not UTF-8 and were repaired; 0 unless the policy is `.repair`.
    public var repairedStrings = 0
    /// The field of the first of them, such as `resource_spans[0].scope_spans[0].spans[2].name`.
    public var firstRepairPath = ""

    public init() {}
}

extension WireMessage {
    /// Decodes one message.
    ///
    /// - Parameter bytes: the whole message, nothing else.
    /// - Throws: `WireError` with code, byte offset and field path.
    public init(decoding bytes: RawSpan, options: DecodeOptions = DecodeOptions()) throws(WireError) {
        self.init()
        try merge(decoding: bytes, options: options)
    }

    /// Decodes one message.
    public init(decoding bytes: [UInt8], options: DecodeOptions = DecodeOptions()) throws(WireError) {
        try self.init(decoding: bytes.rawSpan, options: options)
    }

    /// Decodes one message on top of what `self` holds and tells what was repaired.
    ///
    /// - Throws: `WireError` with code, byte offset and field path; `self` then holds a part of what was there and of
    ///   what was read.
    @discardableResult
    public mutating func merge(
        decoding bytes: RawSpan, options: DecodeOptions = DecodeOptions()
    ) throws(WireError) -> DecodeNotes {
        try SharedStrings.withTable(forPayloadBytes: bytes.byteCount) { shared throws(WireError) in
            try merge(bytes, options: options, shared: shared)
        }
    }

    private mutating func merge(
        _ bytes: RawSpan, options: DecodeOptions, shared: SharedStrings?
    ) throws(WireError) -> DecodeNotes {
        var reader = try WireReader(bytes, options: options, shared: shared)
        do {
            try merge(from: &reader)
        } catch {
            var located = error
            located.path = FieldPath.path(to: error.offset, in: bytes, schema: Self.schema)
            throw located
        }
        var notes = DecodeNotes()
        if reader.repairedStrings > 0 {
            notes.repairedStrings = reader.repairedStrings
            notes.firstRepairPath = FieldPath.path(
                to: reader.firstRepairOffset ?? 0, in: bytes, schema: Self.schema)
        }
        return notes
    }

    /// The encoded message. Allocates; a caller with many messages keeps a `WireWriter`.
    public func encoded() -> [UInt8] {
        var writer = WireWriter()
        encode(to: &writer)
        return writer.byteArray()
    }
}
