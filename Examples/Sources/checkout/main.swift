import Foundation
import Logging
import SpanModel
import SpanTransport

let client = try SpanClient(
    configuration: SpanClientConfiguration(host: "127.0.0.1", port: 4319, agent: "checkout/1.0"),
    resource: Resource(attributes: ["service.name": "checkout"]),
    logger: Logger(label: "checkout"))
client.start()

func unixNano() -> UInt64 { UInt64(Date().timeIntervalSince1970 * 1_000_000) * 1000 }

let item = "mug"
var span = SpanRecord(traceID: .random(), spanID: .random(), name: "POST /checkout", startTimeUnixNano: unixNano())
span.attributes = [Attribute("item", item), Attribute("count", 2)]
// … the work that is timed …
span.status = .ok
span.endTimeUnixNano = unixNano()
client.reporter(for: InstrumentationScope(name: "checkout.http")).report(span)

let report = await client.shutdown(within: .seconds(5))
print(report)
