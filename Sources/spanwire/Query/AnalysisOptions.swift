import ArgumentParser
import SpanModel
import SpanStorage

/// Selection of spans for an analysis: a filter, and options for its most frequent terms.
struct AnalysisOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Which spans: 'service=cart duration>10ms'; see 'spanwire query search --help'.", valueName: "filter"))
    var filter: String?

    @Option(help: ArgumentHelp("service=NAME", valueName: "name"), transform: QueryArgument.name)
    var service: String?

    @Option(
        help: ArgumentHelp("Spans that start since then: 30m, 1h, 2d ago, or 2026-08-01T12:00:00Z.", valueName: "time"),
        transform: QueryArgument.time)
    var since: UInt64?

    @Option(help: ArgumentHelp("Spans that start before then.", valueName: "time"), transform: QueryArgument.time)
    var until: UInt64?

    /// Returns the scan that filter and options select.
    func scan() throws -> SpanScan {
        let filter = try QueryArgument.filter(
            filter,
            and: [
                service.flatMap { .compare(.service, .equal, .text(ExactText($0))) },
                since.flatMap { .compare(.start, .greaterOrEqual, .time($0)) },
                until.flatMap { .compare(.start, .less, .time($0)) },
            ])
        return SpanScan(filter: filter)
    }
}

/// Values of arguments that several queries take.
enum QueryArgument {
    /// Returns a time in nanoseconds since 1970-01-01T00:00:00Z.
    @Sendable static func time(_ text: String) throws -> UInt64 {
        do throws(TimeTextError) { return try UTCTime.parsed(text, nowUnixNano: Process.nowUnixNano()) } catch {
            throw ValidationError("\(error).")
        }
    }

    /// Returns the name that stands as commands print it: as it is, or in double quotes.
    @Sendable static func name(_ text: String) throws -> String {
        do throws(SpanFilterError) { return try NameText.read(text) } catch { throw ValidationError("\(error).") }
    }

    /// Returns the attribute that stands as `query attributes` prints it; a key alone is one of spans.
    @Sendable static func attribute(_ text: String) throws -> AttributeKey {
        do throws(SpanFilterError) { return try AttributeKey(name: text) } catch { throw ValidationError("\(error).") }
    }

    /// Returns a duration in nanoseconds.
    @Sendable static func duration(_ text: String) throws -> Int64 {
        guard let duration = DurationText.nanoseconds(text) else {
            throw ValidationError(
                "A duration is a number with a unit, at most 292 years: 250us, 100ms, 1.5s, 2m, 1h.")
        }
        return duration
    }

    @Sendable static func traceID(_ text: String) throws -> TraceID {
        guard let id = TraceID(hex: text), id.isValid else {
            throw ValidationError("A trace id has 32 hexadecimal digits, not all of them zero.")
        }
        return id
    }

    /// Returns the conjunction of the filter and further terms.
    ///
    /// - Throws: a failure that shows the place of the fault.
    static func filter(_ text: String?, and terms: [SpanFilter?]) throws -> SpanFilter {
        let text = text ?? ""
        do throws(SpanFilterError) {
            return .all([try SpanFilter(parsing: text, nowUnixNano: Process.nowUnixNano())] + terms.compactMap { $0 })
        } catch {
            throw CommandFailure(
                error.description, lines: error.caretLines(in: text).split(separator: "\n").map { "  \($0)" },
                exitCode: CommandFailure.usageExitCode)
        }
    }
}
