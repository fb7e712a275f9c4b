import ProtoWire
import SpanMerge
import SpanModel

/// Merged spans as OTLP/JSON, so that any OTLP tool takes them.
enum MergedSpansJSON {
    static func print(_ spans: [MergedSpan], to output: inout ByteOutput) throws {
        do throws(WireError) {
            try JSONPrinter(SpanBatch.schema, style: .pretty).print(batch(spans), to: &output)
        } catch {
            throw CommandFailure(error.description)
        }
        output.append(UInt8(ascii: "\n"))
    }

    /// The spans under their resources and scopes, each in the order of its first span.
    private static func batch(_ spans: [MergedSpan]) -> SpanBatch {
        var batch = SpanBatch()
        var places: [SpanOrigin: (resource: Int, scope: Int)] = [:]
        var resources: [SpanOrigin: Int] = [:]
        for merged in spans {
            let origin = merged.origin
            if let place = places[origin] {
                batch.resourceSpans[place.resource].scopeSpans[place.scope].spans.append(merged.span)
                continue
            }
            let resourceKey = SpanOrigin(resource: origin.resource, resourceSchemaURL: origin.resourceSchemaURL)
            let resource: Int
            if let known = resources[resourceKey] {
                resource = known
            } else {
                resource = batch.resourceSpans.count
                resources[resourceKey] = resource
                batch.resourceSpans.append(
                    ResourceSpans(resource: origin.resource, schemaURL: origin.resourceSchemaURL))
            }
            places[origin] = (resource, batch.resourceSpans[resource].scopeSpans.count)
            batch.resourceSpans[resource].scopeSpans.append(
                ScopeSpans(scope: origin.scope, spans: [merged.span], schemaURL: origin.scopeSchemaURL))
        }
        return batch
    }
}
