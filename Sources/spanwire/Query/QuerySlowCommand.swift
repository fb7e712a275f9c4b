import ArgumentParser
import SpanCapture
import SpanMerge
import SpanModel
import SpanStorage

/// `spanwire query slow`.
struct QuerySlowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slow", abstract: "Lists the slowest spans, or the operations that take the most time.",
        discussion: """
            SELF TIME is the part of a span's duration that none of its children covers:
            where the time is spent, not where it is waited for. Spans that still run have
            no duration and are left out. With --operations, sums over all spans of an
            operation; percentiles are estimated, within 0.8 %.

            With --format json an array of objects: startUnixNano, durationNano,
            selfTimeNano, service, operation, kind, traceId, spanId; with --operations:
            service, operation, kind, spans, durationNano, selfTimeNano (sums), durations,
            p50Nano, p90Nano, p99Nano, maxNano (of what --by says).

            Examples:
              spanwire query slow --since 1h --store spans.db
              spanwire query slow --operations --by self-time --since 1h --store spans.db
            """)

    enum Measure: String, CaseIterable, ExpressibleByArgument {
        case duration
        case selfTime = "self-time"
    }

    @OptionGroup var analysis: AnalysisOptions

    @Option(help: ArgumentHelp("What is compared.", valueName: "measure"))
    var by = Measure.duration

    @Flag(help: "Operations instead of spans.")
    var operations = false

    @Option(help: ArgumentHelp("How many rows at the most, 1 to 10000.", valueName: "count"))
    var limit = 20

    @OptionGroup var options: QueryOptions

    func validate() throws {
        guard SpanQuery.limitRange.contains(limit) else {
            throw ValidationError("--limit takes 1 to \(SpanQuery.limitRange.upperBound), not \(limit).")
        }
    }

    func run() async throws {
        let measure: SlowQuery.Measure = by == .duration ? .duration : .selfTime
        let query = SlowQuery(try analysis.scan(), measure: measure, limit: limit)
        let answer = try await options.ask { store throws(SpanStoreError) in try await store.slow(query) }
        if operations {
            let groups = Array(answer.operations.groups.prefix(limit))
            try options.print(table(groups).text, Self.json(groups))
            AnswerText.note(leftOut: answer.operations.leftOutSpans, "operations")
        } else {
            try options.print(Self.table(answer.spans).text, Self.json(answer.spans))
        }
    }

    private static func table(_ entries: [SlowSpans.Entry]) -> TextTable {
        var table = TextTable(
            ["START", "DURATION", "SELF TIME", "SERVICE", "OPERATION", "KIND", "TRACE", "SPAN"], rightAligned: [1, 2])
        for entry in entries {
            let operation = Operation(entry.span)
            table.add([
                AnswerText.time(entry.span.span.startTimeUnixNano), DurationText.text(entry.durationNano),
                DurationText.text(entry.selfTimeNano), AnswerText.name(operation.service),
                AnswerText.name(operation.name), operation.kind.description, entry.span.span.traceID.hex,
                entry.span.span.spanID.hex,
            ])
        }
        return table
    }

    private func table(_ groups: [SlowSpans.OperationTotal]) -> TextTable {
        let of = by == .duration ? "" : "SELF "
        var table = TextTable(
            [
                "SERVICE", "OPERATION", "KIND", "SPANS", "SUM OF DURATIONS", "OF SELF TIMES", of + "P50", "P99", "MAX",
            ], rightAligned: [3, 4, 5, 6, 7, 8])
        for group in groups {
            table.add([
                AnswerText.name(group.operation.service), AnswerText.name(group.operation.name),
                group.operation.kind.description, String(group.spans), DurationText.text(group.durationNano),
                DurationText.text(group.selfTimeNano), AnswerText.estimate(group.latency.percentile(0.5)),
                AnswerText.estimate(group.latency.percentile(0.99)), AnswerText.greatest(group.latency),
            ])
        }
        return table
    }

    private static func json(_ entries: [SlowSpans.Entry]) -> AnswerJSON {
        .list(
            entries.map { entry in
                .object(
                    [
                        ("startUnixNano", .time(entry.span.span.startTimeUnixNano)),
                        ("durationNano", .number(entry.durationNano)), ("selfTimeNano", .number(entry.selfTimeNano)),
                    ] + AnswerJSON.fields(Operation(entry.span)) + [
                        ("traceId", .text(entry.span.span.traceID.hex)), ("spanId", .text(entry.span.span.spanID.hex)),
                    ])
            })
    }

    private static func json(_ groups: [SlowSpans.OperationTotal]) -> AnswerJSON {
        .list(
            groups.map { group in
                .object(
                    AnswerJSON.fields(group.operation) + [
                        ("spans", .count(group.spans)), ("durationNano", .number(group.durationNano)),
                        ("selfTimeNano", .number(group.selfTimeNano)),
                    ] + AnswerJSON.fields(group.latency))
            })
    }
}
