import ProtoWire

/// Spans with their resources and scopes, read in place: nothing is copied, and nothing is allocated except for unknown
/// groups.
///
/// ```swift
/// let batch = try SpanBatchView(payload.rawSpan)
/// var groups = batch.resourceSpans
/// while let group = try groups.next() {
///     var scopes = group.scopeSpans
///     while let scope = try scopes.next() {
///         var spans = scope.spans
///         while let span = try spans.next() { print(span.name.string) }
///     }
/// }
/// ```
///
/// A view costs what is asked of it: making one walks the fields of its own message and steps over the messages inside.
/// So a fault deep inside is thrown when a view gets there; `validate()` reads everything. All views together accept
/// the payloads that `SpanBatch(decoding:)` accepts, and give the values that it holds.
public struct SpanBatchView: ~Escapable {
    // Proof for all below: a view or span made of this view reads the same payload and depends on it as this one does.
    /// Encoded message, in place.
    public let bytes: RawSpan
    @usableFromInline let slice: MessageSlice
    private let options: DecodeOptions

    /// Creates a view of an encoded batch.
    ///
    /// - Parameters:
    ///   - bytes: the whole message, nothing else.
    ///   - options: limits, and what becomes of strings that are not UTF-8.
    /// - Throws: `payloadTooLarge` when there are more bytes than `options.limits.maxPayloadBytes` or 2^31 - 1.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan, options: DecodeOptions = DecodeOptions()) throws(WireError) {
        _ = try WireReader(bytes, options: options)
        self.bytes = bytes
        self.options = options
        slice = MessageSlice(PayloadBytes(bytes), 0, bytes.byteCount, ViewContext(options))
    }

    /// Spans by resource (field 1).
    @inlinable
    public var resourceSpans: MessageViews<ResourceSpansView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice, key: 0x0A), copying: self) }
    }

    /// Reads every byte of the payload, and so tells if `SpanBatch(decoding:)` would accept it.
    ///
    /// - Returns: the number of spans.
    /// - Throws: the `WireError` that `SpanBatch(decoding:)` throws, with code, byte offset and field path.
    @discardableResult
    public func validate() throws(WireError) -> Int {
        do {
            return try readAll().spans
        } catch {
            // Of several faults views find that of the outer message first. Only what is refused pays for the other order.
            _ = try SpanBatch(decoding: bytes, options: options)
            var located = error
            located.path = FieldPath.path(to: error.offset, in: bytes, schema: SpanBatch.schema)
            throw located
        }
    }

    /// Reads every byte of the payload and counts what is in it.
    ///
    /// - Throws: a fault, without its path, and not always the first one of several.
    package func readAll() throws(WireError) -> SpanBatchCounts {
        var cursor = FieldCursor(slice)
        while let key = try cursor.nextKey() {
            if key.rawValue == 0x0A { _ = try cursor.content() } else { try cursor.skip(key) }
        }
        var counts = SpanBatchCounts()
        var groups = resourceSpans
        while let group = try groups.next() {
            try group.validateHead(&counts)
            var scopes = group.scopeSpans
            while let scopeSpans = try scopes.next() {
                try scopeSpans.validateHead(&counts)
                var spans = scopeSpans.spans
                while let span = try spans.next() {
                    try span.validateContent(&counts)
                    counts.spans += 1
                    if !span.traceID.isValid || !span.spanID.isValid { counts.unfit += 1 }
                }
            }
        }
        return counts
    }
}

