import ArgumentParser
import ProtoWire
import SpanCapture
import SpanModel
import SpanStorage

/// `spanwire query attributes`.
struct QueryAttributesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attributes", abstract: "Lists the keys of attributes, by how many spans have them.",
        discussion: """
            ATTRIBUTE is the name by which a filter and 'query values' ask for it: attr.KEY of spans, resource.KEY of \
            their resources, odd keys in quotes. With --format json an array of objects: attribute, spans.

            Example: spanwire query attributes --service cart --since 1h --store spans.db
            """)

    @OptionGroup var analysis: AnalysisOptions
    @OptionGroup var options: QueryOptions

    func run() async throws {
        let scan = try analysis.scan()
        let answer = try await options.ask(about: scan.filter, isEmpty: { $0.groups.isEmpty }) {
            store throws(SpanStoreError) in try await store.attributeKeys(scan)
        }
        var table = TextTable([.text("ATTRIBUTE", 1), .number("SPANS", 2)], in: options.room)
        for group in answer.groups { table.add([group.key.name, String(group.spans)]) }
        try options.print(
            [.table(table)],
            .list(
                answer.groups.map { group in
                    .object([("attribute", .text(group.key.name)), ("spans", .count(group.spans))])
                }))
        AnswerText.note(leftOut: answer.leftOutSpans, "attributes")
    }
}

/// `spanwire query values`.
struct QueryValuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "values", abstract: "Lists the values of an attribute, the most frequent first.",
        discussion: """
            KEY is an attribute of spans (http.route or attr.http.route) or of their resources (resource.host.name), as \
            'query attributes' names it. Texts are quoted, numbers are not: 500 and "500" are two values. "(no value)" \
            stands for an attribute without one. SHARE is the part of the spans that have the attribute. \
            With --format json an array of objects: value (as shown in the table), spans.

            Examples:
              spanwire query values http.route --service cart --store spans.db
              spanwire query values resource.host.name 'error since=1h' --store spans.db
              spanwire query values 'attr."key with spaces"' --store spans.db
            """)

    @Argument(help: ArgumentHelp("The attribute.", valueName: "key"), transform: QueryArgument.attribute)
    var key: AttributeKey

    @OptionGroup var analysis: AnalysisOptions

    @Option(help: ArgumentHelp("How many values at the most.", valueName: "count"))
    var limit = 100

    @OptionGroup var options: QueryOptions

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit takes 1 or more, not \(limit).") }
    }

    func run() async throws {
        let (scan, key) = (try analysis.scan(), key)
        let (answer, remark) = try await options.ask { store throws(SpanStoreError) in
            let answer = try await store.attributeValues(of: key, scan)
            return (answer, answer.groups.isEmpty ? try await EmptyAnswer.missing(key, scan, store) : nil)
        }
        if let remark { Process.writeError("spanwire: \(remark)\n") }
        let all = answer.groups.reduce(answer.leftOutSpans) { $0 + $1.spans }
        var table = TextTable([.text("VALUE", 1), .number("SPANS", 2), .number("SHARE", 3)], in: options.room)
        let shown = answer.groups.prefix(limit)
        for group in shown {
            table.add([
                AttributeText.text(group.value), String(group.spans), AnswerText.share(group.spans, of: all),
            ])
        }
        try options.print(
            [.table(table)],
            .list(
                shown.map { group in
                    .object([("value", .text(AttributeText.whole(group.value))), ("spans", .count(group.spans))])
                }))
        if shown.count < answer.groups.count {
            Process.writeError(
                "spanwire: \(shown.count) of \(answer.groups.count.counted("value")); the others with a greater --limit\n"
            )
        }
        AnswerText.note(leftOut: answer.leftOutSpans, "values")
    }
}
