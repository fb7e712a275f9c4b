import ArgumentParser
import Logging
import ProtoWire
import ServiceLifecycle
import SpanCollector
import SpanSession
import SpanStorage
import SpanStorageSQLite
import SpanTransport
import UnixSignals

/// `spanwire collect`: receive, merge, store.
struct CollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect",
        abstract: "Receives spans over TCP, TLS and Unix sockets and keeps them, merged, in a store.",
        discussion: """
            Listens for senders that speak the Spanwire session protocol, merges the reports of each span and keeps \
            them in an SQLite file. A batch is acknowledged when it is on the disk. SIGTERM and Ctrl-C end it in good \
            order: what was received is stored and acknowledged, senders are told to come back. SIGHUP reads \
            certificates, keys and tokens anew; so does a change of their files. Connections live on, and files that \
            cannot be used change nothing.

            With --keep and --keep-bytes, spans that started longer ago, or first, are removed once a minute. Bytes are \
            those in use in the file, which itself does not become smaller: what is removed makes room for what comes.

            Exit codes: 0 ended by a signal in good order, 1 an address, a file or the store cannot be used, or a file \
            of the store was removed meanwhile, 2 for a wrong command line.

            Examples:
              spanwire collect --store spans.db
              spanwire collect --store spans.db --keep 7d --keep-bytes 10G
              spanwire collect --store spans.db --listen unix:/run/spanwire/spans.sock --socket-mode 0660
              spanwire collect --store spans.db --listen 0.0.0.0:4319 --tls-certificate server.pem \
            --tls-key server.key --token-file tokens
            """)

    @Option(
        help: ArgumentHelp(
            "Where to listen: host:port, with a port up to 65535, where 0 takes a free one, or unix:path; may be given "
                + "several times. Without it 127.0.0.1:4319.",
            valueName: "address"), transform: Address.own)
    var listen = [Address(host: "127.0.0.1", port: 4319)]

    @Option(help: ArgumentHelp("The store's file; made if there is none.", valueName: "path"))
    var store: String?

    @Option(
        help: ArgumentHelp("Remove spans that started longer ago: 12h, 7d.", valueName: "duration"),
        transform: QueryArgument.duration)
    var keep: Int64?

    @Option(
        help: ArgumentHelp("Remove the oldest spans beyond so many bytes, 1M or more: 500M, 10G.", valueName: "size"))
    var keepBytes: ByteSize?

    @Flag(help: "Keep no spans: count and acknowledge them, to measure the transport alone.")
    var discard = false

    @Option(
        help: ArgumentHelp(
            "How much memory the collector may take, 64M to 1024G: bounds what it holds of frames and batches, how large "
                + "they may be, and how much it merges at once.", valueName: "size"))
    var memoryLimit = ByteSize(2 << 30)

    @Option(
        help: ArgumentHelp(
            "Write the port of the first TCP address to this file once senders can connect; a FIFO or a device is written "
                + "into.", valueName: "path"))
    var portFile: String?

    @OptionGroup var security: CollectSecurity

    @Option(
        help: ArgumentHelp(
            "The largest batch to accept, 1024 to 4294967295, at most 1/32 of --memory-limit; without it 64 MiB, or that "
                + "part where it is less.", valueName: "bytes"))
    var maxFrameBytes: UInt32?

    @Option(
        help: ArgumentHelp(
            "What a sender may have under way, unacknowledged: at least 1, at most 1/16 of --memory-limit; without it "
                + "16 MiB, or that sixteenth where it is less.", valueName: "bytes"))
    var creditBytes: UInt64?

    @Option(
        help: ArgumentHelp(
            "What a sender may compress with: any of zstd-stream, zstd, gzip, with commas between, or none.",
            valueName: "list"))
    var compression = CompressionList([.zstdStream, .zstd, .gzip])

    @Option(
        help: ArgumentHelp(
            "The largest window of zstd-stream as a power of two, 17 to 23; each connection that uses it takes as much "
                + "memory.", valueName: "exponent"))
    var windowLog: UInt32 = 19

    @Option(help: ArgumentHelp("How long to wait for senders at the end, 0 to 3600.", valueName: "seconds"))
    var shutdownLimit = 10

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error, critical.", valueName: "level"))
    var logLevel = Logger.Level.info

    func validate() throws {
        guard (store == nil) == discard else {
            throw ValidationError("Give either --store, or --discard to keep no spans.")
        }
        guard !discard || keep == nil && keepBytes == nil else {
            throw ValidationError("--keep and --keep-bytes need --store.")
        }
        if let keep, keep <= 0 { throw ValidationError("--keep takes a duration above 0.") }
        if let keepBytes, keepBytes.bytes < 1 << 20 { throw ValidationError("--keep-bytes takes 1M or more.") }
        guard (MemoryPlan.smallestLimit...Int(Self.greatestMemory)).contains(memoryLimit.bytes) else {
            throw ValidationError("--memory-limit takes 64M to 1024G, not \(memoryLimit.bytes.counted("byte")).")
        }
        if let maxFrameBytes, maxFrameBytes < 1024 {
            throw ValidationError("--max-frame-bytes takes 1024 to 4294967295, not \(maxFrameBytes).")
        }
        if creditBytes == 0 { throw ValidationError("--credit-bytes takes at least 1, not 0.") }
        try checkMemory()
        guard Compression.windowLogs.contains(windowLog) else {
            throw ValidationError("--window-log takes 17 to 23, not \(windowLog).")
        }
        guard portFile == nil || listen.contains(where: { $0.port != nil }) else {
            throw ValidationError("--port-file needs a TCP address to listen on.")
        }
        guard (0...3600).contains(shutdownLimit) else {
            throw ValidationError("--shutdown-limit takes 0 to 3600, not \(shutdownLimit).")
        }
    }

    /// Refuses what was asked for and does not fit in the memory: a collector that begins with less is not what was wanted.
    private func checkMemory() throws {
        let asked: [(option: String, amount: UInt64?, bytesEach: Int)] = [
            ("--max-frame-bytes", maxFrameBytes.map { UInt64($0) }, MemoryPlan.bytesPerFrameByte),
            ("--credit-bytes", creditBytes, MemoryPlan.bytesPerCreditByte),
            ("--max-connections", security.maxConnections.map { UInt64(clamping: $0) }, MemoryPlan.bytesPerConnection),
            ("--max-handshakes", security.maxHandshakes.map { UInt64(clamping: $0) }, MemoryPlan.bytesPerHandshake),
        ]
        for case (let option, let amount?, let bytesEach) in asked {
            let (needed, overflow) = amount.multipliedReportingOverflow(by: UInt64(bytesEach))
            guard !overflow, needed <= Self.greatestMemory else {
                throw ValidationError(
                    "\(option) takes at most \(Self.greatestMemory / UInt64(bytesEach)), not \(amount), with whatever "
                        + "--memory-limit.")
            }
            guard needed <= memoryLimit.bytes else {
                throw ValidationError("\(option) \(amount) needs a --memory-limit of at least \(needed) bytes.")
            }
        }
    }

    private static let greatestMemory: UInt64 = 1 << 40

    func run() async throws {
        let logger = CommandLogger.make(logLevel)
        let configuration = try serverConfiguration(logger)
        // Before anything is done that somebody could rely on.
        let port = try portFile.map { try OutputFile($0, "the port file") }
        let memory = MemoryPlan(limitBytes: memoryLimit.bytes)
        ProcessMemory.keepFreed(upTo: min(memory.limitBytes / 16, 16 << 20))
        var spans: SQLiteSpanStore?
        if let store {
            do {
                spans = try await SQLiteSpanStore.open(
                    path: store, mode: .readWrite,
                    options: SQLiteSpanStore.Options(memoryBytes: memory.storeBytes))
            } catch {
                throw CommandFailure(error.message)
            }
        }
        let whenListening: @Sendable (Int) async throws -> Void = { taken in
            guard let port else { return }
            do {
                try await cancelWhenGracefulShutdown { try await port.write(Array("\(taken)\n".utf8)) }
            } catch is CancellationError {
                // Who ends the collector needs no port.
            }
        }
        let collector: CollectorService
        if let spans {
            collector = CollectorService(
                store: spans, configuration: configuration, memory: memory, returnsFreedMemory: true,
                shutdownLimit: .seconds(shutdownLimit), logger: logger, whenListening: whenListening)
        } else {
            collector = CollectorService(
                discarding: CountingSink(), configuration: configuration, shutdownLimit: .seconds(shutdownLimit),
                logger: logger, whenListening: whenListening)
        }
        let reload = await ReloadOnHangup(collector: collector, logger: logger)
        var services: [any Service] = [collector, reload]
        if let spans { services.append(CompactionWatch(store: spans, logger: logger)) }
        if let spans, keep != nil || keepBytes != nil {
            let policy = RetentionPolicy(
                maxAgeNano: keep.map { UInt64($0) }, maxBytes: keepBytes.map { UInt64($0.bytes) })
            services.append(RetentionService(store: spans, policy: policy, logger: logger))
        }
        var group = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(shutdownLimit + 10)
        var failure: (any Error)?
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            failure = error
        }
        await spans?.close()
        switch failure {
        case let error as TransportError: throw CommandFailure(error.message)
        case let error as CommandFailure: throw error
        case let error?: throw CommandFailure("the collector ended: \(error)")
        case nil: break
        }
        if let loss = spans?.takeLoss() { throw CommandFailure(loss.message) }
        let done = collector.statistics
        logger.info(
            "ended in good order",
            metadata: [
                "stored": "\(done.storedReports)", "rejected": "\(done.rejectedReports)",
                "batches": "\(done.storedBatches)",
            ])
    }
}

