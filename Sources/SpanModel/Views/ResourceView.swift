import ProtoWire

/// What produced the spans, in place. OTLP's `Resource`.
public struct ResourceView: ~Escapable, MessageView {
    @usableFromInline let slice: MessageSlice

    /// Field 2: attributes left out by the sender's limits.
    public private(set) var droppedAttributesCount: UInt32 = 0
    /// Whether the message has fields that the schema does not name.
    public private(set) var hasUnknownFields = false

    @_lifetime(immortal)
    public init(_ slice: MessageSlice) throws(WireError) {
        let slice = try slice.entered()
        self.slice = slice
        var cursor = FieldCursor(slice)
        while let key = try cursor.nextKey() {
            switch key.rawValue {
            case 0x0A, 0x1A: _ = try cursor.content()
            case 0x10: droppedAttributesCount = UInt32(truncatingIfNeeded: try cursor.varint())
            default:
                try cursor.skip(key)
                hasUnknownFields = true
            }
        }
    }

    /// Field 1.
    public var attributes: MessageViews<AttributeView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice, key: 0x0A), copying: self) }
    }

    /// Field 3: which of the attributes identify entities.
    public var entityRefs: MessageViews<EntityRefView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice, key: 0x1A), copying: self) }
    }

    /// The encoded message, in place; `nil` when it came in several pieces.
    public var bytes: RawSpan? {
        @_lifetime(copy self)
        get { slice.rest.isEmpty ? unsafe _overrideLifetime(slice.content(), copying: self) : nil }
    }
}

/// Which attributes of a resource identify and describe one entity, in place. OTLP's `EntityRef`.
public struct EntityRefView: ~Escapable, MessageView {
    @usableFromInline let slice: MessageSlice
    @usableFromInline var schemaURLRange = TextRange()
    @usableFromInline var typeRange = TextRange()
    /// Whether the message has fields that the schema does not name.
    public private(set) var hasUnknownFields = false

    @_lifetime(immortal)
    public init(_ slice: MessageSlice) throws(WireError) {
        let slice = try slice.entered()
        self.slice = slice
        var cursor = FieldCursor(slice)
        while let key = try cursor.nextKey() {
            switch key.rawValue {
            case 0x0A: schemaURLRange = try cursor.text()
            case 0x12: typeRange = try cursor.text()
            case 0x1A, 0x22: _ = try cursor.text()
            default:
                try cursor.skip(key)
                hasUnknownFields = true
            }
        }
    }

    /// Field 1.
    public var schemaURL: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, schemaURLRange), copying: self) }
    }

    /// Field 2: such as `service` or `host`.
    public var type: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, typeRange), copying: self) }
    }

    /// Field 3: keys of identifying attributes.
    public var idKeys: TextViews {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextViews(slice, key: 0x1A), copying: self) }
    }

    /// Field 4: keys of describing attributes.
    public var descriptionKeys: TextViews {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextViews(slice, key: 0x22), copying: self) }
    }
}

/// The library that recorded the spans, in place. OTLP's `InstrumentationScope`.
public struct InstrumentationScopeView: ~Escapable, MessageView {
    @usableFromInline let slice: MessageSlice
    @usableFromInline var nameRange = TextRange()
    @usableFromInline var versionRange = TextRange()
    /// Field 4: attributes left out by the sender's limits.
    public private(set) var droppedAttributesCount: UInt32 = 0
    /// Whether the message has fields that the schema does not name.
    public private(set) var hasUnknownFields = false

    @_lifetime(immortal)
    public init(_ slice: MessageSlice) throws(WireError) {
        let slice = try slice.entered()
        self.slice = slice
        var cursor = FieldCursor(slice)
        while let key = try cursor.nextKey() {
            switch key.rawValue {
            case 0x0A: nameRange = try cursor.text()
            case 0x12: versionRange = try cursor.text()
            case 0x1A: _ = try cursor.content()
            case 0x20: droppedAttributesCount = UInt32(truncatingIfNeeded: try cursor.varint())
            default:
                try cursor.skip(key)
                hasUnknownFields = true
            }
        }
    }

    /// Field 1.
    public var name: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, nameRange), copying: self) }
    }

    /// Field 2.
    public var version: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, versionRange), copying: self) }
    }

    /// Field 3.
    public var attributes: MessageViews<AttributeView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice, key: 0x1A), copying: self) }
    }

    /// The encoded message, in place; `nil` when it came in several pieces.
    public var bytes: RawSpan? {
        @_lifetime(copy self)
        get { slice.rest.isEmpty ? unsafe _overrideLifetime(slice.content(), copying: self) : nil }
    }
}
