import ArgumentParser
import Logging
import SpanCapture
import SpanCollector
import SpanLoad
import SpanModel
import SpanSession
import SpanTransport
import UnixSignals

/// `spanwire bench`: load for a collector, and what it makes of it.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Loads a collector with generated spans and measures it.",
        discussion: """
            Senders hand spans to the client that services use: batched, compressed, kept until they are acknowledged. \
            Without --to a collector that counts and acknowledges, and stores nothing, runs in this process: the \
            transport alone. With --to the load goes to a running one, whose store then holds the generated spans.

            It tells spans acknowledged per second, bytes on the wire per span, processor time of this process per \
            million spans (of the collector's too with --collector-pid, on Linux), and latencies: "ack" from the \
            writing of a batch to its ack; "delivery", with --rate, from when a span was due to the ack of its batch, \
            so what waits in the sender counts; "hand-over" what a span takes on the thread \
            that reports it. A progress line a second goes to standard error.

            Exit codes: 0 when every span was acknowledged, 1 when some were not or the collector cannot be reached, 2 \
            for a wrong command line.

            Examples:
              spanwire bench
              spanwire bench --rate 100000 --connections 8 --batch 64 --compression none
              spanwire bench --to collector:4319 --spans large --duration 60 --format json
            """)

    @Option(
        help: ArgumentHelp(
            "The collector: host:port, with a port from 1 to 65535, or unix:path; without it one that stores nothing is started.",
            valueName: "address"), transform: Address.peer)
    var to: Address?

    @Option(help: ArgumentHelp("How many senders, 1 to 10000.", valueName: "count"))
    var connections = 2

    @Option(help: ArgumentHelp("Spans in a batch, 1 to 65536.", valueName: "spans"))
    var batch = 512

    @Option(
        help: ArgumentHelp("What to compress with: any of zstd-stream, zstd, gzip, or none.", valueName: "list"))
    var compression = CompressionList(SpanClientConfiguration().compression)

    @Option(
        help: ArgumentHelp(
            "Spans per second of all senders together; without it as many as the collector takes.", valueName: "spans"))
    var rate: Double?

    @Option(
        help: ArgumentHelp(
            "The spans: small (about 130 bytes), medium (480), large (1.6 KB), or a captured payload whose spans are "
                + "sent over and over under new ids.", valueName: "shape|file"))
    var spans = "medium"

    @Option(
        help: ArgumentHelp(
            "What a sender whose queue is full does: wait, drop-newest, drop-oldest.", valueName: "policy"))
    var whenFull = LoadWhenFull.wait

    @Option(
        help: ArgumentHelp(
            "How many spans a sender's queue holds; without it sixteen batches, or with --rate four million spans.",
            valueName: "spans"))
    var queueSpans: Int?

    @Option(
        help: ArgumentHelp(
            "How many spans of all senders together, after which the load ends; --duration is then the most that it may "
                + "take.", valueName: "spans"))
    var total: Int?

    @Option(
        help: ArgumentHelp(
            "How long a time the spans are to come from, ending now, as in 10h, 30m or 90s; with --total. Without it "
                + "each ends when it is sent.", valueName: "duration"),
        transform: { text in
            guard let nanoseconds = DurationText.nanoseconds(text), nanoseconds > 0 else {
                throw ValidationError("--spread takes a duration such as 10h, 30m or 90s.")
            }
            return .nanoseconds(nanoseconds)
        })
    var spread: Duration?

    @Flag(
        help: ArgumentHelp(
            "Each trace passes through all senders, as a request does through services; without it each sender has "
                + "traces of its own."))
    var sharedTraces = false

    @Option(help: ArgumentHelp("How long to measure, 1 to 86400.", valueName: "seconds"))
    var duration = 10

    @Option(help: ArgumentHelp("How long to load before that, 0 to 3600.", valueName: "seconds"))
    var warmUp = 1

    @Option(help: ArgumentHelp("How long to wait for the last acks, 1 to 86400.", valueName: "seconds"))
    var finish = 10

    @Option(help: ArgumentHelp("Where the generated ids and values come from.", valueName: "number"))
    var seed: UInt64 = .random(in: 0 ... .max)

    @Option(help: ArgumentHelp("Measure this process as the collector.", valueName: "pid"))
    var collectorPid: Int32?

    @OptionGroup var security: SendSecurity

    @Option(help: ArgumentHelp("text, json.", valueName: "format"))
    var format = BenchFormat.text

    func validate() throws {
        guard (1...10_000).contains(connections) else {
            throw ValidationError("--connections takes 1 to 10000, not \(connections).")
        }
        guard (1...65_536).contains(batch) else { throw ValidationError("--batch takes 1 to 65536, not \(batch).") }
        if let rate {
            guard rate.isFinite, rate >= 1, rate <= 1e9 else {
                throw ValidationError("--rate takes 1 to 1000000000 spans per second.")
            }
        }
        guard (1...86_400).contains(duration) else {
            throw ValidationError("--duration takes 1 to 86400, not \(duration).")
        }
        if let queueSpans, queueSpans < 1 {
            throw ValidationError("--queue-spans takes at least 1, not \(queueSpans).")
        }
        if let total, total < connections {
            throw ValidationError("--total takes at least as many spans as there are connections, not \(total).")
        }
        if spread != nil, total == nil { throw ValidationError("--spread needs --total.") }
        guard (1...86_400).contains(finish) else {
            throw ValidationError("--finish takes 1 to 86400, not \(finish).")
        }
        guard (0...3600).contains(warmUp) else { throw ValidationError("--warm-up takes 0 to 3600, not \(warmUp).") }
        guard to != nil || !security.isGiven else {
            throw ValidationError("The collector in this process takes neither TLS nor tokens; name one by --to.")
        }
    }

    func run() async throws {
        let logger = CommandLogger.make(.error)
        let makeSpans = try spanMaker()
        let collector = ProcessClock(pid: collectorPid)
        if let collectorPid, !collector.isReadable {
            throw CommandFailure(
                "cannot measure process \(collectorPid): /proc does not tell of it; check --collector-pid")
        }
        var server: SpanServer?
        var client = SpanClientConfiguration(agent: "spanwire-bench/\(Spanwire.version)")
        client.compression = compression.compressions
        do throws(TransportError) {
            if let to {
                client.address = to.transport
                try security.apply(to: &client)
            } else {
                let own = SpanServer(
                    configuration: SpanServerConfiguration(
                        port: 0, session: ServerSettings(agent: "spanwire/\(Spanwire.version)")),
                    sink: CountingSink(), logger: logger)
                client.address = .tcp(host: "127.0.0.1", port: try await own.start())
                server = own
            }
        } catch {
            throw CommandFailure(error.message)
        }
        _ = DescriptorLimit.raise()
        // Only as a collector does in its own process; a service's client makes do with what it finds.
        if server != nil { ProcessMemory.keepFreed(upTo: 64 << 20) }
        let plan = LoadPlan(
            client: client, connections: connections, batchSpans: batch, rate: rate, whenFull: whenFull,
            queueSpans: queueSpans, total: total, spread: spread, duration: .seconds(duration),
            warmUp: .seconds(warmUp), finish: .seconds(finish))
        let generator = LoadGenerator(plan: plan, logger: logger, spans: makeSpans)
        let result = try await load(generator, collector)
        await server?.shutdown(within: .seconds(5))
        Process.clearProgress()
        let report = BenchReport(command: self, plan: plan, result: result, collector: collector)
        try report.print()
        let lost = result.report
        // What it was told to drop is no failure.
        let dropped =
            whenFull == .wait ? 0 : lost.dropped.first { $0.reason == DropReason.queueFull.rawValue }?.spans ?? 0
        guard lost.storedSpans + Int(clamping: dropped) == lost.reportedSpans, lost.storedSpans > 0 else {
            let reason = lost.rejectionReason.isEmpty ? "" : ": \(TerminalText.escaped(lost.rejectionReason))"
            let advice =
                lost.storedSpans == 0 ? "; check that a collector listens at \(to.map { "\($0)" } ?? "its port")" : ""
            throw CommandFailure("not every span is stored: \(lost)\(reason)\(advice)")
        }
    }

    /// Runs the load. A signal ends it early, and the result covers what was measured until then.
    private func load(_ generator: LoadGenerator, _ collector: ProcessClock) async throws -> LoadResult {
        try await withThrowingTaskGroup(of: LoadResult?.self) { group in
            group.addTask {
                do {
                    return try await generator.run(
                        measuring: { collector.note(begins: $0) },
                        progress: { Process.showProgress(BenchReport.line($0)) })
                } catch let error as TransportError {
                    throw CommandFailure(error.message)
                }
            }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { generator.stop() }
                return nil
            }
            defer { group.cancelAll() }
            while let part = try await group.next() {
                if let part { return part }
            }
            throw CommandFailure("the load did not run")
        }
    }

    /// Returns a maker of spans of a built-in shape, or of those of a captured payload.
    private func spanMaker() throws -> @Sendable (Int) -> LoadSpans {
        let make = try ownSpanMaker()
        guard sharedTraces else { return make }
        let (count, seed) = (connections, seed)
        return { make($0).passing(position: $0, of: count, seed: seed) }
    }

    private func ownSpanMaker() throws -> @Sendable (Int) -> LoadSpans {
        let seed = seed
        if let shape = LoadShape(rawValue: spans) {
            let patterns = min(8192, max(64, 32_768 / connections))
            return { shape.spans(sender: $0, patterns: patterns, seed: seed) }
        }
        let capture = Capture(try InputFile.read(spans, maxBytes: 64 << 20))
        if let fault = capture.fault { throw CommandFailure("\(spans): \(TerminalText.escaped(fault.description))") }
        let messages = capture.message.map { [$0] } ?? capture.frames.compactMap(\.message)
        let batches = messages.flatMap(\.batches)
        let resource = batches.first?.resourceSpans.first?.resource ?? Resource()
        let patterns = batches.flatMap { Array($0.spans) }
        guard !patterns.isEmpty else { throw CommandFailure("\(spans) has no spans to send") }
        return { LoadSpans(resource: resource, patterns: patterns, seed: LoadSpans.seed(of: $0, seed: seed)) }
    }
}

extension LoadWhenFull: ExpressibleByArgument {}

enum BenchFormat: String, ExpressibleByArgument, CaseIterable { case text, json }
