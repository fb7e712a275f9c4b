import ArgumentParser
import SpanCapture
import SpanMerge
import SpanModel
import SpanStorage

/// `spanwire query errors`.
struct QueryErrorsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "errors",
        abstract: "Groups failed spans by operation, exception and message, the most frequent first.",
        discussion: """
            Spans whose status is error. EXCEPTION is exception.type of the last exception
            event, else error.type. MESSAGE is the status message, else exception.message,
            with # for numbers, <id> for long hexadecimal numbers and "…" for texts in
            quotes, so that messages which differ in these alone are one row. TRACE has the
            newest one.

            With --format json an array of objects: service, operation, kind,
            exceptionType, messageShape, spans, firstStartUnixNano, newestStartUnixNano,
            exampleTraceId, exampleSpanId.

            Example: spanwire query errors --since 1h --store spans.db
            """)

    @OptionGroup var analysis: AnalysisOptions

    @Option(help: ArgumentHelp("How many groups at the most.", valueName: "count"))
    var limit = 100

    @OptionGroup var options: QueryOptions

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit takes 1 or more, not \(limit).") }
    }

    func run() async throws {
        let scan = try analysis.scan()
        let answer = try await options.ask(about: scan.filter, isEmpty: { $0.groups.isEmpty }) {
            store throws(SpanStoreError) in try await store.errors(scan)
        }
        let shown = Array(answer.groups.prefix(limit))
        try options.print([.table(table(shown))], Self.json(shown))
        if shown.count < answer.groups.count {
            Process.writeError(
                "spanwire: \(shown.count) of \(answer.groups.count) groups; the others with a greater --limit\n")
        }
        AnswerText.note(leftOut: answer.leftOutSpans, "groups")
    }

    private func table(_ groups: [ErrorGroup]) -> TextTable {
        var table = TextTable(
            [
                .number("SPANS", 2), .text("SERVICE", 5), .text("OPERATION", 3), .text("EXCEPTION", 4),
                .text("MESSAGE", 1), .time("FIRST", 8), .time("NEWEST", 7), .word("TRACE", 6),
            ], in: options.room)
        for group in groups {
            table.add([
                String(group.spans), AnswerText.name(group.operation.service, options.room),
                AnswerText.name(group.operation.name, options.room),
                group.exceptionType.string.isEmpty ? "-" : options.room.shownName(group.exceptionType.string),
                group.messageShape.string.isEmpty ? "-" : TerminalText.line(group.messageShape.string),
                AnswerText.time(group.firstStartUnixNano), AnswerText.time(group.newestStartUnixNano),
                group.example.traceID.hex,
            ])
        }
        return table
    }

    private static func json(_ groups: [ErrorGroup]) -> AnswerJSON {
        .list(
            groups.map { group in
                .object(
                    AnswerJSON.fields(group.operation) + [
                        ("exceptionType", .text(group.exceptionType.string)),
                        ("messageShape", .text(group.messageShape.string)), ("spans", .count(group.spans)),
                        ("firstStartUnixNano", .time(group.firstStartUnixNano)),
                        ("newestStartUnixNano", .time(group.newestStartUnixNano)),
                        ("exampleTraceId", .text(group.example.traceID.hex)),
                        ("exampleSpanId", .text(group.example.spanID.hex)),
                    ])
            })
    }
}
