import ArgumentParser
import SpanCapture
import SpanModel
import SpanStorage

/// `spanwire query operations`.
struct QueryOperationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operations", abstract: "Lists the operations of services: names and kinds of spans.",
        discussion: """
            With --format json an array of objects: service, operation, kind, spans,
            errors, running, newestStartUnixNano.

            Examples:
              spanwire query operations --service cart --store spans.db
              spanwire query operations 'kind=server since=1h' --store spans.db
            """)

    @OptionGroup var analysis: AnalysisOptions
    @OptionGroup var options: QueryOptions

    func run() async throws {
        let scan = try analysis.scan()
        let answer = try await options.ask(about: scan.filter, isEmpty: { $0.groups.isEmpty }) {
            store throws(SpanStoreError) in try await store.operations(scan)
        }
        try options.print(
            [.table(table(answer.groups))],
            .list(
                answer.groups.map { group in
                    .object(
                        AnswerJSON.fields(group.operation) + [
                            ("spans", .count(group.spans)), ("errors", .count(group.errors)),
                            ("running", .count(group.running)),
                            ("newestStartUnixNano", .time(group.newestStartUnixNano)),
                        ])
                }))
        AnswerText.note(leftOut: answer.leftOutSpans, "operations")
    }

    private func table(_ groups: [OperationSummary]) -> TextTable {
        var table = TextTable(
            [
                .text("SERVICE", 3), .text("OPERATION", 1), .word("KIND", 5), .number("SPANS", 2), .number("ERRORS", 4),
                .number("RUNNING", 6), .time("NEWEST START", 7),
            ], in: options.room)
        for group in groups {
            table.add([
                AnswerText.name(group.operation.service, options.room),
                AnswerText.name(group.operation.name, options.room),
                group.operation.kind.description, String(group.spans), String(group.errors), String(group.running),
                AnswerText.time(group.newestStartUnixNano),
            ])
        }
        return table
    }
}
