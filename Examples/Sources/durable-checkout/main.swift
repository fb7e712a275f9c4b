// Reports one span over TLS, with a token, by way of a spool.
import Logging
import SpanModel
import SpanSpool  // a product of its own
import SpanTransport
import SpanTransportTLS

var configuration = SpanClientConfiguration(host: "127.0.0.1", port: 4319, agent: "checkout/1.0")
configuration.spool = SpanSpoolConfiguration(directory: "/var/spool/checkout")
configuration.security = try .tls(ClientTLS(trustRoots: .file("ca.pem")))
configuration.tokenFile = "token"

let client = try SpanClient(
    configuration: configuration, resource: Resource(attributes: ["service.name": "durable-checkout"]),
    logger: Logger(label: "checkout"))
client.start()
client.reporter().report(
    SpanRecord(traceID: .random(), spanID: .random(), name: "POST /checkout", startTimeUnixNano: 1, endTimeUnixNano: 2))
print(await client.shutdown(within: .seconds(5)))
