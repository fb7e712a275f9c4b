import ProtoWire
import SpanModel

extension SpanBatch {
    /// Creates a batch of merged spans as OTLP: under their resources and scopes, each of these once and in the order
    /// of its first span.
    ///
    /// OTLP has no place for conflicts between reports, so they are left out.
    public init(_ spans: [MergedSpan]) {
        self.init()
        var places: [[UInt8]: (resource: Int, scope: Int)] = [:]
        var resources: [[UInt8]: Int] = [:]
        for merged in spans {
            let origin = merged.origin
            let originBytes = origin.encoded()
            if let place = places[originBytes] {
                resourceSpans[place.resource].scopeSpans[place.scope].spans.append(merged.span)
                continue
            }
            let key = SpanOrigin(resource: origin.resource, resourceSchemaURL: origin.resourceSchemaURL).encoded()
            let resource = resources[key] ?? resourceSpans.count
            if resource == resourceSpans.count {
                resources[key] = resource
                resourceSpans.append(ResourceSpans(resource: origin.resource, schemaURL: origin.resourceSchemaURL))
            }
            places[originBytes] = (resource, resourceSpans[resource].scopeSpans.count)
            resourceSpans[resource].scopeSpans.append(
                ScopeSpans(scope: origin.scope, spans: [merged.span], schemaURL: origin.scopeSchemaURL))
        }
    }
}