/// Counts of what a batch holds, from which its size in memory once decoded follows.
package struct SpanBatchCounts: Sendable, Hashable {
    /// Number of spans.
    package var spans = 0
    /// Number of spans that lack a valid trace id or span id.
    package var unfit = 0
    /// Number of events, links, resources, entity references and scopes.
    package var parts = 0
    /// Number of attributes and of elements of lists.
    package var values = 0

    /// Creates counts of 0.
    package init() {}

    /// Counts what one span holds.
    ///
    /// - Parameter bytes: an encoded `Span`, without key and length.
    /// - Throws: a fault, without its path.
    package init(ofSpan bytes: borrowing RawSpan, options: DecodeOptions) throws(WireError) {
        let span = try SpanView(SpanBatchCounts.message(bytes, options))
        try span.validateContent(&self)
        spans = 1
    }

    /// Counts what a `ResourceSpans` with one `ScopeSpans` holds besides its spans.
    ///
    /// - Parameters:
    ///   - resource: the fields of `ResourceSpans` other than `scope_spans`, encoded.
    ///   - scope: the fields of `ScopeSpans` other than `spans`, encoded.
    /// - Throws: a fault, without its path.
    package init(ofResource resource: borrowing RawSpan, scope: borrowing RawSpan, options: DecodeOptions)
        throws(WireError)
    {
        try ResourceSpansView(SpanBatchCounts.message(resource, options)).validateHead(&self)
        try ScopeSpansView(SpanBatchCounts.message(scope, options)).validateHead(&self)
    }

    private static func message(
        _ bytes: borrowing RawSpan, _ options: DecodeOptions
    ) throws(WireError) -> MessageSlice {
        _ = try WireReader(copy bytes, options: options)
        // Proof: whoever asks reads the message before he returns, while the bytes are his caller's.
        return MessageSlice(PayloadBytes(copy bytes), 0, bytes.byteCount, ViewContext(options))
    }

    /// Size in memory of everything counted, in sixteenths of a smallest span: 16 for a span, 4 for a part, 1 for a
    /// value.
    package var sixteenths: Int { 16 * spans + 4 * parts + values }

    /// Number of smallest spans that take as much memory, rounded down.
    package var inSmallestSpans: Int { sixteenths / 16 }
}

extension ResourceSpansView {
    /// Reads and counts the resource.
    fileprivate func validateHead(_ counts: inout SpanBatchCounts) throws(WireError) {
        counts.parts += 1
        guard let resource = try resource() else { return }
        counts.values += try resource.attributes.validate()
        var entities = resource.entityRefs
        while try entities.next() != nil { counts.parts += 1 }
    }
}

extension ScopeSpansView {
    /// Reads and counts the scope.
    fileprivate func validateHead(_ counts: inout SpanBatchCounts) throws(WireError) {
        counts.parts += 1
        guard let scope = try scope() else { return }
        counts.values += try scope.attributes.validate()
    }
}

extension SpanView {
    /// Reads and counts the parts of the span that making the view has left unread.
    fileprivate func validateContent(_ counts: inout SpanBatchCounts) throws(WireError) {
        counts.values += try attributes.validate()
        var eventViews = events
        while let event = try eventViews.next() {
            counts.parts += 1
            counts.values += try event.attributes.validate()
        }
        var linkViews = links
        while let link = try linkViews.next() {
            counts.parts += 1
            counts.values += try link.attributes.validate()
        }
    }
}

extension MessageViews<AttributeView> {
    /// Reads all attributes that are left, with their values.
    ///
    /// - Returns: their number, elements of lists included.
    fileprivate func validate() throws(WireError) -> Int {
        var hasReplacedLists = false
        return try validate(&hasReplacedLists)
    }

    /// Reads all attributes that are left, with their values.
    ///
    /// - Parameter hasReplacedLists: set when one of the values had a list that another member replaced.
    fileprivate func validate(_ hasReplacedLists: inout Bool) throws(WireError) -> Int {
        var views = self
        var count = 0
        while true {
            // Nearly all are of one form, which a look without a view tells.
            let run = AttributeRun(usual: views)
            count += run.count
            views.advance(to: run.end)
            guard let view = try views.next() else { return count }
            count += 1
            var isReplaced = view.form & ValueFields.replacedListBit != 0
            var elements = 0
            if let value = view.value { elements = try value.validateLists(&isReplaced) }
            // Whoever decodes makes the elements of replaced lists too, each of two bytes at least. No encoder writes such
            // values, so a bound does instead of their number.
            if isReplaced { elements = view.bytes.byteCount / 2 }
            count += elements
            hasReplacedLists = hasReplacedLists || isReplaced
        }
    }
}

extension AttributeValueView {
    /// Reads the lists of the value, which making the view has left unread.
    ///
    /// - Parameter hasReplacedLists: set when one of the values in them had a list that another member replaced.
    /// - Returns: the number of elements.
    fileprivate func validateLists(_ hasReplacedLists: inout Bool) throws(WireError) -> Int {
        if form & ValueFields.replacedListBit != 0 { hasReplacedLists = true }
        switch content {
        case .array(let views):
            var views = views
            var count = 0
            while let view = try views.next() { count += try 1 + view.validateLists(&hasReplacedLists) }
            return count
        case .keyValueList(let views): return try views.validate(&hasReplacedLists)
        default: return 0
        }
    }
}
