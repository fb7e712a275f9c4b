import ArgumentParser
import SpanCapture
import SpanMerge
import SpanModel
import SpanStorage

/// `spanwire query compare TRACE TRACE`.
struct QueryCompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Compares two traces: what one has more of, takes longer for or fails at.",
        discussion: """
            Spans are matched by the path of services and operations that leads to them,
            and those of one path are counted together. The first column is "-" for what
            only the first trace has, "+" for what only the second has, "!" where the
            numbers of spans or errors differ. DURATION and SELF TIME are sums; the
            differences are second minus first. Self time says where the difference arises:
            a slow callee makes its callers slower too, but not their self time.

            With --format json an array of objects: service, operation, depth, first,
            second, each an object of spans, errors, running, durationNano, selfTimeNano.

            Example:
              A=5b8aa5a2d2c872e8321cf37308d69df2 B=4bf92f3577b34da6a3ce929d0e0e4736
              spanwire query compare $A $B --store spans.db
            """)

    @Argument(help: "The first trace's id.", transform: QueryArgument.traceID)
    var first: TraceID

    @Argument(help: "The second trace's id.", transform: QueryArgument.traceID)
    var second: TraceID

    @OptionGroup var options: QueryOptions

    func run() async throws {
        let left = TraceView(try await options.spans(of: first), correctsSkew: true, options.room)
        let right = TraceView(try await options.spans(of: second), correctsSkew: true, options.room)
        let rows = TraceComparison(left.tree, right.tree).rows
        let heading = Self.heading("first ", left) + Self.heading("second", right)
        try options.print(
            [.lines(options.room.folded(heading) + "\n"), .table(table(rows))], .list(rows.map(Self.json)))
    }

    /// Returns the heading of a trace, `first  5b8a…: 7 spans, 1 error, started …`, with the notes on clocks.
    private static func heading(_ title: String, _ view: TraceView) -> String {
        let spans = view.tree.nodes.map(\.span)
        let errors = spans.count { $0.statusCode == .error }
        var text = "\(title) \(spans[0].span.traceID.hex): \(AttributeText.count(spans.count, "span"))"
        if errors > 0 { text += ", \(AttributeText.count(errors, "error"))" }
        if let start = spans.map(\.span.startTimeUnixNano).first(where: { $0 != 0 }) {
            text += ", started \(UTCTime.text(start))"
        }
        return ([text] + view.notes.map { "       \($0)" }).map { $0 + "\n" }.joined()
    }

    private func table(_ rows: [TraceComparison.Row]) -> TextTable {
        var table = TextTable(
            [
                .word("", 2), .text("SERVICE / SPAN", 1), .number("SPANS", 4), .number("ERRORS", 5),
                .number("DURATION", 7), .number("DIFFERENCE", 3), .number("SELF TIME", 6), .number("DIFFERENCE", 2),
            ], in: options.room, treeColumn: 1)
        for row in rows {
            let (left, right) = (row.left, row.right)
            let mark = left.spans == 0 ? "+" : right.spans == 0 ? "-" : row.hasSameShape ? "" : "!"
            let name =
                "\(AnswerText.name(ExactText(row.service), options.room)) / \(AnswerText.name(ExactText(row.operation), options.room))"
            table.add(
                [
                    mark, name, Self.change(left.spans, right.spans), Self.change(left.errors, right.errors),
                    Self.both(left.durationNano, right.durationNano, row),
                    Self.difference(left.durationNano, right.durationNano),
                    Self.both(left.selfTimeNano, right.selfTimeNano, row),
                    Self.difference(left.selfTimeNano, right.selfTimeNano),
                ], lead: String(repeating: "  ", count: min(row.depth, 60)))
        }
        return table
    }

    private static func change(_ left: Int, _ right: Int) -> String { left == right ? "\(left)" : "\(left) → \(right)" }

    private static func both(_ left: Int64, _ right: Int64, _ row: TraceComparison.Row) -> String {
        let texts = [(row.left.spans, left), (row.right.spans, right)].map { $0 == 0 ? "-" : DurationText.text($1) }
        return "\(texts[0]) → \(texts[1])"
    }

    private static func difference(_ left: Int64, _ right: Int64) -> String {
        let difference = right.subtractingClamped(left)
        return difference == 0 ? "0" : (difference > 0 ? "+" : "") + DurationText.text(difference)
    }

    private static func json(_ row: TraceComparison.Row) -> AnswerJSON {
        func side(_ side: TraceComparison.Side) -> AnswerJSON {
            .object([
                ("spans", .number(Int64(side.spans))), ("errors", .number(Int64(side.errors))),
                ("running", .number(Int64(side.running))), ("durationNano", .number(side.durationNano)),
                ("selfTimeNano", .number(side.selfTimeNano)),
            ])
        }
        return .object([
            ("service", .text(row.service)), ("operation", .text(row.operation)),
            ("depth", .number(Int64(row.depth))), ("first", side(row.left)), ("second", side(row.right)),
        ])
    }
}
