import ArgumentParser
import SpanSession
import SpanTransport
import SpanTransportTLS

/// Options of `collect` on TLS, client certificates and tokens.
struct CollectSecurity: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take TLS alone over TCP: the certificate, PEM, with the intermediate ones behind it.", valueName: "path"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's private key, PEM, without a passphrase.", valueName: "path"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "Admit only senders whose certificate is signed by an authority in this file, PEM (mTLS).",
            valueName: "path"))
    var tlsClientCA: String?

    @Option(
        help: ArgumentHelp(
            "Admit only senders that show one of the bearer tokens in this file: one a line, of at least 16 letters, digits "
                + "and - . _ ~ + / with any = at the end; lines that start with # are comments, and anything else is an "
                + "error. Without it, those in the environment's SPANWIRE_TOKENS, with spaces between.",
            valueName: "path"))
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "How often to look whether certificate, key or token files have changed, 1 to 86400; 0 reads them anew on "
                + "SIGHUP alone.", valueName: "seconds"))
    var reloadInterval = 5

    @Option(
        help: ArgumentHelp(
            "The permissions of Unix sockets, in octal up to 0777; who may write may connect.", valueName: "octal"))
    var socketMode = FileMode(0o600)

    @Option(
        help: ArgumentHelp(
            "How many connections there may be, 1 to 1000000, at most 64 for each MiB of --memory-limit; further ones are sent "
                + "away for some seconds. Without it 10000, or as many as the memory has room for.",
            valueName: "count"))
    var maxConnections: Int?

    @Option(
        help: ArgumentHelp(
            "How many of them may be without a welcome, 1 to 1000000: not yet through TLS, token and look-up. At most two for "
                + "each MiB of --memory-limit; without it 1024, or as many as that.",
            valueName: "count"))
    var maxHandshakes: Int?

    @Option(
        help: ArgumentHelp("How long a sender may take for TLS and its Hello, 1 to 300.", valueName: "seconds"))
    var handshakeLimit = 10

    func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together; give both.")
        }
        guard tlsClientCA == nil || tlsCertificate != nil else {
            throw ValidationError("--tls-client-ca needs --tls-certificate and --tls-key.")
        }
        guard (0...86_400).contains(reloadInterval) else {
            throw ValidationError("--reload-interval takes 0 to 86400, not \(reloadInterval).")
        }
        if let maxConnections, !(1...1_000_000).contains(maxConnections) {
            throw ValidationError("--max-connections takes 1 to 1000000, not \(maxConnections).")
        }
        if let maxHandshakes, !(1...1_000_000).contains(maxHandshakes) {
            throw ValidationError("--max-handshakes takes 1 to 1000000, not \(maxHandshakes).")
        }
        guard (1...300).contains(handshakeLimit) else {
            throw ValidationError("--handshake-limit takes 1 to 300, not \(handshakeLimit).")
        }
    }

    /// Applies the options to a configuration.
    func apply(to configuration: inout SpanServerConfiguration) throws {
        configuration.tokenFile = tokenFile
        if tokenFile == nil, let text = Process.environment("SPANWIRE_TOKENS") {
            do throws(TransportError) {
                configuration.session.bearerTokens = try BearerTokenFile.tokens(in: text, of: "SPANWIRE_TOKENS")
            } catch {
                throw CommandFailure(error.message)
            }
            // Empty by mistake, it would let everybody in.
            guard !configuration.session.bearerTokens.isEmpty else {
                throw CommandFailure(
                    "SPANWIRE_TOKENS is set and holds no token; put one in, or unset it to ask for none")
            }
        }
        configuration.session.timing.handshake = .seconds(handshakeLimit)
        configuration.reloadInterval = .seconds(reloadInterval)
        configuration.socketMode = socketMode.bits
        if let maxConnections { configuration.maxConnections = maxConnections }
        if let maxHandshakes { configuration.maxHandshakes = maxHandshakes }
        guard let tlsCertificate, let tlsKey else { return }
        do throws(TransportError) {
            configuration.security = try .tls(
                ServerTLS(certificateChainFile: tlsCertificate, privateKeyFile: tlsKey, clientCAFile: tlsClientCA))
        } catch {
            throw CommandFailure(error.message)
        }
    }
}
