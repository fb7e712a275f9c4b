import ArgumentParser
import SpanCapture
import SpanMerge
import SpanModel
import SpanStorage

/// `spanwire query running`.
struct QueryRunningCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "running", abstract: "Lists spans without an end, and whether one is to be expected.",
        discussion: """
            Those that run for the longest first. STATE is
              running    one that may have sent it is connected, or none is known
                         to be gone
              abandoned  all that may have sent it are gone, one of them without a goodbye
              left open  all that may have sent it said goodbye: it was never ended, or its
                         end was dropped
            A span may have come from every sender that reported running spans of its
            instance (service.instance.id; without one, of the same resource).

            With --format json an object: running, abandoned, leftOpen (counts of all),
            spans, an array of objects: state, startUnixNano, service, operation, kind,
            traceId, spanId.

            Example: spanwire query running --store spans.db
            """)

    @OptionGroup var analysis: AnalysisOptions

    @Option(help: ArgumentHelp("How many spans at the most, 1 to 10000.", valueName: "count"))
    var limit = 100

    @OptionGroup var options: QueryOptions

    func validate() throws {
        guard SpanQuery.limitRange.contains(limit) else {
            throw ValidationError("--limit takes 1 to \(SpanQuery.limitRange.upperBound), not \(limit).")
        }
    }

    func run() async throws {
        let (scan, limit, now) = (try analysis.scan(), limit, Process.nowUnixNano())
        let answer = try await options.ask(about: scan.filter, isEmpty: { $0.spans.isEmpty }) {
            store throws(SpanStoreError) in
            try await store.unfinished(scan, limit: limit, nowUnixNano: now)
        }
        try options.print([.table(table(answer, nowUnixNano: now))], Self.json(answer))
        let counts = "\(answer.running) running, \(answer.abandoned) abandoned, \(answer.leftOpen) left open"
        Process.writeError("spanwire: \(counts)\n")
    }

    private func table(_ answer: UnfinishedSpans, nowUnixNano now: UInt64) -> TextTable {
        var table = TextTable(
            [
                .word("STATE", 2), .time("START", 6), .number("AGO", 4), .text("SERVICE", 5), .text("OPERATION", 1),
                .word("KIND", 8), .word("TRACE", 3), .word("SPAN", 7),
            ], in: options.room)
        for entry in answer.spans {
            let (span, operation) = (entry.span.span, SpanOperation(entry.span))
            let start = span.startTimeUnixNano
            table.add([
                Self.state(entry.outlook), AnswerText.time(start),
                start == 0 || start > now ? "-" : Self.ago(now - start),
                AnswerText.name(operation.service, options.room), AnswerText.name(operation.name, options.room),
                operation.kind.description,
                span.traceID.hex, span.spanID.hex,
            ])
        }
        return table
    }

    private static func state(_ outlook: UnfinishedSpans.Outlook) -> String {
        switch outlook {
        case .running: "running"
        case .abandoned: "abandoned"
        case .leftOpen: "left open"
        }
    }

    /// Returns an age in one unit, such as `5s`, `12m`, `3h` or `9d`.
    private static func ago(_ nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7_200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3_600)h"
        default: return "\(seconds / 86_400)d"
        }
    }

    private static func json(_ answer: UnfinishedSpans) -> AnswerJSON {
        let spans = answer.spans.map { entry in
            AnswerJSON.object(
                [
                    ("state", .text(state(entry.outlook))),
                    ("startUnixNano", .time(entry.span.span.startTimeUnixNano)),
                ] + AnswerJSON.fields(SpanOperation(entry.span)) + [
                    ("traceId", .text(entry.span.span.traceID.hex)), ("spanId", .text(entry.span.span.spanID.hex)),
                ])
        }
        return .object([
            ("running", .count(answer.running)), ("abandoned", .count(answer.abandoned)),
            ("leftOpen", .count(answer.leftOpen)), ("spans", .list(spans)),
        ])
    }
}
