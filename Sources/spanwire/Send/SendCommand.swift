import ArgumentParser
import Logging
import ProtoWire
import SpanCapture
import SpanModel
import SpanSession
import SpanSpool
import SpanTransport
import Synchronization
import UnixSignals

/// `spanwire send`: captured payloads to a collector.
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Sends the spans of captured payloads to a collector.",
        discussion: """
            Takes every form that decode takes, and says of a file what decode says of it: keys that are ignored, another \
            signal than traces. A file is sent when all of it is valid; one that is not, is blank, or has no span but for \
            what is ignored, is left out and named, and the others are sent all the same. Of spans that the collector has \
            to reject the file is told, and which of its spans they are. Ends when the collector has stored everything, \
            or at the timeout; the last line on standard error says what became of the spans. Ctrl-C takes no more \
            spans from the files, waits up to five seconds for what is under way, and tells the same, and what of which file \
            was not taken.

            With --spool everything lies in that directory until the collector has stored it: what is left at the \
            timeout, by Ctrl-C or by a crash, is sent by the next send with the same directory, which needs no files then. \
            What is damaged there is said; what is lost by it is counted and told to the collector too.

            Exit codes: 0 when every span of every file and of the spool is stored as it was, also after Ctrl-C, and where \
            damage of the spool cost nothing; 1 otherwise; 2 for a wrong command line.

            Examples:
              spanwire send payload.pb
              spanwire send traces.jsonl
              spanwire send *.frames --to collector:4319 --timeout 60
              spanwire send *.pb --spool /var/spool/spans
              SPANWIRE_TOKEN=… spanwire send payload.pb --to 127.0.0.1:4319
              spanwire send payload.pb --to unix:/run/spanwire/spans.sock
              spanwire send payload.pb --to collector:4319 --tls-ca ca.pem --token-file token
            """)

    @Argument(help: "The files to send, or - for standard input.")
    var files: [String] = []

    @Option(
        help: ArgumentHelp(
            "The collector: host:port, with a port from 1 to 65535, or unix:path; without it 127.0.0.1:4319.",
            valueName: "address"),
        transform: Address.peer)
    var to = Address(host: "127.0.0.1", port: 4319)

    @Option(help: ArgumentHelp("The form of the input: auto, protobuf, hex, base64, frames, json.", valueName: "form"))
    var from = FromOption.auto

    @OptionGroup var security: SendSecurity

    @Option(
        help: ArgumentHelp(
            "What to compress with, the best first; the collector takes the first that it has: any of zstd-stream, "
                + "zstd, gzip, with commas between, or none.", valueName: "list"))
    var compression = CompressionList(SpanClientConfiguration().compression)

    @Option(help: ArgumentHelp("How long to wait for the collector in all, 1 to 86400.", valueName: "seconds"))
    var timeout = 30

    @Option(
        help: ArgumentHelp(
            "A directory in which spans lie until they are stored; what an earlier send left there is sent too.",
            valueName: "path"))
    var spool: String?

    func validate() throws {
        guard !files.isEmpty || spool != nil else { throw ValidationError("Name the files to send.") }
        guard (1...86_400).contains(timeout) else {
            throw ValidationError("--timeout takes 1 to 86400, not \(timeout).")
        }
    }

    func run() async throws {
        let client: SpanClient
        do throws(TransportError) {
            var configuration = SpanClientConfiguration(
                address: to.transport, agent: "spanwire-send/\(Spanwire.version)")
            configuration.compression = compression.compressions
            configuration.spool = spool.map { SpanSpoolConfiguration(directory: $0) }
            try security.apply(to: &configuration)
            client = try SpanClient(configuration: configuration, logger: CommandLogger.make(.warning))
        } catch {
            throw CommandFailure(error.message)
        }
        // Before a span is taken: from then on a signal ends nothing unsaid.
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        client.start()
        let interruption = Interruption()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await deliver(through: client, interruption) }
            group.addTask {
                for await _ in signals {
                    interruption.happens()
                    _ = await client.shutdown(within: .seconds(5))
                }
            }
            // The delivery ends by itself; the other task only waits for signals.
            try await group.next()
            group.cancelAll()
        }
    }

    private func deliver(through client: SpanClient, _ interruption: Interruption) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: .seconds(timeout))
        var badFiles = 0
        var given = 0
        var unfit = UnfitSpans()
        var untaken = UntakenSpans()
        for file in files {
            guard !interruption.hasHappened else {
                untaken.noteFile(file)
                continue
            }
            do {
                unfit.begin(file)
                let messages = try messages(of: file) { interruption.hasHappened }
                let spans = messages.reduce(0) { $0 + ($1.spanCount ?? 0) }
                var taken = 0
                for message in messages {
                    for batch in message.batches where batch.spanCount > 0 {
                        if interruption.hasHappened { break }
                        let handedOver = await client.deliverUntilClosed(
                            batch, within: clock.now.duration(to: deadline))
                        unfit.note(batch, first: handedOver)
                        taken += handedOver
                        Process.showProgress(
                            "sent \((given + taken).counted("span")), stored \(client.report.storedSpans)")
                    }
                }
                given += taken
                untaken.note(file, spans - taken, of: spans)
            } catch is InputFile.Interrupted {
                untaken.noteFile(file)
            } catch let failure as CommandFailure {
                badFiles += 1
                Process.clearProgress()
                let line = TerminalText.line("\(file) is not sent: \(failure.message ?? "")")
                Process.writeError("spanwire: \(line)\n")
            }
        }
        let report = await client.shutdown(within: clock.now.duration(to: deadline))
        Process.clearProgress()
        Process.writeError("spanwire: \(report)\n")
        given += report.recoveredSpans
        if let spool {
            for line in SpoolWords.lines(report, spool, findings: client.spoolFindings) {
                Process.writeError("spanwire: \(TerminalText.line(line))\n")
            }
        }
        if report.rejectedSpans > 0 {
            // The collector's words name a place in a batch; they are for spans that no file here has.
            if unfit.count < report.rejectedSpans {
                Process.writeError("spanwire: the collector says: \(TerminalText.escaped(report.rejectionReason))\n")
            }
            for line in unfit.lines { Process.writeError("spanwire: \(line)\n") }
        }
        for line in untaken.lines { Process.writeError("spanwire: \(line)\n") }
        // A drop is an exit of 1 by itself: the numbers beside it may be those of other spans.
        let isWhole = report.droppedSpans == 0 && report.spansWithoutResource == 0 && report.uncountedLosses == 0
        let isAllStored = report.storedSpans == given && isWhole && badFiles == 0 && untaken.isEmpty
        if interruption.hasHappened {
            let words = isAllStored ? "everything was stored" : Self.whatToDo(report, spool, untaken)
            Process.writeError("spanwire: interrupted; \(words)\n")
        } else if clock.now >= deadline, report.storedSpans + report.rejectedSpans < given {
            let fault = client.connectionFault.map { "not connected: \(TerminalText.line($0))" }
            Process.writeError(
                "spanwire: \(to) did not acknowledge everything within \(timeout) s; "
                    + (fault ?? "it is connected and behind: raise --timeout, or see its log") + "\n")
        }
        guard isAllStored else { throw CommandFailure(nil) }
    }

    /// Returns advice after an interruption that left something to send.
    private static func whatToDo(_ report: DeliveryReport, _ spool: String?, _ untaken: UntakenSpans) -> String {
        var words: [String] = []
        if let spool, report.spooledSpans > 0 {
            words.append("send --spool \(TerminalText.line(spool)) without files sends what waits there")
        }
        if !untaken.isEmpty || report.droppedSpans > 0 && spool == nil {
            words.append(
                "send the files again for what was not sent: spans that are stored already are not stored twice")
        }
        return words.isEmpty ? "not everything was stored" : words.joined(separator: "; ")
    }

    /// Returns the messages of a file.
    ///
    /// - Throws: a failure unless all of the file is valid.
    private func messages(of file: String, isInterrupted: @escaping () -> Bool) throws -> [CapturedMessage] {
        let bytes = try InputFile.read(file, maxBytes: Int(Int32.max), isInterrupted: isInterrupted)
        // No bytes are a valid message without spans, and never what one wants to send.
        if bytes.isEmpty { throw CommandFailure("it is empty") }
        let capture = Capture(bytes, options: CaptureOptions(form: from.form))
        if let fault = capture.fault {
            throw CommandFailure(TerminalText.escaped(fault.description) + "; taken for \(capture.explanation)")
        }
        let messages = capture.message.map { [$0] } ?? capture.frames.compactMap(\.message)
        var notes = capture.notes
        if messages.allSatisfy({ ($0.spanCount ?? 0) == 0 }) {
            notes.append("no span is in it; \(capture.explanation)")
        }
        for note in notes {
            Process.clearProgress()
            Process.writeError("spanwire: \(TerminalText.line(file)): \(note)\n")
        }
        return messages
    }
}

/// Flag that the user asked to stop.
private final class Interruption: Sendable {
    private let state = Mutex(false)

    var hasHappened: Bool { state.withLock(\.self) }

    func happens() { state.withLock { $0 = true } }
}
