/// A message with a hand-written codec.
///
/// `merge(from:)` reads fields in any order: the last of a repeated scalar wins, a split sub-message is merged, and
/// unknown fields are kept. `encode(to:)` writes from the highest field down.
public protocol WireMessage: Sendable, ~Copyable {
    /// Creates the message with every field at its default.
    init()

    /// Names, numbers and types of the fields, for error paths, printing and the check against `proto/`.
    static var schema: MessageSchema { get }

    /// Reads fields until the reader's current message ends, on top of the fields that are set.
    ///
    /// - Throws: `WireError` with code and byte offset, without a path; a part of the fields is then read.
    mutating func merge(from reader: inout WireReader) throws(WireError)

    /// Prepends the fields to the bytes that the writer holds.
    func encode(to writer: inout WireWriter)

    /// Prepends the message as a field of another: key, length, fields. A type may have a faster way of its own.
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

/// Repairs that decoding made.
public struct DecodeNotes: Sendable, Hashable {
    /// Number of strings that were not UTF-8 and were repaired; 0 unless the policy is `.repair`.
    public var repairedStrings = 0
    /// Path of the first repaired field, such as `resource_spans[0].scope_spans[0].spans[2].name`.
    public var firstRepairPath = ""

    /// Creates notes without repairs.
    public init() {}
}

extension WireMessage {
    /// Decodes one message.
    ///
    /// - Parameters:
    ///   - bytes: the whole message, nothing else.
    ///   - options: limits, and what becomes of strings that are not UTF-8.
    /// - Throws: `WireError` with code, byte offset and field path.
    public init(decoding bytes: RawSpan, options: DecodeOptions = DecodeOptions()) throws(WireError) {
        self.init()
        try merge(decoding: bytes, options: options)
    }

    /// Decodes one message from an array.
    ///
    /// - Throws: `WireError` with code, byte offset and field path.
    public init(decoding bytes: [UInt8], options: DecodeOptions = DecodeOptions()) throws(WireError) {
        try self.init(decoding: bytes.rawSpan, options: options)
    }

    /// Decodes one message on top of the fields that are set, and returns the repairs that were made.
    ///
    /// - Throws: `WireError` with code, byte offset and field path; a part of the fields is then read.
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

    /// Returns the encoded message. Allocates; a caller with many messages keeps a `WireWriter`.
    public func encoded() -> [UInt8] {
        var writer = WireWriter()
        encode(to: &writer)
        return writer.byteArray()
    }
}
