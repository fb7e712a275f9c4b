import ProtoWire

/// A key with its value, in place: OTLP's `KeyValue`.
public struct AttributeView: ~Escapable, MessageView {
    // Proof for all below: a view or span made of this view reads the same payload and depends on it as this one does.
    // No more than six words: see PayloadBytes.
    @usableFromInline let payload: PayloadBytes
    /// Range of the message in the payload (`TextRange.bits`).
    @usableFromInline let range: UInt64
    /// Range of the key in the payload (`TextRange.bits`).
    @usableFromInline let keyRange: UInt64
    @usableFromInline let bits: UInt64
    @usableFromInline let form: UInt64

    @inlinable
    @inline(__always)
    @_lifetime(immortal)
    @_documentation(visibility: internal)
    public init(_ slice: MessageSlice) throws(WireError) {
        let usual = AttributeFields(usual: slice)
        let fields = usual.value.kind == .absent ? try AttributeFields(other: slice) : usual
        payload = slice.bytes
        range = TextRange(slice.start, slice.end).bits
        keyRange = fields.key.bits
        bits = fields.value.bits
        form = fields.value.form(slice.context, attributeHasUnknownFields: fields.hasUnknownFields)
    }

    /// `true` when the message itself has fields that the schema does not name, or `key_strindex` (field 3), which has
    /// no meaning in a span.
    @inlinable
    public var hasUnknownFields: Bool { form & ValueFields.attributeUnknownBit != 0 }

    /// Encoded message, in place.
    @inlinable
    public var bytes: RawSpan {
        @_lifetime(copy self)
        get {
            unsafe _overrideLifetime(
                payload.span(TextRange(bits: range).start, count: TextRange(bits: range).count), copying: self)
        }
    }

    /// Key of the attribute (field 1).
    @inlinable
    public var key: TextView {
        @_lifetime(copy self)
        @inline(__always)
        get { unsafe _overrideLifetime(TextView(payload, TextRange(bits: keyRange)), copying: self) }
    }

    /// Value of the attribute (field 2); `nil` when the field is absent, which differs from an `AnyValue` with no
    /// member set (`.empty`).
    @inlinable
    public var value: AttributeValueView? {
        @_lifetime(copy self)
        @inline(__always)
        get {
            // First, since most are; the compiler then knows the kind in what follows.
            if ValueFields.kind(form) == .string {
                let form = UInt64(ValueFields.Kind.string.rawValue) | form & ValueFields.unknownBit
                let value = AttributeValueView(payload, bits: bits, restEnds: 0, form: form)
                return unsafe _overrideLifetime(value, copying: self)
            }
            if ValueFields.kind(form) == .absent { return nil }
            let ends = ValueFields.isInPieces(form) ? Self.restEnds(payload, range) : 0
            let value = AttributeValueView(payload, bits: bits, restEnds: ends, form: form)
            return unsafe _overrideLifetime(value, copying: self)
        }
    }

    /// Returns the ends of the pieces of the value's list. They are read a second time, since so few attributes have
    /// such a list that the others should not carry them.
    @usableFromInline
    static func restEnds(_ payload: PayloadBytes, _ range: UInt64) -> UInt64 {
        let fields = try? AttributeFields(other: slice(payload, range))
        return fields?.value.rest.ends ?? 0
    }

    /// Returns the message without limits: a message that kept to them once does so again.
    static func slice(_ payload: PayloadBytes, _ range: UInt64) -> MessageSlice {
        let place = TextRange(bits: range)
        let context = ViewContext(DecodeOptions(limits: WireLimits(maxDepth: 500), invalidUTF8: .repair))
        return MessageSlice(payload, place.start, place.end, context)
    }

    /// Message without limits.
    var slice: MessageSlice { Self.slice(payload, range) }
}
