import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import SpanCollector
import SpanSession
import SpanStorage
import SpanStorageSQLite
import SpanTransport
import UnixSignals

/// `spanwire collect`: receive, merge, store.
struct Collect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Receive spans over TCP and keep them, merged, in a store.",
        discussion: """
            Listens for senders that speak the Spanwire session protocol, merges the reports of each span and keeps \
            them in an SQLite file. A batch is acknowledged when it is on the disk. SIGTERM or Ctrl-C end it in good \
            order: what was received is stored and acknowledged, senders are told to come back.

            EXAMPLES:
              spanwire collect --store spans.db
              spanwire collect --listen 0.0.0.0:4319 --store /var/lib/spanwire/spans.db --token-file tokens

            EXIT CODES: 0 ended by a signal in good order, 1 the address or the store cannot be used, 2 usage.
            """)

    @Option(help: ArgumentHelp("Where to listen. Port 0 takes a free one.", valueName: "HOST:PORT"))
    var listen = Address(host: "127.0.0.1", port: 4319)

    @Option(help: ArgumentHelp("The SQLite file; made if there is none.", valueName: "PATH"))
    var store: String

    @Option(help: ArgumentHelp("Write the port to this file once senders can connect.", valueName: "PATH"))
    var portFile: String?

    @Option(
        help: ArgumentHelp(
            "Admit only senders that show one of the bearer tokens in this file, one a line.", valueName: "PATH"))
    var tokenFile: String?

    @Option(help: ArgumentHelp("The largest batch to accept, 1024 ... 4294967295.", valueName: "BYTES"))
    var maxFrameBytes: UInt32 = 64 << 20

    @Option(help: ArgumentHelp("What a sender may have under way, unacknowledged.", valueName: "BYTES"))
    var creditBytes: UInt64 = 16 << 20

    @Option(help: ArgumentHelp("How long to wait for senders at the end.", valueName: "SECONDS"))
    var shutdownLimit: Int = 10

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: Logger.Level = .info

    func validate() throws {
        guard maxFrameBytes >= 1024 else { throw ValidationError("--max-frame-bytes must be at least 1024") }
        guard creditBytes >= 1 else { throw ValidationError("--credit-bytes must be at least 1") }
        guard (0...3600).contains(shutdownLimit) else { throw ValidationError("--shutdown-limit must be 0 to 3600") }
    }

    func run() async throws {
        let logger = makeLogger(logLevel)
        let tokens = try tokenFile.map(readTokens) ?? []
        let spans = try await SQLiteSpanStore.open(path: store, mode: .readWrite)
        let path = portFile
        let collector = CollectorService(
            store: spans,
            configuration: SpanServerConfiguration(
                host: listen.host, port: listen.port,
                session: ServerSettings(
                    agent: "spanwire/\(Spanwire.version)", maxFrameBytes: maxFrameBytes, creditBytes: creditBytes,
                    bearerTokens: tokens)),
            shutdownLimit: .seconds(shutdownLimit), logger: logger,
            whenListening: { port in
                guard let path else { return }
                do {
                    try Data("\(port)\n".utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
                } catch {
                    logger.error("the port file cannot be written", metadata: ["path": "\(path)"])
                }
            })
        // A closed pipe on stderr must not end a collector.
        signal(SIGPIPE, SIG_IGN)
        var group = ServiceGroupConfiguration(
            services: [.init(service: collector)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(shutdownLimit + 10)
        var failure: (any Error)?
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            failure = error
        }
        await spans.close()
        if let failure { throw failure }
        let done = collector.statistics
        logger.info(
            "ended in good order",
            metadata: [
                "stored": "\(done.storedReports)", "rejected": "\(done.rejectedReports)",
                "batches": "\(done.storedBatches)",
            ])
    }
}

/// The lines of a token file that are not empty.
func readTokens(_ path: String) throws -> [String] {
    let text: String
    do {
        text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
    } catch {
        throw CommandFailure("the token file \(path) cannot be read")
    }
    let tokens = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        .filter { !$0.isEmpty }
    guard !tokens.isEmpty else { throw CommandFailure("the token file \(path) holds no token") }
    return tokens
}

/// A logger that writes to stderr.
func makeLogger(_ level: Logger.Level) -> Logger {
    var logger = Logger(label: "spanwire", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = level
    return logger
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
