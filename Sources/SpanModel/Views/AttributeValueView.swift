import ProtoWire

/// Value of an attribute, in place: OTLP's `AnyValue`.
public struct AttributeValueView: ~Escapable, MessageView {
    // Proof for all below: a view or span made of this view reads the same payload and depends on it as this one does.
    @usableFromInline let payload: PayloadBytes
    @usableFromInline let bits: UInt64
    @usableFromInline let restEnds: UInt64
    @usableFromInline let form: UInt64

    /// Member that is set, with its value in place.
    public enum Content: ~Escapable, BitwiseCopyable {
        /// An `AnyValue` in which no member is set.
        case empty
        /// A string in UTF-8 (field 1).
        case string(TextView)
        /// A Boolean (field 2).
        case bool(Bool)
        /// An integer of 64 bits (field 3).
        case int(Int64)
        /// A double (field 4) of any bit pattern, NaN and infinities included.
        case double(Double)
        /// An array (field 5), whose elements may be of different kinds and nested.
        case array(MessageViews<AttributeValueView>)
        /// A list of attributes (field 6). Keys are meant to be unique, which nothing here enforces.
        case keyValueList(MessageViews<AttributeView>)
        /// Bytes (field 7); also a string that is not UTF-8 (field 1) when the policy is to repair.
        case bytes(RawSpan)
        /// An index into a string table (field 8); reads as absent in a span.
        case stringIndex(Int32)
    }

    @inlinable
    @inline(__always)
    @_lifetime(immortal)
    init(_ payload: PayloadBytes, bits: UInt64, restEnds: UInt64, form: UInt64) {
        self.payload = payload
        self.bits = bits
        self.restEnds = restEnds
        self.form = form
    }

    @_lifetime(immortal)
    @_documentation(visibility: internal)
    public init(_ slice: MessageSlice) throws(WireError) {
        let slice = try slice.entered()
        let fields = try ValueFields(slice)
        payload = slice.bytes
        bits = fields.bits
        restEnds = fields.rest.ends
        form = fields.form(slice.context, attributeHasUnknownFields: false)
    }

    /// `true` when the `AnyValue`, or the list in it, has fields that the schema does not name.
    @inlinable
    public var hasUnknownFields: Bool { form & ValueFields.unknownBit != 0 }

    /// Member that is set, with its value.
    @inlinable
    public var content: Content {
        @_lifetime(copy self)
        @inline(__always)
        get {
            // First, since most are.
            if ValueFields.kind(form) == .string {
                return unsafe _overrideLifetime(.string(TextView(payload, TextRange(bits: bits))), copying: self)
            }
            return switch ValueFields.kind(form) {
            case .absent, .empty: .empty
            case .string: unsafe _overrideLifetime(.string(TextView(payload, TextRange(bits: bits))), copying: self)
            case .bool: .bool(bits != 0)
            case .int: .int(Int64(bitPattern: bits))
            case .double: .double(Double(bitPattern: bits))
            case .array: unsafe _overrideLifetime(.array(MessageViews(list, key: 0x0A)), copying: self)
            case .keyValueList: unsafe _overrideLifetime(.keyValueList(MessageViews(list, key: 0x0A)), copying: self)
            case .bytes:
                unsafe _overrideLifetime(
                    .bytes(payload.span(TextRange(bits: bits).start, TextRange(bits: bits).end)), copying: self)
            case .stringIndex: .stringIndex(Int32(truncatingIfNeeded: bits))
            }
        }
    }

    /// Pieces of the list.
    @inlinable
    var list: MessageSlice { ValueFields.list(payload, bits: bits, restEnds: restEnds, form: form) }
}
