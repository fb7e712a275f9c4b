import NIOCore
import NIOSSL
import SpanTransport

/// TLS on a server's connections.
final class ServerTLSLayer: ServerSecurityLayer {
    private struct Loaded: Sendable {
        var context: NIOSSLContext
        var notValidAfter: Int
        var words: String
    }

    private let files: FileBacked<Loaded>

    /// - Throws: `invalid_setting`.
    init(_ tls: ServerTLS) throws(TransportError) {
        let paths = [tls.certificateChainFile, tls.privateKeyFile] + (tls.clientCAFile.map { [$0] } ?? [])
        files = try FileBacked(paths: paths) { current throws(TransportError) in try Self.load(tls, current) }
    }

    func addHandlers(to channel: any Channel) throws {
        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: files.value.context))
    }

    func words(for error: any Error, on channel: any Channel) -> String? {
        TLSWords(peer: .sender, channel: channel).words(for: error)
    }

    func reload(_ occasion: ReloadOccasion) -> ReloadOutcome { files.reload(occasion, words: \.words) }

    private static func load(_ tls: ServerTLS, _ current: Loaded?) throws(TransportError) -> Loaded {
        let pair = try KeyPair(certificateChainFile: tls.certificateChainFile, privateKeyFile: tls.privateKeyFile)
        // At the start there is no better one, and what senders say of it is clear enough.
        if let current, pair.hasExpired, !PEMFiles.hasExpired(current.notValidAfter) {
            throw TransportError(
                .invalidSetting,
                "the certificate in \(tls.certificateChainFile) has expired (\(pair.words)); put a valid one there")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: pair.chain.map { .certificate($0) }, privateKey: .privateKey(pair.key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.shutdownTimeout = .seconds(1)
        if let path = tls.clientCAFile {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(try PEMFiles.certificates(path, "the client CA file"))
            configuration.sendCANameList = true
        }
        let context = try PEMFiles.context(
            configuration, certificateFile: tls.certificateChainFile, keyFile: tls.privateKeyFile)
        return Loaded(context: context, notValidAfter: pair.notValidAfter, words: pair.words)
    }
}