extension CollectCommand {
    private func serverConfiguration(_ logger: Logger) throws -> SpanServerConfiguration {
        var configuration = SpanServerConfiguration(
            addresses: listen.map(\.transport),
            session: ServerSettings(
                agent: "spanwire/\(Spanwire.version)", maxFrameBytes: 64 << 20, creditBytes: creditBytes ?? 16 << 20,
                compressions: compression.compressions, windowLog: windowLog))
        let memory = MemoryPlan(limitBytes: memoryLimit.bytes)
        configuration.maxHeldBytes = memory.maxHeldBytes
        try security.apply(to: &configuration)
        memory.apply(to: &configuration)
        // What was asked for was held against the memory already, and may be more than a plan grants by itself.
        if let maxFrameBytes { configuration.session.maxFrameBytes = maxFrameBytes }
        let room = DescriptorLimit.connections(descriptors: DescriptorLimit.raise())
        if configuration.maxConnections > room {
            logger.warning(
                "fewer connections than --max-connections, for want of descriptors; raise ulimit -n or LimitNOFILE=",
                metadata: ["connections": "\(room)"])
            configuration.maxConnections = room
        }
        let asksForTokens = configuration.tokenFile != nil || !configuration.session.bearerTokens.isEmpty
        if asksForTokens, configuration.security == nil,
            let open = configuration.addresses.first(where: { !$0.isLocal })
        {
            logger.warning(
                "tokens come in the clear; give --tls-certificate and --tls-key", metadata: ["address": "\(open)"])
        }
        return configuration
    }
}
