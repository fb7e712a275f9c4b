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
        let answer = try await options.ask(about: query.scan.filter, isEmpty: { $0.spans.isEmpty }) {
            store throws(SpanStoreError) in try await store.slow(query)
        }
        if operations {
            let groups = Array(answer.operations.groups.prefix(limit))
            try options.print([.table(table(groups))], Self.json(groups))
            AnswerText.note(leftOut: answer.operations.leftOutSpans, "operations")
        } else {
            try options.print([.table(table(answer.spans))], Self.json(answer.spans))
        }
    }

    private func table(_ entries: [SlowSpans.Entry]) -> TextTable {
        var table = TextTable(
            [
                .time("START", 6), .number("DURATION", 3), .number("SELF TIME", 4), .text("SERVICE", 5),
                .text("OPERATION", 1), .word("KIND", 8), .word("TRACE", 2), .word("SPAN", 7),
            ], in: options.room)
        for entry in entries {
            let operation = SpanOperation(entry.span)
            table.add([
                AnswerText.time(entry.span.span.startTimeUnixNano), DurationText.text(entry.durationNano),
                DurationText.text(entry.selfTimeNano), AnswerText.name(operation.service, options.room),
                AnswerText.name(operation.name, options.room), operation.kind.description, entry.span.span.traceID.hex,
                entry.span.span.spanID.hex,
            ])
        }
        return table
    }

    private func table(_ groups: [SlowSpans.OperationTotal]) -> TextTable {
        let of = by == .duration ? "" : "SELF "
        var table = TextTable(
            [
                .text("SERVICE", 5), .text("OPERATION", 1), .word("KIND", 9), .number("SPANS", 4),
                .number("SUM OF DURATIONS", 2), .number("OF SELF TIMES", 3), .number(of + "P50", 7), .number("P99", 6),
                .number("MAX", 8),
            ], in: options.room)
        for group in groups {
            table.add([
                AnswerText.name(group.operation.service, options.room),
                AnswerText.name(group.operation.name, options.room),
                group.operation.kind.description, String(group.spans), DurationText.text(group.durationNano),
                DurationText.text(group.selfTimeNano), AnswerText.percentile(0.5, of: group.latency),
                AnswerText.percentile(0.99, of: group.latency), AnswerText.greatest(group.latency),
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
                    ] + AnswerJSON.fields(SpanOperation(entry.span)) + [
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
