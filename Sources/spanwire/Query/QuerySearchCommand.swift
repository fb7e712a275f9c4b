import ArgumentParser
import SpanCapture
import SpanMerge
import SpanModel
import SpanStorage

/// `spanwire query search`.
struct QuerySearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Finds spans, the newest first.",
        discussion: """
            A span is found when everything that is asked for holds.
            With --format json the spans as OTLP/JSON.

            Examples:
              spanwire query search --service cart --store spans.db
              spanwire query search --status error --since 30m --store spans.db
              spanwire query search --name "GET /cart" --min-duration 1.5s --limit 10 --store spans.db
            """)

    @Option(help: ArgumentHelp("Only spans of this service.", valueName: "name"))
    var service: String?

    @Option(help: ArgumentHelp("Only spans with this name.", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp("Only ended spans that took as long: 250us, 100ms, 1.5s, 2m.", valueName: "duration"),
        transform: duration)
    var minDuration: Int64?

    @Option(help: ArgumentHelp("Only spans with this status.", valueName: "status"))
    var status: StatusOption?

    @Option(
        help: ArgumentHelp(
            "Only spans that started since: 30m, 1h, 2d ago, or 2026-08-01T12:00:00Z.", valueName: "time"),
        transform: since)
    var since: UInt64?

    @Option(help: ArgumentHelp("How many spans at the most, 1 to 10000.", valueName: "count"))
    var limit = 100

    @OptionGroup var options: QueryOptions

    func validate() throws {
        guard SpanQuery.limitRange.contains(limit) else {
            throw ValidationError("--limit takes 1 to \(SpanQuery.limitRange.upperBound), not \(limit).")
        }
    }

    func run() async throws {
        let query = SpanQuery(
            service: service, name: name, minDurationNano: minDuration, status: status?.code, sinceUnixNano: since,
            limit: limit)
        let spans = try await options.ask { store throws(SpanStoreError) in try await store.search(query) }
        let standardOutput = StandardOutput()
        var output = standardOutput.makeOutput()
        switch options.format {
        case .table: output.append(Self.table(spans).text)
        case .json: try MergedSpansJSON.print(spans, to: &output)
        }
        output.flush()
        try standardOutput.check()
        if spans.count == limit { Process.writeError("spanwire: the first \(limit) spans; there may be more\n") }
    }

    private static func table(_ spans: [MergedSpan]) -> TextTable {
        var table = TextTable(
            ["START", "DURATION", "STATUS", "SERVICE", "NAME", "KIND", "TRACE", "SPAN"], rightAligned: [1])
        for merged in spans {
            let span = merged.span
            table.add([
                span.startTimeUnixNano == 0 ? "unknown" : UTCTime.text(span.startTimeUnixNano),
                DurationText.text(from: span.startTimeUnixNano, to: span.endTimeUnixNano),
                merged.statusCode.description, TerminalText.escaped(merged.service), TerminalText.escaped(span.name),
                span.kind.description, span.traceID.hex, span.spanID.hex,
            ])
        }
        return table
    }

    @Sendable private static func duration(_ text: String) throws -> Int64 {
        guard let duration = DurationText.nanoseconds(text) else {
            throw ValidationError("A duration is a number with a unit: 250us, 100ms, 1.5s, 2m, 1h.")
        }
        return duration
    }

    @Sendable private static func since(_ text: String) throws -> UInt64 {
        if let ago = DurationText.nanoseconds(text) {
            let now = Process.nowUnixNano()
            return now - min(now, UInt64(ago))
        }
        guard let time = UTCTime.unixNano(text) else {
            throw ValidationError("A time is how long ago (30m, 1h, 2d) or a date like 2026-08-01T12:00:00Z.")
        }
        return time
    }
}

/// The values of `--status`.
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
