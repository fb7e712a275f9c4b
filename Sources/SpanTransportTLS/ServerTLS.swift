import SpanTransport

/// The TLS settings of a server: its identity, and the one it asks of senders. TLS 1.2 or newer.
///
/// ```swift
/// var configuration = SpanServerConfiguration(host: "0.0.0.0")
/// configuration.security = try .tls(ServerTLS(certificateChainFile: "server.pem", privateKeyFile: "server.key"))
/// ```
///
/// The files are read at once, and again when they change (`SpanServerConfiguration.reloadInterval`) or when
/// `SpanServer.reload()` asks for it: new handshakes use the new ones, connections live on.
public struct ServerTLS: Sendable, Hashable {
    /// PEM: the server's own certificate first, then the intermediate ones.
    public var certificateChainFile: String
    /// PEM: the key of the first certificate, without a passphrase.
    public var privateKeyFile: String
    /// PEM: the authorities of which one must have signed a sender's certificate (mTLS); `nil`: senders need none.
    public var clientCAFile: String?

    /// Makes settings of PEM files; with `clientCAFile` senders must show a certificate of its authorities.
    public init(certificateChainFile: String, privateKeyFile: String, clientCAFile: String? = nil) {
        self.certificateChainFile = certificateChainFile
        self.privateKeyFile = privateKeyFile
        self.clientCAFile = clientCAFile
    }
}

extension ServerSecurity {
    /// TLS with these files, which are read now; blocks for as long as that takes.
    ///
    /// - Throws: `invalid_setting` when a file cannot be read or used.
    public static func tls(_ tls: ServerTLS) throws(TransportError) -> ServerSecurity {
        ServerSecurity(try ServerTLSLayer(tls))
    }
}
