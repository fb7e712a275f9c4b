import NIOCore
import NIOSSL
import SpanTransport

/// TLS on a server's connections.
final class ServerTLSLayer: ServerSecurityLayer {
    private struct Loaded: Sendable {
        var context: NIOSSLContext
        var words: String
        var exposures: [String]
    }

    private let files: FileBacked<Loaded>

    /// - Parameter now: what certificates have to be valid at when they are read, seconds since 1970.
    /// - Throws: `invalid_setting`.
    init(_ tls: ServerTLS, now: @escaping @Sendable () -> Int = PEMFiles.now) throws(TransportError) {
        let paths = [tls.certificateChainFile, tls.privateKeyFile] + (tls.clientCAFile.map { [$0] } ?? [])
        files = try FileBacked(paths: paths) { current throws(TransportError) in
            try Self.load(tls, now: now(), awaitsWriters: current == nil)
        }
    }

    func addHandlers(to channel: any Channel) throws {
        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: files.value.context))
    }

    func words(for error: any Error, on channel: any Channel) -> String? {
        TLSWords(peer: .sender, channel: channel).words(for: error)
    }

    var exposures: [String] { files.value.exposures }

    func reload(_ occasion: ReloadOccasion) -> ReloadOutcome { files.reload(occasion, words: \.words) }

    private static func load(_ tls: ServerTLS, now: Int, awaitsWriters: Bool) throws(TransportError) -> Loaded {
        let pair = try KeyPair(
            certificateChainFile: tls.certificateChainFile, privateKeyFile: tls.privateKeyFile, now: now,
            awaitsWriter: awaitsWriters)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: pair.chain.map { .certificate($0) }, privateKey: .privateKey(pair.key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.shutdownTimeout = .seconds(1)
        if let path = tls.clientCAFile {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(
                try PEMFiles.authorities(path, "the client CA file", now: now, awaitsWriter: awaitsWriters))
            configuration.sendCANameList = true
        }
        let context = try PEMFiles.context(
            configuration, certificateFile: tls.certificateChainFile, keyFile: tls.privateKeyFile)
        return Loaded(
            context: context, words: pair.validity.words, exposures: [pair.exposure].compactMap(\.self))
    }
}
