import NIOCore
import NIOSSL
import SpanTransport
import Synchronization

/// TLS on a client's connections.
final class ClientTLSLayer: ClientSecurityLayer {
    private let tls: ClientTLS
    /// The contents of the files.
    private struct Loaded: Sendable {
        var context: NIOSSLContext
        var exposures: [String]
    }

    /// The last that could be used.
    private let loaded: Mutex<Loaded>

    /// - Throws: `invalid_setting`.
    init(_ tls: ClientTLS) throws(TransportError) {
        if let name = tls.serverName, name.isEmpty || TLSWords.isAddress(name) || name.utf8.contains(0) {
            throw TransportError(
                .invalidSetting, "the server name must be a name that can stand in a certificate, and is \"\(name)\"")
        }
        self.tls = tls
        loaded = Mutex(try Self.load(tls, awaitsWriters: true))
    }

    func validate(_ address: TransportAddress) throws(TransportError) {
        guard case .unix = address else { return }
        throw TransportError(
            .invalidSetting, "TLS is for TCP; a Unix socket does not leave this machine, so leave security out")
    }

    func prepare() -> PreparedSecurity {
        var warning: String?
        do throws(TransportError) {
            let fresh = try Self.load(tls, awaitsWriters: false)
            loaded.withLock { $0 = fresh }
        } catch {
            warning = error.message
        }
        let current = loaded.withLock(\.self)
        let context = current.context
        let serverName = tls.serverName
        return PreparedSecurity(warning: warning, exposures: current.exposures) { channel, address in
            guard case .tcp(let host, _) = address else { return }
            // An address has no place in the handshake's name field; the certificate is held against it all the same.
            let name = serverName ?? (TLSWords.isAddress(host) ? nil : host)
            // Checked while nothing has been written yet, the token least of all.
            let handler = try NIOSSLClientHandler._makeSSLClientHandler(context: context, serverHostname: name) {
                certificate, channel in
                channel.eventLoop.makeCompletedFuture { try ServerNameCheck.verify(certificate, isFor: name) }
            }
            try channel.pipeline.syncOperations.addHandler(handler)
        }
    }

    func words(for error: any Error, on channel: any Channel) -> String? {
        TLSWords(peer: .collector(asName: tls.serverName), channel: channel).words(for: error)
    }

    private static func load(_ tls: ClientTLS, awaitsWriters: Bool) throws(TransportError) -> Loaded {
        let now = PEMFiles.now()
        var exposures: [String] = []
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        configuration.shutdownTimeout = .seconds(1)
        switch tls.trustRoots {
        case .system: configuration.trustRoots = .default
        case .file(let path):
            configuration.trustRoots = .certificates(
                try PEMFiles.authorities(path, "the CA file", now: now, awaitsWriter: awaitsWriters))
        }
        if let identity = tls.identity {
            let pair = try KeyPair(
                certificateChainFile: identity.certificateChainFile, privateKeyFile: identity.privateKeyFile,
                now: now, awaitsWriter: awaitsWriters)
            exposures = [pair.exposure].compactMap(\.self)
            configuration.certificateChain = pair.chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(pair.key)
        }
        let context = try PEMFiles.context(
            configuration, certificateFile: tls.identity?.certificateChainFile, keyFile: tls.identity?.privateKeyFile)
        return Loaded(context: context, exposures: exposures)
    }
}
