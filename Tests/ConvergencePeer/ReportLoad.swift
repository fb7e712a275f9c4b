import ProtoWire
import SpanModel
import SpanStorageTesting

/// A report as it is sent: by one sender, and in copies by it or by others.
struct ToldReport: Sendable {
    /// A `TracesData` with one span.
    var payload: [UInt8]
    /// Who sends it, by number: the first once, each further one a copy.
    var senders: [Int]
    /// It is not all that is told of its span.
    var isPartial: Bool
}

/// What several senders report, the same for the same seed and base: traces of calls between services, of which some spans
/// are told while they run and when they have ended, some in parts, some in ways that clash, and many reports twice.
struct ReportLoad: Sendable {
    let seed: UInt64
    /// When the first trace may start; the last ones start an hour later.
    let baseUnixNano: UInt64
    /// Told of at least so many spans.
    let spans: Int
    let senders: Int

    /// Calls `body` with each trace's number of spans and its reports, in the order in which they were made.
    func forEachTrace(_ body: (_ spans: Int, _ reports: [ToldReport]) async throws -> Void) async rethrows {
        var told = 0
        var number: UInt64 = 0
        while told < spans {
            number += 1
            let (spans, reports) = trace(number)
            told += spans
            try await body(spans, reports)
        }
    }

    private func trace(_ number: UInt64) -> (spans: Int, reports: [ToldReport]) {
        // Mixed first, or the choices of one trace would be those of the next.
        var seeds = SeededGenerator(seed: seed &+ number)
        var generator = TraceGenerator(seed: seeds.next())
        // Some traces are of spans that nobody would make: odd times, texts, types and kinds, with reports that clash in
        // every field.
        if number % 25 == 7 {
            let count = generator.values.pick([1, 3, 12])
            let reports = (1...count).flatMap { id in
                oddReports(TraceID(high: 13, low: number), SpanID(UInt64(id)), &generator.values)
            }
            return (count, reports)
        }
        let spans = generator.trace(number)
        return (
            spans.count,
            spans.flatMap { service, span in reports(of: moved(span), service, &generator.values) }
        )
    }

    /// From the generator's times to those of this load; times that are not known stay so.
    private func moved(_ span: SpanRecord) -> SpanRecord {
        func moved(_ time: UInt64) -> UInt64 {
            time < TraceGenerator.begin ? time : time - TraceGenerator.begin + baseUnixNano
        }
        var span = span
        span.startTimeUnixNano = moved(span.startTimeUnixNano)
        span.endTimeUnixNano = moved(span.endTimeUnixNano)
        for index in span.events.indices { span.events[index].timeUnixNano = moved(span.events[index].timeUnixNano) }
        return span
    }

    private func oddReports(
        _ traceID: TraceID, _ spanID: SpanID, _ values: inout ReportGenerator
    ) -> [ToldReport] {
        // Reports of one span are of one side.
        let kinds: [SpanKind] =
            values.chance(40) ? [.server, .consumer] : [.unspecified, .internal, .client, .producer]
        return (0..<values.pick([1, 2, 3, 5])).map { _ in
            let report = values.batch(of: values.report(traceID, spanID, kinds: kinds))
            return told(report, isPartial: true, &values)
        }
    }

    private func reports(of span: SpanRecord, _ service: String, _ values: inout ReportGenerator) -> [ToldReport] {
        let versions: [SpanRecord]
        switch Int.random(in: 0..<100, using: &values.random) {
        case ..<82: versions = [span]
        case ..<89: versions = whileRunning(span, &values) + [span]
        case ..<95: versions = parts(of: span)
        default:
            versions = (0..<values.pick([2, 2, 3])).map { _ in clashing(span, &values) }
        }
        return versions.map { version in
            // Of a clash also the process may be another.
            let instance = versions.count > 1 && values.chance(5) ? "b" : "a"
            let report = TraceGenerator.reports(service, instance: instance, [version])
            return told(report, isPartial: versions.count > 1, &values)
        }
    }

    /// One report or two of a span that has not ended yet, with less of what it will say.
    private func whileRunning(_ span: SpanRecord, _ values: inout ReportGenerator) -> [SpanRecord] {
        (1...values.pick([1, 1, 2])).map { revision in
            var live = span
            live.endTimeUnixNano = 0
            live.status = nil
            live.events = []
            live.attributes = span.attributes.prefix(revision - 1) + [Attribute("progress", .int(Int64(revision)))]
            live.revision = UInt32(revision)
            return live
        }
    }

    /// Two reports, each with what the other one leaves out.
    private func parts(of span: SpanRecord) -> [SpanRecord] {
        var (first, second) = (span, span)
        first.attributes = span.attributes.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        second.attributes = span.attributes.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        first.events = []
        second.status = nil
        return [first, second]
    }

    private func clashing(_ span: SpanRecord, _ values: inout ReportGenerator) -> SpanRecord {
        var span = span
        if values.chance(40) { span.name = values.pick(["GET /", "load", "e\u{301}", ""]) }
        if values.chance(40) { span.attributes.append(Attribute("n", values.pick([1, 2, "1", true, [1]]))) }
        if values.chance(30) { span.attributes.append(Attribute("http.route", values.pick(["/a", "/b", "/é"]))) }
        if values.chance(30) {
            span.status = SpanStatus(values.pick([.ok, .error]), message: values.pick(["", "no"]))
        }
        if values.chance(30), span.isEnded { span.endTimeUnixNano += values.pick([1, 1000, 1 << 30]) }
        if values.chance(20), span.startTimeUnixNano >= baseUnixNano {
            span.startTimeUnixNano -= values.pick([1, 1000, 1 << 30])
        }
        if values.chance(10) { span.parentSpanID = SpanID(values.pick([0, 1, 2, 999])) }
        if values.chance(10) { span.kind = values.pick(Self.kinds(beside: span.kind)) }
        if values.chance(10) { span.traceState = values.pick(["a=1", "b=2"]) }
        if values.chance(10) { span.flags = values.pick([1, 0x100]) }
        if values.chance(10) { span.droppedEventsCount = values.pick([1, 2]) }
        return span
    }

    /// Those of the same side, so that it stays the same span.
    private static func kinds(beside kind: SpanKind) -> [SpanKind] {
        kind == .server || kind == .consumer ? [.server, .consumer] : [.internal, .client, .producer]
    }

    private func told(_ report: SpanBatch, isPartial: Bool, _ values: inout ReportGenerator) -> ToldReport {
        let sender = Int.random(in: 0..<senders, using: &values.random)
        // On the average 0.43 copies of a report, which makes them 30 % of all.
        let copies = values.chance(65) ? 0 : values.chance(77) ? 1 : 2
        let others = (0..<copies).map { _ in
            values.chance(50) ? sender : Int.random(in: 0..<senders, using: &values.random)
        }
        return ToldReport(payload: report.encoded(), senders: [sender] + others, isPartial: isPartial)
    }
}
