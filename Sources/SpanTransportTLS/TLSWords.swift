import NIOCore
import NIOSSL

/// Words for a TLS error: what it means, and what to do about it. Names files and names, never what is in a key.
struct TLSWords {
    /// The peer at the other end.
    enum Peer {
        /// - Parameter asName: the name that was asked for in place of the address.
        case collector(asName: String?)
        case sender

        var name: String {
            switch self {
            case .collector: "the collector"
            case .sender: "the sender"
            }
        }
    }

    var peer: Peer
    /// On its event loop.
    var channel: any Channel

    /// `nil` for an error that is none of TLS, or says no more than that the connection ended.
    func words(for error: any Error) -> String? {
        switch error {
        case NIOSSLError.uncleanShutdown, is NIOSSLCloseTimedOutError: nil
        case NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])):
            "\(peer.name) closed the connection during the TLS handshake"
        case is ServerNameCheck.Failure, is NIOSSLExtraError, NIOSSLError.unableToValidateCertificate: wrongName
        case is NIOSSLError, is BoringSSLError: words(for: Self.reasons(of: error))
        default: nil
        }
    }

    private func words(for reasons: [String]) -> String {
        for reason in reasons {
            if let words = words(for: reason) { return words }
        }
        return "TLS with \(peer.name) fails (\(reasons.isEmpty ? "no reason given" : reasons.joined(separator: ", ")))"
    }

    private func words(for reason: String) -> String? {
        switch (reason, peer) {
        case ("WRONG_VERSION_NUMBER", .collector):
            "the collector does not answer in TLS: its port takes plain connections; use TLS on both sides or on none"
        case ("WRONG_VERSION_NUMBER", .sender), ("UNEXPECTED_RECORD", .sender):
            "what the sender says is not TLS, and this port takes TLS alone; use TLS in the sender too (security, --tls)"
        case ("HTTP_REQUEST", .sender), ("HTTPS_PROXY_REQUEST", .sender):
            "the sender speaks HTTP without TLS; this port takes Spanwire's protocol over TLS"
        case ("CERTIFICATE_VERIFY_FAILED", _): refusedCertificate
        case ("PEER_DID_NOT_RETURN_A_CERTIFICATE", _):
            "\(peer.name) shows no certificate, and one is asked for; give it one that the client CA has signed"
        case ("TLSV1_ALERT_CERTIFICATE_REQUIRED", _):
            "\(peer.name) asks for a certificate; give one that its client CA has signed (identity, --tls-certificate)"
        case ("SSLV3_ALERT_CERTIFICATE_EXPIRED", _): "\(peer.name) says that our certificate has expired; renew it"
        case ("TLSV1_ALERT_UNKNOWN_CA", _):
            "\(peer.name) does not know the authority that signed our certificate; give it that one (--tls-ca, "
                + "--tls-client-ca)"
        case ("SSLV3_ALERT_BAD_CERTIFICATE", _), ("SSLV3_ALERT_CERTIFICATE_UNKNOWN", _),
            ("SSLV3_ALERT_UNSUPPORTED_CERTIFICATE", _), ("SSLV3_ALERT_CERTIFICATE_REVOKED", _):
            "\(peer.name) does not accept our certificate (\(reason))"
        case ("TLSV1_ALERT_PROTOCOL_VERSION", _), ("UNSUPPORTED_PROTOCOL", _):
            "\(peer.name) speaks no TLS that is good enough; both sides need 1.2 or newer"
        default: nil
        }
    }

    private var wrongName: String {
        guard case .collector(let asName) = peer else { return "the sender's certificate has no usable name" }
        let name = asName.map { "the name \($0)" } ?? "the name or address that was connected to"
        return
            "the collector's certificate is not made out to \(name); connect by a name that it has, or say which one it "
            + "has (serverName, --tls-server-name)"
    }

    private var refusedCertificate: String {
        let certificate = try? channel.pipeline.syncOperations.handler(type: NIOSSLHandler.self).peerCertificate
        if let words = certificate.flatMap({ Validity($0).fault(at: PEMFiles.now()) }) {
            return "\(peer.name)'s certificate \(words); renew it there"
        }
        let option = if case .collector = peer { "trustRoots, --tls-ca" } else { "clientCAFile, --tls-client-ca" }
        return
            "\(peer.name)'s certificate is not signed by an authority that is trusted here, or is not made for this use; "
            + "trust its authority (\(option)) or renew it"
    }

    /// BoringSSL's names for what went wrong, such as `CERTIFICATE_VERIFY_FAILED`, without the places in its code.
    static func reasons(of error: any Error) -> [String] {
        String(describing: error).split(separator: "OPENSSL_internal:").dropFirst().map { part in
            String(part.prefix { $0.isUppercase || $0.isNumber || $0 == "_" })
        }
    }

    /// Whether it is an IPv4 or IPv6 address, which has no place in the handshake's name field.
    static func isAddress(_ host: String) -> Bool { (try? SocketAddress(ipAddress: host, port: 0)) != nil }
}
