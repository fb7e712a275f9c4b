import ProtoWire

/// Attributes of a span that are encoded once and spliced into many spans: those that a service, a tenant or a request
/// has in common.
public struct EncodedAttributes: Sendable, Hashable {
    /// Encoded attributes: fields 9 of `Span`, one behind the other.
    public let bytes: [UInt8]

    /// Encodes the attributes.
    public init(_ attributes: [Attribute]) {
        var writer = WireWriter(capacity: 256)
        writer.prependMessages(attributes, key: 0x4A)
        bytes = writer.byteArray()
    }
}

/// Message that is open in a `WireWriter`: everything written before it is closed is in it.
public struct OpenMessage: ~Copyable {
    fileprivate let mark: Int
}

// A payload put together from records and from parts that are encoded already: nothing is decoded, and nothing is encoded
// twice. As all of a `WireWriter` it goes back to front, so the last span comes first, and resource and scope come when
// their message is closed:
//
//     let group = writer.openResourceSpans()
//     let scope = writer.openScopeSpans()
//     for span in spans.reversed() { writer.prependSpan(span) }
//     writer.closeScopeSpans(scope, scope: encodedScope.rawSpan)
//     writer.closeResourceSpans(group, resource: encodedResource.rawSpan)
//
// What is spliced in is not looked at: it is a valid message of its kind, such as `bytes` of a view or `encoded()`.
extension WireWriter {
    /// Opens a `ResourceSpans` in front of what is written.
    ///
    /// - Parameter schemaURL: URL of the schema that the resource follows (field 3).
    public mutating func openResourceSpans(schemaURL: String = "") -> OpenMessage { open(schemaURL: schemaURL) }

    /// Closes the `ResourceSpans` that was opened last.
    ///
    /// - Parameter resource: an encoded `Resource`; `nil` leaves the field out.
    public mutating func closeResourceSpans(_ message: consuming OpenMessage, resource: RawSpan?) {
        close(message, first: resource, key: 0x0A)
    }

    /// Opens a `ScopeSpans` in front of what is written, inside of a `ResourceSpans`.
    ///
    /// - Parameter schemaURL: URL of the schema that the spans follow (field 3).
    public mutating func openScopeSpans(schemaURL: String = "") -> OpenMessage { open(schemaURL: schemaURL) }

    /// Closes the `ScopeSpans` that was opened last.
    ///
    /// - Parameter scope: an encoded `InstrumentationScope`; `nil` leaves the field out.
    public mutating func closeScopeSpans(_ message: consuming OpenMessage, scope: RawSpan?) {
        close(message, first: scope, key: 0x12)
    }

    /// Prepends a span to the spans of the open `ScopeSpans`.
    ///
    /// - Parameter shared: attributes that stand behind the span's own. Keys are meant to be unique, which nothing here
    ///   enforces.
    public mutating func prependSpan(_ span: SpanRecord, sharing shared: EncodedAttributes? = nil) {
        let mark = count
        span.encodeAfterAttributes(to: &self)
        if let shared { prependRaw(shared.bytes) }
        span.encodeFromAttributes(to: &self)
        prependLength(since: mark, key: 0x12)
    }

    /// Prepends an encoded span to the spans of the open `ScopeSpans`.
    public mutating func prependSpan(encoded span: RawSpan) { prependEncoded(span, key: 0x12) }

    /// Prepends an encoded message as a field.
    ///
    /// - Parameter key: key of the field: `number << 3 | 2`.
    public mutating func prependEncoded(_ message: RawSpan, key: UInt32) {
        let mark = count
        prependRaw(message)
        prependLength(since: mark, key: key)
    }

    private mutating func open(schemaURL: String) -> OpenMessage {
        let mark = count
        prependString(schemaURL, key: 0x1A)
        return OpenMessage(mark: mark)
    }

    private mutating func close(_ message: consuming OpenMessage, first: RawSpan?, key: UInt32) {
        precondition(
            message.mark <= count, "a message is closed on another writer than it was opened on, or after reset()")
        if let first { prependEncoded(first, key: 0x0A) }
        prependLength(since: message.mark, key: key)
    }
}
