import ArgumentParser
import SpanCapture
import SpanModel
import SpanStorage

/// `spanwire query trace ID`.
struct QueryTraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Shows the spans of one trace as a tree.",
        discussion: """
            A span whose parent is not in the store is marked as an orphan, one without an
            end as running. Where calls tell that the clocks of machines differ, that is
            said, and times are shown as the first root's clock would tell them; --no-skew
            shows them as they were reported. With --format json the spans as OTLP/JSON, as
            reported.

            Example: spanwire query trace 5b8aa5a2d2c872e8321cf37308d69df2 --store spans.db
            """)

    @Argument(help: "The trace id: 32 hexadecimal digits.", transform: QueryArgument.traceID)
    var id: TraceID

    @Flag(help: "Show times as they were reported.")
    var noSkew = false

    @OptionGroup var options: QueryOptions

    func run() async throws {
        let spans = try await options.spans(of: id)
        switch options.format {
        case .table:
            try TraceText.parts(TraceView(spans, correctsSkew: !noSkew, options.room), options.room).print()
        case .json: try MergedSpansJSON.print(spans)
        }
    }
}
