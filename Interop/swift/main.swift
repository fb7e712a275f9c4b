// The web-frontend of the checkout story: three spans through SpanTransport's client. See Interop/README.md.

import Foundation
import Logging
import SpanModel
import SpanSession
import SpanTransport
import Synchronization

func fail(_ message: String, _ code: Int32 = 1) -> Never {
    FileHandle.standardError.write(Data("web-frontend: \(message)\n".utf8))
    exit(code)
}

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 5, let port = Int(arguments[2]), let trace = TraceID(hex: arguments[3]),
    let base = UInt64(arguments[4])
else { fail("usage: interop-swift HOST PORT TRACE_ID BASE_UNIX_NANO CAPTURE", 2) }
let capture = arguments[5]

func moment(_ milliseconds: UInt64) -> UInt64 { base + milliseconds * 1_000_000 }

let request = SpanID(0xa000_0000_0000_0001)
let root = SpanRecord(
    traceID: trace, spanID: request, name: "POST /checkout", kind: .server, startTimeUnixNano: moment(0),
    endTimeUnixNano: moment(480),
    attributes: [
        Attribute("http.request.method", "POST"), Attribute("http.route", "/checkout"),
        Attribute("url.path", "/checkout"), Attribute("http.response.status_code", 200),
        Attribute("session.customer", "Zoë 🧡"),
    ],
    flags: 1)
let call = SpanRecord(
    traceID: trace, spanID: SpanID(0xa000_0000_0000_0002), parentSpanID: request, name: "POST", kind: .client,
    startTimeUnixNano: moment(12), endTimeUnixNano: moment(455),
    attributes: [
        Attribute("http.request.method", "POST"), Attribute("url.full", "http://checkout:8080/api/checkout"),
        Attribute("server.address", "checkout"), Attribute("server.port", 8080),
        Attribute("http.response.status_code", 200),
    ],
    flags: 1)
let rendering = SpanRecord(
    traceID: trace, spanID: SpanID(0xa000_0000_0000_0003), parentSpanID: request, name: "render confirmation",
    kind: .internal, startTimeUnixNano: moment(458), endTimeUnixNano: moment(475),
    attributes: [Attribute("code.function.name", "renderConfirmation")], flags: 1)

let frames = Mutex<[OutgoingFrame]>([])
var configuration = SpanClientConfiguration(host: arguments[1], port: port, agent: "web-frontend/5.2.0")
// So that the capture can be looked into.
configuration.compression = []
configuration.frameObserver = { frame in frames.withLock { $0.append(frame) } }
do {
    let client = try SpanClient(
        configuration: configuration,
        resource: Resource(attributes: [
            Attribute("service.name", "web-frontend"), Attribute("service.version", "5.2.0"),
            Attribute("service.namespace", "shop"), Attribute("telemetry.sdk.language", "swift"),
        ]),
        logger: Logger(label: "web-frontend", factory: { _ in SwiftLogNoOpLogHandler() }))
    client.start()
    let reporter = client.reporter(for: InstrumentationScope(name: "web-frontend.http", version: "5.2.0"))
    // As they end: the innermost first, the root last.
    for span in [call, rendering, root] { reporter.report(span) }
    let flushed = await client.flush(within: .seconds(20))
    let report = await client.shutdown(within: .seconds(10))

    let sent = frames.withLock { $0 }
    try Data(sent.flatMap(\.bytes)).write(to: URL(fileURLWithPath: capture + ".frames"))
    let richest = sent.filter { $0.head.kind == .batch }.max { $0.byteCount < $1.byteCount }
    try Data((richest.map { $0.payload + $0.trailer }) ?? []).write(to: URL(fileURLWithPath: capture + ".pb"))
    guard flushed.storedSpans == 3, report.storedSpans == 3 else { fail("not everything was stored: \(report)") }
} catch {
    fail("\(error)")
}
