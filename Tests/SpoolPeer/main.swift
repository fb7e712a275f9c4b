// A service with a spool, for a test that kills it: reports spans from FIRST on, and says the number of each on standard
// output once `report` has returned true. COUNT spans, then a shutdown; 0 goes on until it is killed.

import Logging
import SpanModel
import SpanSession
import SpanSpool
import SpanTransport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Past the buffers of the standard library, so that what was said is said when the process is killed.
func say(_ line: String, to descriptor: Int32 = 1) {
    let bytes = [UInt8]("\(line)\n".utf8)
    // Proof: the array lives through the call and has that many bytes.
    _ = unsafe bytes.withUnsafeBytes { buffer in unsafe write(descriptor, buffer.baseAddress, buffer.count) }
}

let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
guard CommandLine.arguments.count == 6, arguments.count == 4, let directory = CommandLine.arguments.last else {
    say("usage: spool-peer PORT TRACE FIRST COUNT DIRECTORY", to: 2)
    exit(2)
}
let (port, trace, first, count) = (Int(arguments[0]), arguments[1], arguments[2], arguments[3])
var configuration = SpanClientConfiguration(port: port, agent: "spool-peer", queue: SpanQueueLimits(maxBatchSpans: 64))
configuration.backoff = BackoffPolicy(shortest: .milliseconds(5), longest: .milliseconds(50))
configuration.spool = SpanSpoolConfiguration(directory: directory, segmentBytes: 64 << 10)
do {
    let client = try SpanClient(
        configuration: configuration, resource: Resource(attributes: [Attribute("service.name", "spooler")]),
        logger: Logger(label: "spool-peer", factory: { StreamLogHandler.standardError(label: $0) }))
    client.start()
    let reporter = client.reporter(for: InstrumentationScope(name: "spool-peer"))
    var number = first
    while count == 0 || number < first + count {
        let span = SpanRecord(
            traceID: TraceID(high: 1, low: trace), spanID: SpanID(number), name: "work \(number)",
            startTimeUnixNano: 1_000_000_000 + number, endTimeUnixNano: 2_000_000_000 + number)
        if reporter.report(span) { say("\(number)") }
        number += 1
        if count == 0, number % 50 == 0 { usleep(1000) }
    }
    let report = await client.shutdown(within: .seconds(60))
    say("\(report)")
    exit(report.storedSpans + report.spooledSpans == report.reportedSpans + report.recoveredSpans ? 0 : 1)
} catch {
    say("\(error)", to: 2)
    exit(1)
}
