// payloads: makes a payload and reads it in the ways that the library offers.
import SpanModel  // .product(name: "SpanModel", package: "spanwire")

let traceID = TraceID.random()
let made = SpanBatch(resourceSpans: [
    ResourceSpans(
        resource: Resource(attributes: ["service.name": "checkout"]),
        scopeSpans: [
            ScopeSpans(
                scope: nil,
                spans: [SpanRecord(traceID: traceID, spanID: .random(), name: "GET /", startTimeUnixNano: 1)])
        ])
])
let payload = made.encoded()

let batch = try SpanBatch(decoding: payload)  // [UInt8]: an ExportTraceServiceRequest, or TracesData
let bytes = batch.encoded()
let again = try SpanBatch(json: batch.json())  // OTLP/JSON
print("equal:", batch == again, bytes == payload)

var groups = try SpanBatchView(payload.rawSpan).resourceSpans
while let group = try groups.next() {
    var scopes = group.scopeSpans
    while let scope = try scopes.next() {
        var spans = scope.spans
        while let span = try spans.next() { print(span.name.string) }
    }
}
