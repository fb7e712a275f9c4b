import ProtoWire

/// Spans of one resource, in place: OTLP's `ResourceSpans`.
public struct ResourceSpansView: ~Escapable, MessageView {
    // Proof for all below: a view or span made of this view reads the same payload and depends on it as this one does.
    @usableFromInline let slice: MessageSlice
    @usableFromInline var resourceField = MessageField()
    @usableFromInline var scopeSpansField = RepeatedField()
    @usableFromInline var schemaURLRange = TextRange()
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
            case 0x0A: try resourceField.read(&cursor)
            case 0x12: try scopeSpansField.read(&cursor)
            case 0x1A: schemaURLRange = try cursor.text()
            default:
                try cursor.skip(key)
                hasUnknownFields = true
            }
        }
    }

    /// Encoded message, in place.
    public var bytes: RawSpan {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(slice.content(), copying: self) }
    }

    /// Returns the resource (field 1); `nil` when it is absent: the resource is not known.
    ///
    /// - Throws: a fault of the resource's own fields.
    @_lifetime(copy self)
    public func resource() throws(WireError) -> ResourceView? {
        guard resourceField.isPresent else { return nil }
        let view = try ResourceView(slice.message(resourceField, key: 0x0A))
        return unsafe _overrideLifetime(view, copying: self)
    }

    /// Spans by instrumentation scope (field 2).
    public var scopeSpans: MessageViews<ScopeSpansView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice.part(scopeSpansField), key: 0x12), copying: self) }
    }

    /// URL of the schema that the resource follows (field 3).
    public var schemaURL: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, schemaURLRange), copying: self) }
    }
}

/// Spans that one instrumentation scope recorded, in place: OTLP's `ScopeSpans`.
public struct ScopeSpansView: ~Escapable, MessageView {
    // Proof for all below: a view or span made of this view reads the same payload and depends on it as this one does.
    @usableFromInline let slice: MessageSlice
    @usableFromInline var scopeField = MessageField()
    @usableFromInline var spansField = RepeatedField()
    @usableFromInline var schemaURLRange = TextRange()
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
            case 0x0A: try scopeField.read(&cursor)
            case 0x12: try spansField.read(&cursor)
            case 0x1A: schemaURLRange = try cursor.text()
            default:
                try cursor.skip(key)
                hasUnknownFields = true
            }
        }
    }

    /// Encoded message, in place.
    public var bytes: RawSpan {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(slice.content(), copying: self) }
    }

    /// Returns the scope (field 1); `nil` when it is absent: the scope is not known.
    ///
    /// - Throws: a fault of the scope's own fields.
    @_lifetime(copy self)
    public func scope() throws(WireError) -> InstrumentationScopeView? {
        guard scopeField.isPresent else { return nil }
        let view = try InstrumentationScopeView(slice.message(scopeField, key: 0x0A))
        return unsafe _overrideLifetime(view, copying: self)
    }

    /// Spans of the scope (field 2).
    @inlinable
    public var spans: MessageViews<SpanView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice.part(spansField), key: 0x12), copying: self) }
    }

    /// URL of the schema that the spans follow (field 3).
    public var schemaURL: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, schemaURLRange), copying: self) }
    }
}
