import ArgumentParser
import ProtoWire
import SpanMerge
import SpanModel
import SpanStorage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// `spanwire query export`.
struct QueryExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes merged spans to standard output as OTLP.",
        discussion: """
            As protobuf, one TracesData (which is an ExportTraceServiceRequest too) of any
            length, traces in the order of their ids; with --format json as OTLP JSON
            Lines, a TracesData on each line. Each span once, as its reports together say;
            running spans without an end. That reports disagreed is not in it. 'spanwire
            decode' reads both, and 'spanwire send' brings both to another collector.

            Examples:
              spanwire query export --since 1h --store spans.db > spans.pb
              spanwire query export error --format json --store spans.db > spans.jsonl
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case protobuf, json
    }

    @OptionGroup var analysis: AnalysisOptions

    @Option(help: ArgumentHelp("The store's file.", valueName: "path"))
    var store: String

    @Option(help: ArgumentHelp("What to write.", valueName: "format"))
    var format = Format.protobuf

    func run() async throws {
        guard format == .json || isatty(1) == 0 else {
            throw CommandFailure(
                "protobuf is not for terminals: write it to a file with '> spans.pb', or take --format json",
                exitCode: CommandFailure.usageExitCode)
        }
        let scan = try analysis.scan()
        let export = Export(format: format)
        let (done, remark) = try await QueryOptions.ask(store) { store throws(SpanStoreError) in
            var done = try await store.scan(scan, into: export) { export, spans in export.add(spans) }
            done.flush()
            return (done, done.spans == 0 ? try await EmptyAnswer.unknownService(scan.filter, store) : nil)
        }
        if let remark { EmptyAnswer.note(scan.filter, remark) }
        if let fault = done.fault { throw CommandFailure("cannot write the output: \(fault)") }
        Process.writeError("spanwire: \(done.spans.counted("span"))\n")
    }

    /// Spans that wait to be written, and the outcome so far.
    private struct Export: Sendable {
        /// Number of spans in a batch: large enough for resources to be shared, small enough for any reader.
        private static let batchSpans = 1_000

        let format: Format
        private var waiting: [MergedSpan] = []
        private(set) var spans = 0
        /// Fault that ended the export early; `nil` also when the reader went away.
        private(set) var fault: String?
        private var isOver = false

        init(format: Format) { self.format = format }

        /// Adds spans and writes full batches; `false` when going on is of no use.
        mutating func add(_ spans: [MergedSpan]) -> Bool {
            waiting += spans
            if waiting.count >= Self.batchSpans { flush() }
            return !isOver
        }

        mutating func flush() {
            guard !waiting.isEmpty, !isOver else { return }
            var written: Int32 = 0
            do throws(WireError) {
                written = Process.write(try bytes(SpanBatch(waiting)), to: 1)
            } catch {
                fault = error.description
            }
            if written != 0, written != EPIPE { fault = Process.words(for: written) }
            isOver = fault != nil || written != 0
            if !isOver { spans += waiting.count }
            waiting.removeAll(keepingCapacity: true)
        }

        private func bytes(_ batch: SpanBatch) throws(WireError) -> [UInt8] {
            switch format {
            // Protobuf messages one behind the other are one message with the lists of all.
            case .protobuf: batch.encoded()
            case .json: Array(try batch.json().utf8) + [UInt8(ascii: "\n")]
            }
        }
    }
}
