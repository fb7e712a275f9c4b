import SpanTransport

/// The TLS settings of a client: its trust in the collector's certificate, and its own identity. TLS 1.2 or newer.
///
/// ```swift
/// var configuration = SpanClientConfiguration(host: "collector.example", port: 4319)
/// configuration.security = try .tls(ClientTLS(trustRoots: .file("ca.pem")))
/// ```
///
/// The collector's certificate must be signed by one of the roots, valid today, and made out to the name or address
/// that the client connects to; there is no switch that leaves one of these checks out. The files are read anew for
/// every connection; those that cannot be used leave the last ones in use.
public struct ClientTLS: Sendable, Hashable {
    /// Whose signature counts.
    public enum TrustRoots: Sendable, Hashable {
        /// The authorities that this system trusts.
        case system
        /// The authorities in a PEM file, and no others.
        case file(String)
    }

    /// The identity of a client, for a collector that asks for it (mTLS).
    public struct Identity: Sendable, Hashable {
        /// PEM: the client's own certificate first, then the intermediate ones.
        public var certificateChainFile: String
        /// PEM: the key of the first certificate, without a passphrase.
        public var privateKeyFile: String

        /// Makes an identity of a certificate chain and a private key, each in a PEM file.
        public init(certificateChainFile: String, privateKeyFile: String) {
            self.certificateChainFile = certificateChainFile
            self.privateKeyFile = privateKeyFile
        }
    }

    /// The authorities whose certificates a collector may have.
    public var trustRoots: TrustRoots
    /// The client's own identity; `nil` for none.
    public var identity: Identity?
    /// The name in the collector's certificate, where it is another than the one that is connected to, such as behind
    /// an address or a tunnel; `nil`: the same. A name, not an address.
    public var serverName: String?

    /// Makes settings; by default the system's authorities are trusted, and the client has no identity.
    public init(trustRoots: TrustRoots = .system, identity: Identity? = nil, serverName: String? = nil) {
        self.trustRoots = trustRoots
        self.identity = identity
        self.serverName = serverName
    }
}

extension ClientSecurity {
    /// TLS with these files, which are read now, so that mistakes show at once; blocks for as long as that takes.
    ///
    /// - Throws: `invalid_setting` when a file cannot be read or used, or `serverName` is no name.
    public static func tls(_ tls: ClientTLS) throws(TransportError) -> ClientSecurity {
        ClientSecurity(try ClientTLSLayer(tls))
    }
}
