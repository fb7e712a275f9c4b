// Reports one span over TLS, with a token, by way of a spool.
import Foundation
import Logging
import SpanModel
import SpanSpool  // .product(name: "SpanSpool", package: "spanwire")
import SpanTransport
import SpanTransportTLS  // .product(name: "SpanTransportTLS", package: "spanwire")

var configuration = SpanClientConfiguration(host: "127.0.0.1", port: 4319, agent: "checkout/1.0")
configuration.spool = SpanSpoolConfiguration(directory: "/var/spool/checkout")
configuration.security = try .tls(ClientTLS(trustRoots: .file("ca.pem")))
configuration.tokenFile = "token"

let client = try SpanClient(
    configuration: configuration, resource: Resource(attributes: ["service.name": "durable-checkout"]),
    logger: Logger(label: "checkout"))
client.start()
let now = UInt64(Date().timeIntervalSince1970 * 1_000_000) * 1000
client.reporter().report(
    SpanRecord(
        traceID: .random(), spanID: .random(), name: "POST /checkout", startTimeUnixNano: now - 5_000_000,
        endTimeUnixNano: now))
print(await client.shutdown(within: .seconds(5)))
