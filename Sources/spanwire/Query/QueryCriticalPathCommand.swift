import ArgumentParser
import SpanCapture
import SpanMerge
import SpanModel
import SpanStorage

/// `spanwire query critical-path TRACE`.
struct QueryCriticalPathCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "critical-path", abstract: "Shows which spans the time of a trace is made of.",
        discussion: """
            For each instant from the root's start to its end, the one span that the end
            waited for: making it faster makes the whole faster. Of children at the same
            time, the one that ended last is on the path. A child that ended after its
            parent is not, since nobody waited for it; how many there are is said. SHARE is
            of the root's duration. Clocks of machines are corrected as in 'query trace'.

            With --format json an object: traceId, rootSpanId, durationNano (the sum of the
            segments), soFar (true while the root runs), segments, an array of objects:
            startUnixNano (corrected), durationNano, service, operation, kind, spanId;
            outlivingSpanIds.

            Examples:
              spanwire query critical-path 5b8aa5a2d2c872e8321cf37308d69df2 --store spans.db
            """)

    @Argument(help: "The trace id: 32 hexadecimal digits.", transform: QueryArgument.traceID)
    var id: TraceID

    @Option(help: ArgumentHelp("The path of this span instead of the first root.", valueName: "id"), transform: spanID)
    var span: SpanID?

    @Flag(help: "Take times as they were reported.")
    var noSkew = false

    @OptionGroup var options: QueryOptions

    func run() async throws {
        let view = TraceView(try await options.spans(of: id), correctsSkew: !noSkew, options.room)
        let tree = view.tree
        let root = try root(tree)
        let path = CriticalPath(tree, root: root)
        guard !path.segments.isEmpty else {
            throw CommandFailure(
                "span \(tree.nodes[root].span.span.spanID.hex) has no time to share out: its start is unknown or not "
                    + "before its end")
        }
        try options.print(text(path, root, view), json(path, root, tree))
    }

    private func root(_ tree: TraceTree) throws -> Int {
        if let span {
            guard let index = tree.nodes.firstIndex(where: { $0.span.span.spanID == span }) else {
                throw CommandFailure("no span \(span.hex) in trace \(id.hex)")
            }
            return index
        }
        return tree.roots.first { tree.nodes[$0].attachment == .root } ?? tree.roots[0]
    }

    private func text(_ path: CriticalPath, _ root: Int, _ view: TraceView) -> [TextPart] {
        let total = path.segments.reduce(0) { $0 + $1.durationNano }
        var table = TextTable(
            [
                .number("AT", 4), .number("DURATION", 3), .number("SHARE", 2), .text("SERVICE / SPAN", 1),
                .word("KIND", 6), .word("SPAN ID", 5),
            ], in: options.room)
        for segment in path.segments {
            let merged = view.tree.nodes[segment.node].span
            table.add([
                "+" + DurationText.text(Int64(clamping: segment.startUnixNano - path.segments[0].startUnixNano)),
                DurationText.text(segment.durationNano),
                AnswerText.share(UInt64(segment.durationNano), of: UInt64(total)), name(merged),
                merged.span.kind.description, merged.span.spanID.hex,
            ])
        }
        let rootSpan = view.tree.nodes[root].span
        var heading = "trace \(id.hex)\n\(options.room.name(name(rootSpan))): \(DurationText.text(total))"
        if path.isSoFar { heading += " so far, it still runs" }
        let ids = Set(path.segments.map(\.node))
        heading += ", \(AttributeText.count(ids.count, "span")) on the path\n"
        for note in view.notes { heading += note + "\n" }
        if !path.outliving.isEmpty {
            let count = AttributeText.count(path.outliving.count, "span")
            heading += "nobody waited for \(count) that ended after the parent or still runs: not on the path\n"
        }
        return [.lines(options.room.folded(heading) + "\n"), .table(table)]
    }

    private func name(_ merged: MergedSpan) -> String {
        let operation = SpanOperation(merged)
        return "\(AnswerText.name(operation.service, options.room)) / \(AnswerText.name(operation.name, options.room))"
    }

    private func json(_ path: CriticalPath, _ root: Int, _ tree: TraceTree) -> AnswerJSON {
        let segments = path.segments.map { segment in
            let merged = tree.nodes[segment.node].span
            return AnswerJSON.object(
                [("startUnixNano", .time(segment.startUnixNano)), ("durationNano", .number(segment.durationNano))]
                    + AnswerJSON.fields(SpanOperation(merged)) + [("spanId", .text(merged.span.spanID.hex))])
        }
        return .object([
            ("traceId", .text(id.hex)), ("rootSpanId", .text(tree.nodes[root].span.span.spanID.hex)),
            ("durationNano", .number(path.segments.reduce(0) { $0 + $1.durationNano })), ("soFar", .flag(path.isSoFar)),
            ("segments", .list(segments)),
            ("outlivingSpanIds", .list(path.outliving.map { .text(tree.nodes[$0].span.span.spanID.hex) })),
        ])
    }

    @Sendable private static func spanID(_ text: String) throws -> SpanID {
        guard let id = SpanID(hex: text), id.isValid else {
            throw ValidationError("A span id has 16 hexadecimal digits, not all of them zero.")
        }
        return id
    }
}
