import ArgumentParser
import SpanTransport
import SpanTransportTLS

/// Options of `send` on TLS, certificates and tokens.
struct SendSecurity: ParsableArguments {
    @Flag(help: "Connect by TLS; each of the other --tls- options says so too.")
    var tls = false

    @Option(
        help: ArgumentHelp(
            "Trust the authorities in this file, PEM, and no others; without it, those that the system trusts.",
            valueName: "path"))
    var tlsCA: String?

    @Option(
        help: ArgumentHelp(
            "Show this certificate, PEM, with the intermediate ones behind it, to a collector that asks for one (mTLS).",
            valueName: "path"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's private key, PEM, without a passphrase.", valueName: "path"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "The name in the collector's certificate, where it is another than the one connected to.", valueName: "name"
        ))
    var tlsServerName: String?

    @Option(
        help: ArgumentHelp(
            "A file with the bearer token on a line of its own, of at least 16 letters, digits and - . _ ~ + / with any = at "
                + "the end; lines that start with # are comments. Without it the environment's SPANWIRE_TOKEN.",
            valueName: "path"))
    var tokenFile: String?

    @Flag(help: "Show the token to a collector on another machine, though it travels in the clear.")
    var allowTokenInClear = false

    func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together; give both.")
        }
    }

    /// `true` when one of these options was given; variables of the environment do not count.
    var isGiven: Bool { isTLS || tokenFile != nil || allowTokenInClear }

    private var isTLS: Bool { tls || tlsCA != nil || tlsCertificate != nil || tlsServerName != nil }

    /// Applies the options to a configuration.
    func apply(to configuration: inout SpanClientConfiguration) throws(TransportError) {
        configuration.tokenFile = tokenFile
        if tokenFile == nil, let text = Process.environment("SPANWIRE_TOKEN") {
            let tokens = try BearerTokenFile.tokens(in: text, of: "SPANWIRE_TOKEN")
            guard tokens.count <= 1 else {
                throw TransportError(
                    .invalidSetting,
                    "SPANWIRE_TOKEN holds \(tokens.count) tokens; a sender shows one, so leave one there")
            }
            configuration.bearerToken = tokens.first ?? ""
        }
        configuration.allowsTokenInClear = allowTokenInClear
        guard isTLS else { return }
        var settings = ClientTLS(trustRoots: tlsCA.map { .file($0) } ?? .system, serverName: tlsServerName)
        if let tlsCertificate, let tlsKey {
            settings.identity = ClientTLS.Identity(certificateChainFile: tlsCertificate, privateKeyFile: tlsKey)
        }
        configuration.security = try .tls(settings)
    }
}
