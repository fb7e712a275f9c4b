import ArgumentParser
import ProtoWire
import SpanCapture
import SpanMerge
import SpanModel
import SpanStorage

/// `spanwire query search`.
struct QuerySearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Finds spans, the newest first or in another order.",
        discussion: """
            FILTER says what to find: terms joined by spaces; without one, every span. The
            options are terms too. All of them have to hold. Put the filter in single
            quotes, for shells read < and > themselves.

              FIELD                        it has a value, or is true
              FIELD = != < <= > >= VALUE   compares with the value
              FIELD ~ !~ PATTERN           a regular expression, anywhere in the text
              a b, a or b, not a, (a b)    and, or, not, parentheses

            Texts:  service name scope status.message event (the names of its events)
            Words:  kind=server status=error; flags: running root error
            Times:  duration>100ms start end since=1h until=2026-08-01T12:00:00Z
            Ids:    trace span parent
            Keys:   attr.KEY resource.KEY event.KEY: attributes of the span, its resource,
                    its events; 500 finds numbers, true bools, "500" and GET texts

            What cannot be compared is not found; not finds exactly the rest. All of it is
            in docs/search.md. With --format json the spans as OTLP/JSON: under their
            resources and scopes, in order under each.

            Spans without a duration (running ones) come last by duration, those without a
            start last by start; of equal durations the newest start comes first.

            Examples:
              F='service=checkout name~"^GET /" duration>100ms status=error since=1h'
              spanwire query search "$F" --store spans.db
              spanwire query search 'attr.http.response.status_code>=500' --store spans.db
              spanwire query search 'root running not service=cron' --store spans.db
              spanwire query search --service cart --status error --store spans.db
              spanwire query search root --order longest --limit 20 --store spans.db
            """)

    @Argument(help: ArgumentHelp("What to find; see above.", valueName: "filter"))
    var filter: String?

    @Option(help: ArgumentHelp("service=NAME", valueName: "name"), transform: QueryArgument.name)
    var service: String?

    @Option(help: ArgumentHelp("name=NAME", valueName: "name"), transform: QueryArgument.name)
    var name: String?

    @Option(
        help: ArgumentHelp("duration>=DURATION: 250us, 100ms, 1.5s, 2m.", valueName: "duration"),
        transform: QueryArgument.duration)
    var minDuration: Int64?

    @Option(help: ArgumentHelp("status=STATUS", valueName: "status"))
    var status: StatusOption?

    @Option(
        help: ArgumentHelp("since=TIME: 30m, 1h, 2d ago, or 2026-08-01T12:00:00Z.", valueName: "time"),
        transform: QueryArgument.time)
    var since: UInt64?

    @Option(
        help: ArgumentHelp(
            "What comes first, by start or by duration. Without it the newest, or the order of --after.",
            valueName: "order"))
    var order: SpanOrder?

    @Option(help: ArgumentHelp("How many spans at the most, 1 to 10000.", valueName: "count"))
    var limit = 100

    @Option(
        help: ArgumentHelp(
            "Go on behind the last span of an earlier search, which names its cursor.", valueName: "cursor"),
        transform: cursor)
    var after: SpanCursor?

    @OptionGroup var options: QueryOptions

    func validate() throws {
        guard SpanQuery.limitRange.contains(limit) else {
            throw ValidationError("--limit takes 1 to \(SpanQuery.limitRange.upperBound), not \(limit).")
        }
        if let order, let after, order != after.order {
            throw ValidationError(
                "--after has a cursor of --order \(after.order.rawValue), not \(order.rawValue); leave --order out to go on."
            )
        }
    }

    func run() async throws {
        let query = SpanQuery(
            filter: try wholeFilter(), order: order ?? after?.order ?? .newest, after: after, limit: limit)
        let (spans, remark) = try await options.ask { store throws(SpanStoreError) in
            let spans = try await store.search(query)
            return (spans, spans.isEmpty ? try await EmptyAnswer.unknownService(query.filter, store) : nil)
        }
        switch options.format {
        case .table: try [TextPart.table(table(spans))].print()
        case .json: try MergedSpansJSON.print(spans)
        }
        if spans.isEmpty, after == nil, query.filter != .everything { EmptyAnswer.note(query.filter, remark) }
        if spans.count == limit, let last = spans.last {
            Process.writeError(
                "spanwire: \(limit.counted("span")); there may be more: --after \(SpanCursor(last, order: query.order))\n"
            )
        }
    }

    /// Returns the conjunction of the filter and the options.
    private func wholeFilter() throws -> SpanFilter {
        let terms: [SpanFilter?] = [
            service.flatMap { .compare(.service, .equal, .text(ExactText($0))) },
            name.flatMap { .compare(.name, .equal, .text(ExactText($0))) },
            minDuration.flatMap { .compare(.duration, .greaterOrEqual, .duration($0)) },
            status.flatMap { .compare(.status, .equal, .status($0.code)) },
            since.flatMap { .compare(.start, .greaterOrEqual, .time($0)) },
        ]
        return try QueryArgument.filter(filter, and: terms)
    }

    private func table(_ spans: [MergedSpan]) -> TextTable {
        var table = TextTable(
            [
                .time("START", 5), .number("DURATION", 3), .word("STATUS", 6), .text("SERVICE", 4), .text("NAME", 1),
                .word("KIND", 8), .word("TRACE", 2), .word("SPAN", 7),
            ], in: options.room)
        for merged in spans {
            let span = merged.span
            table.add([
                span.startTimeUnixNano == 0 ? "unknown" : UTCTime.text(span.startTimeUnixNano),
                DurationText.text(from: span.startTimeUnixNano, to: span.endTimeUnixNano),
                merged.statusCode.description, options.room.shownName(merged.service),
                options.room.shownName(span.name),
                span.kind.description, span.traceID.hex, span.spanID.hex,
            ])
        }
        return table
    }

    @Sendable private static func cursor(_ text: String) throws -> SpanCursor {
        guard let cursor = SpanCursor(text) else {
            throw ValidationError("A cursor is what an earlier search named, as it named it.")
        }
        return cursor
    }
}

/// Values of `--order`.
extension SpanOrder: ExpressibleByArgument {}

/// Values of `--status`.
enum StatusOption: String, CaseIterable, ExpressibleByArgument {
    case error, ok, unset

    var code: SpanStatus.Code {
        switch self {
        case .error: .error
        case .ok: .ok
        case .unset: .unset
        }
    }
}
