import ArgumentParser
import SpanCapture
import SpanModel
import SpanStorage

/// `spanwire query dependencies`.
struct QueryDependenciesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dependencies",
        abstract: "Shows which services call which, how often, how long, and with what luck.",
        discussion: """
            A call is a client or producer span with a server or consumer span of another
            service below it. Where only one side reported a span, the other is told by the
            attributes of OpenTelemetry's conventions (peer.service, db.*, messaging.*,
            server.address): KNOWN FROM then says attributes, not spans. A filter is asked
            of the caller's span, or of the callee's where the caller reported none.

            CALLER: durations as callers saw them; CALLEE: of the callees' own spans. The
            difference is network and queues. Percentiles are estimated, within 0.8 %.

            With --format json an object: edges, an array of objects (caller, callee, each
            an object of type and name; inferred, calls, errors, callerLatency,
            calleeLatency); unknownCalls, leftOutCalls.

            Examples:
              spanwire query dependencies --since 1h --store spans.db
              spanwire query dependencies --service checkout --store spans.db
            """)

    @OptionGroup var analysis: AnalysisOptions
    @OptionGroup var options: QueryOptions

    func run() async throws {
        let scan = try analysis.scan()
        let graph = try await options.ask(about: scan.filter, isEmpty: { $0.edges.isEmpty }) {
            store throws(SpanStoreError) in try await store.dependencies(scan)
        }
        try options.print([.table(table(graph.edges))], Self.json(graph))
        if graph.unknownCalls > 0 {
            Process.writeError(
                "spanwire: \(graph.unknownCalls) client and producer spans do not tell whom they called\n")
        }
        AnswerText.note(leftOut: graph.leftOutCalls, "pairs of services")
    }

    private func table(_ edges: [DependencyGraph.Edge]) -> TextTable {
        var table = TextTable(
            [
                .text("CALLER", 1), .text("CALLEE", 1), .number("CALLS", 2), .number("ERRORS", 6),
                .number("ERROR RATE", 3), .number("CALLER P50", 5), .number("P99", 4), .number("CALLEE P50", 8),
                .number("P99", 7), .word("KNOWN FROM", 9),
            ], in: options.room)
        for edge in edges {
            let (caller, callee) = (edge.callerLatency, edge.calleeLatency)
            table.add([
                name(edge.caller), name(edge.callee), String(edge.calls), String(edge.errors),
                AnswerText.share(edge.errors, of: edge.calls), AnswerText.percentile(0.5, of: caller),
                AnswerText.percentile(0.99, of: caller), AnswerText.percentile(0.5, of: callee),
                AnswerText.percentile(0.99, of: callee), edge.isInferred ? "attributes" : "spans",
            ])
        }
        return table
    }

    private func name(_ node: DependencyGraph.Node) -> String {
        let name = AnswerText.name(node.name, options.room)
        return node.kind == .service ? name : "\(name) (\(node.kind))"
    }

    private static func json(_ graph: DependencyGraph) -> AnswerJSON {
        func node(_ node: DependencyGraph.Node) -> AnswerJSON {
            .object([("type", .text("\(node.kind)")), ("name", .text(node.name.string))])
        }
        return .object([
            (
                "edges",
                .list(
                    graph.edges.map { edge in
                        .object([
                            ("caller", node(edge.caller)), ("callee", node(edge.callee)),
                            ("inferred", .flag(edge.isInferred)), ("calls", .count(edge.calls)),
                            ("errors", .count(edge.errors)),
                            ("callerLatency", .object(AnswerJSON.fields(edge.callerLatency))),
                            ("calleeLatency", .object(AnswerJSON.fields(edge.calleeLatency))),
                        ])
                    })
            ), ("unknownCalls", .count(graph.unknownCalls)), ("leftOutCalls", .count(graph.leftOutCalls)),
        ])
    }
}
