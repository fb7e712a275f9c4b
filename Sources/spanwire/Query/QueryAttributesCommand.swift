import ArgumentParser
import SpanCapture
import SpanModel
import SpanStorage

/// `spanwire query attributes`.
struct QueryAttributesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attributes", abstract: "Lists the keys of attributes, by how many spans have them.",
        discussion: """
            ATTRIBUTE is the name by which a filter asks for it: attr.KEY of spans,
            resource.KEY of their resources. With --format json an array of objects:
            attribute, spans.

            Example: spanwire query attributes --service cart --since 1h --store spans.db
            """)

    @OptionGroup var analysis: AnalysisOptions
    @OptionGroup var options: QueryOptions

    func run() async throws {
        let scan = try analysis.scan()
        let answer = try await options.ask { store throws(SpanStoreError) in try await store.attributeKeys(scan) }
        var table = TextTable(["ATTRIBUTE", "SPANS"], rightAligned: [1])
        for group in answer.groups { table.add([Self.name(group.key), String(group.spans)]) }
        try options.print(
            table.text,
            .list(
                answer.groups.map { group in
                    .object([("attribute", .text(Self.name(group.key))), ("spans", .count(group.spans))])
                }))
        AnswerText.note(leftOut: answer.leftOutSpans, "attributes")
    }

    /// As a filter has it.
    private static func name(_ key: AttributeKey) -> String {
        let field: SpanFilter.Field = key.owner == .span ? .attribute(key.key) : .resourceAttribute(key.key)
        return TerminalText.line(SpanFilter.present(field).text)
    }
}

/// `spanwire query values`.
struct QueryValuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "values", abstract: "Lists the values of an attribute, the most frequent first.",
        discussion: """
            KEY is an attribute of spans (http.route or attr.http.route) or of their
            resources (resource.host.name). Texts are quoted, numbers are not: 500 and
            "500" are two values. SHARE is the part of the spans that have the attribute.
            With --format json an array of objects: value (as shown in the table), spans.

            Examples:
              spanwire query values http.route --service cart --store spans.db
              spanwire query values resource.host.name 'error since=1h' --store spans.db
            """)

    @Argument(help: ArgumentHelp("The attribute.", valueName: "key"))
    var key: String

    @OptionGroup var analysis: AnalysisOptions

    @Option(help: ArgumentHelp("How many values at the most.", valueName: "count"))
    var limit = 100

    @OptionGroup var options: QueryOptions

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit takes 1 or more, not \(limit).") }
    }

    func run() async throws {
        let scan = try analysis.scan()
        let key = Self.key(key)
        let answer = try await options.ask { store throws(SpanStoreError) in
            try await store.attributeValues(of: key, scan)
        }
        let all = answer.groups.reduce(answer.leftOutSpans) { $0 + $1.spans }
        var table = TextTable(["VALUE", "SPANS", "SHARE"], rightAligned: [1, 2])
        let shown = answer.groups.prefix(limit)
        for group in shown {
            table.add([
                AttributeText.text(group.value), String(group.spans), AnswerText.share(group.spans, of: all),
            ])
        }
        try options.print(
            table.text,
            .list(
                shown.map { group in
                    .object([("value", .text(AttributeText.text(group.value))), ("spans", .count(group.spans))])
                }))
        if shown.count < answer.groups.count {
            Process.writeError(
                "spanwire: \(shown.count) of \(answer.groups.count) values; the others with a greater --limit\n")
        }
        AnswerText.note(leftOut: answer.leftOutSpans, "values")
    }

    private static func key(_ text: String) -> AttributeKey {
        for (prefix, owner) in [
            ("resource.", SpanConditions.AttributeEquality.Owner.resource), ("attr.", .span),
        ] where text.hasPrefix(prefix) {
            return AttributeKey(owner, ExactText(String(text.dropFirst(prefix.count))))
        }
        return AttributeKey(.span, ExactText(text))
    }
}
