import ProtoWire

/// Producer of spans, in place: OTLP's `Resource`.
public struct ResourceView: ~Escapable, MessageView {
    // Proof for all below: a view or span made of this view reads the same payload and depends on it as this one does.
    @usableFromInline let slice: MessageSlice

    /// Number of attributes left out by the sender's limits (field 2).
    public private(set) var droppedAttributesCount: UInt32 = 0
    /// `true` when the message has fields that the schema does not name.
    public private(set) var hasUnknownFields = false

    @_lifetime(immortal)
    @_documentation(visibility: internal)
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

    /// Attributes of the resource (field 1).
    public var attributes: MessageViews<AttributeView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice, key: 0x0A), copying: self) }
    }

    /// References to entities, each naming the attributes that identify it (field 3).
    public var entityRefs: MessageViews<EntityRefView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice, key: 0x1A), copying: self) }
    }

    /// Encoded message, in place; `nil` when it came in several pieces.
    public var bytes: RawSpan? {
        @_lifetime(copy self)
        get { slice.rest.isEmpty ? unsafe _overrideLifetime(slice.content(), copying: self) : nil }
    }
}

/// Reference to one entity of a resource, in place: OTLP's `EntityRef`.
public struct EntityRefView: ~Escapable, MessageView {
    // Proof for all below: a view or span made of this view reads the same payload and depends on it as this one does.
    @usableFromInline let slice: MessageSlice
    @usableFromInline var schemaURLRange = TextRange()
    @usableFromInline var typeRange = TextRange()
    /// `true` when the message has fields that the schema does not name.
    public private(set) var hasUnknownFields = false

    @_lifetime(immortal)
    @_documentation(visibility: internal)
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

    /// URL of the schema that the entity follows (field 1).
    public var schemaURL: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, schemaURLRange), copying: self) }
    }

    /// Type of the entity (field 2), such as `service` or `host`.
    public var type: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, typeRange), copying: self) }
    }

    /// Keys of the identifying attributes (field 3).
    public var idKeys: TextViews {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextViews(slice, key: 0x1A), copying: self) }
    }

    /// Keys of the describing attributes (field 4).
    public var descriptionKeys: TextViews {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextViews(slice, key: 0x22), copying: self) }
    }
}

/// Library that recorded spans, in place: OTLP's `InstrumentationScope`.
public struct InstrumentationScopeView: ~Escapable, MessageView {
    // Proof for all below: a view or span made of this view reads the same payload and depends on it as this one does.
    @usableFromInline let slice: MessageSlice
    @usableFromInline var nameRange = TextRange()
    @usableFromInline var versionRange = TextRange()
    /// Number of attributes left out by the sender's limits (field 4).
    public private(set) var droppedAttributesCount: UInt32 = 0
    /// `true` when the message has fields that the schema does not name.
    public private(set) var hasUnknownFields = false

    @_lifetime(immortal)
    @_documentation(visibility: internal)
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

    /// Name of the library (field 1).
    public var name: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, nameRange), copying: self) }
    }

    /// Version of the library (field 2).
    public var version: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, versionRange), copying: self) }
    }

    /// Attributes of the scope (field 3).
    public var attributes: MessageViews<AttributeView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice, key: 0x1A), copying: self) }
    }

    /// Encoded message, in place; `nil` when it came in several pieces.
    public var bytes: RawSpan? {
        @_lifetime(copy self)
        get { slice.rest.isEmpty ? unsafe _overrideLifetime(slice.content(), copying: self) : nil }
    }
}
