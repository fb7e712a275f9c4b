import ArgumentParser
import SpanCapture
import SpanModel
import SpanStorage

/// `spanwire query trace ID`.
struct QueryTraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Shows the spans of one trace as a tree.",
        discussion: """
            A span whose parent is not in the store is marked as an orphan, one without an end as running.
            With --format json the spans as OTLP/JSON.

            Example: spanwire query trace 5b8aa5a2d2c872e8321cf37308d69df2 --store spans.db
            """)

    @Argument(help: "The trace id: 32 hexadecimal digits.", transform: traceID)
    var id: TraceID

    @OptionGroup var options: QueryOptions

    func run() async throws {
        let id = id
        let spans = try await options.ask { store throws(SpanStoreError) in try await store.trace(id) }
        guard !spans.isEmpty else { throw CommandFailure("no span of trace \(id.hex) in \(options.store)") }
        let standardOutput = StandardOutput()
        var output = standardOutput.makeOutput()
        switch options.format {
        case .table: output.append(TraceText.text(spans))
        case .json: try MergedSpansJSON.print(spans, to: &output)
        }
        output.flush()
        try standardOutput.check()
    }

    @Sendable private static func traceID(_ text: String) throws -> TraceID {
        guard let id = TraceID(hex: text), id.isValid else {
            throw ValidationError("A trace id has 32 hexadecimal digits, not all of them zero.")
        }
        return id
    }
}
