import ArgumentParser
import SpanCapture
import SpanModel
import SpanStorage

/// `spanwire query latency`.
struct QueryLatencyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Shows rate, errors and percentiles of durations by operation, also over time.",
        discussion: """
            Percentiles are estimated, within 0.8 % of the true value; MAX is exact. Spans
            that still run count as spans but have no duration. RATE is spans per second:
            of a step, or from --since (or since= of the filter) until now or --until.

            With --format json an array of objects: service, operation, kind, and points,
            an array of objects: startUnixNano (of the step; "0" without --step), spans,
            errors, durations (spans that have one), p50Nano, p90Nano, p99Nano, maxNano.

            Examples:
              spanwire query latency kind=server --since 1h --store spans.db
              spanwire query latency 'name~orders' --since 1h --step 5m --store spans.db
            """)

    @OptionGroup var analysis: AnalysisOptions

    @Option(
        help: ArgumentHelp("Rows by steps of time: 1m, 5m, 1h.", valueName: "duration"),
        transform: QueryArgument.duration)
    var step: Int64?

    @OptionGroup var options: QueryOptions

    func validate() throws {
        if let step, step <= 0 { throw ValidationError("--step takes a duration above 0.") }
    }

    func run() async throws {
        let scan = try analysis.scan()
        let query = LatencyQuery(scan, stepNano: UInt64(step ?? 0))
        let answer = try await options.ask(about: scan.filter, isEmpty: { $0.groups.isEmpty }) {
            store throws(SpanStoreError) in try await store.latency(query)
        }
        try options.print([.table(table(answer.groups, rowNano(scan)))], Self.json(answer.groups))
        AnswerText.note(leftOut: answer.leftOutSpans, "operations and steps")
    }

    /// Returns the length of time that a row covers, in nanoseconds; `nil` when it has no bounds.
    private func rowNano(_ scan: SpanScan) -> UInt64? {
        if let step { return UInt64(step) }
        // 1 is "a start that is known", which is no bound.
        guard let starts = scan.conditions.start, starts.lowerBound > 1 else { return nil }
        let end = starts.upperBound == .max ? Process.nowUnixNano() : starts.upperBound + 1
        return end > starts.lowerBound ? end - starts.lowerBound : nil
    }

    private func table(_ groups: [LatencySeries], _ rowNano: UInt64?) -> TextTable {
        let names: [TextTable.Column] = [.text("SERVICE", 3), .text("OPERATION", 1), .word("KIND", 11)]
        var table = TextTable(
            names + (step == nil ? [] : [.word("FROM", 2)]) + [
                .number("SPANS", 8), .number("RATE", 6), .number("ERRORS", 12), .number("ERROR RATE", 7),
                .number("P50", 5), .number("P90", 10), .number("P99", 4), .number("MAX", 9),
            ], in: options.room)
        for series in groups {
            for point in series.points {
                let latency = point.latency
                table.add(
                    [
                        AnswerText.name(series.operation.service, options.room),
                        AnswerText.name(series.operation.name, options.room),
                        series.operation.kind.description,
                    ] + (step == nil ? [] : [Self.stepText(point.startUnixNano)]) + [
                        String(point.spans), rowNano.map { AnswerText.rate(point.spans, perNano: $0) } ?? "-",
                        String(point.errors), AnswerText.share(point.errors, of: point.spans),
                        AnswerText.percentile(0.5, of: latency), AnswerText.percentile(0.9, of: latency),
                        AnswerText.percentile(0.99, of: latency), AnswerText.greatest(latency),
                    ])
            }
        }
        return table
    }

    /// Returns a time without the fraction of a second when that is 0.
    private static func stepText(_ unixNano: UInt64) -> String {
        let text = UTCTime.text(unixNano)
        return unixNano % 1_000_000_000 == 0 ? String(text.prefix(19)) + "Z" : text
    }

    private static func json(_ groups: [LatencySeries]) -> AnswerJSON {
        .list(
            groups.map { series in
                let points = series.points.map { point in
                    AnswerJSON.object(
                        [
                            ("startUnixNano", .time(point.startUnixNano)), ("spans", .count(point.spans)),
                            ("errors", .count(point.errors)),
                        ] + AnswerJSON.fields(point.latency))
                }
                return .object(AnswerJSON.fields(series.operation) + [("points", .list(points))])
            })
    }
}
