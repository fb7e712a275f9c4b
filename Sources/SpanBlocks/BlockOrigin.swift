import ProtoWire
import SpanMerge
import SpanModel

/// Where the reports of one `ScopeSpans` come from, as encoded as it came; shared by all of them.
package final class BlockOrigin: Sendable {
    /// The fields of `ResourceSpans` other than `scope_spans`.
    package let resourceFields: [UInt8]
    /// The fields of `ScopeSpans` other than `spans`.
    package let scopeFields: [UInt8]
    /// The resource's `service.name`; empty when it has none.
    package let service: String
    /// Of both fields' bytes.
    package let hash: UInt64
    /// The service, and the resource's attributes.
    package let terms: [UInt64]
    /// The same decoded, in canonical form.
    package let shared: SharedOrigin

    /// - Throws: what the fields are answered with.
    init(resourceFields: [UInt8], scopeFields: [UInt8]) throws(WireError) {
        self.resourceFields = resourceFields
        self.scopeFields = scopeFields
        let resource = try ResourceSpans(decoding: resourceFields, options: ReportSet.options)
        let scope = try ScopeSpans(decoding: scopeFields, options: ReportSet.options)
        shared = SharedOrigin(SpanOrigin(resource, scope))
        service = resource.resource?.serviceName ?? ""
        var terms = [SearchTerm.service(Array(service.utf8).rawSpan)]
        if let encoded = resource.resource?.encoded() {
            var message: [UInt8] = []
            message.appendField(encoded.rawSpan, key: 0x0A)
            message = [UInt8](field: message.rawSpan, key: 0x0A)
            let batch = try SpanBatchView(message.rawSpan, options: ReportSet.options)
            var groups = batch.resourceSpans
            while let group = try groups.next() {
                if let resource = try group.resource() {
                    try SearchTerm.append(resource: resource.attributes, to: &terms)
                }
            }
        }
        self.terms = terms
        hash = StableHash.hash(scopeFields.rawSpan, seed: StableHash.hash(resourceFields.rawSpan, seed: 0))
    }

    /// The fields of an origin that was joined.
    convenience init(_ origin: SpanOrigin) throws(WireError) {
        try self.init(
            resourceFields: ResourceSpans(resource: origin.resource, schemaURL: origin.resourceSchemaURL).encoded(),
            scopeFields: ScopeSpans(scope: origin.scope, schemaURL: origin.scopeSchemaURL).encoded())
    }
}

extension [UInt8] {
    /// A length-delimited field alone.
    init(field content: RawSpan, key: UInt8) {
        self.init()
        appendField(content, key: key)
    }

    /// - Parameter key: of one byte.
    mutating func appendField(_ content: RawSpan, key: UInt8) {
        append(key)
        append(varint: content.byteCount)
        append(copying: content)
    }

    mutating func append(varint value: Int) {
        var rest = UInt64(truncatingIfNeeded: value)
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }
}
