import Foundation
import LogRecording
import Logging
import NIOCore
import NIOPosix
import SpanModel
import SpanSession
import Testing

@testable import SpanTransport
@testable import SpanTransportTLS

/// Client and server over real TLS on loopback.
@Suite(.timeLimit(.minutes(5))) struct TLSTests {
    static let token = "bearer-of-the-secret"

    /// A server, what it logged and stored, and the files it has.
    struct Place {
        let files: TrialCertificates
        let log = RecordedLog()
        let sink = TallySink()

        init() throws {
            files = try TrialCertificates()
            try files.makeAuthority("ca")
            try files.make("server", by: "ca", names: "DNS:localhost,DNS:*.trial.example,IP:127.0.0.1")
        }

        func serverTLS(clientCA: String? = nil) -> ServerTLS {
            ServerTLS(
                certificateChainFile: files.certificate("server"), privateKeyFile: files.key("server"),
                clientCAFile: clientCA.map(files.certificate))
        }

        func start(
            _ tls: ServerTLS?, _ change: (inout SpanServerConfiguration) -> Void = { _ in }
        ) async throws -> (SpanServer, Int) {
            var configuration = SpanServerConfiguration(port: 0)
            configuration.security = try tls.map { try .tls($0) }
            configuration.session.bearerTokens = [token]
            configuration.reloadInterval = .milliseconds(20)
            change(&configuration)
            let server = SpanServer(configuration: configuration, sink: sink, logger: log.logger)
            return (server, try await server.start())
        }

        func client(
            _ port: Int, host: String = "localhost", tls: ClientTLS?, _ log: RecordedLog? = nil
        ) throws -> SpanClient {
            var configuration = SpanClientConfiguration(
                host: host, port: port, bearerToken: token,
                backoff: BackoffPolicy(shortest: .milliseconds(5), longest: .milliseconds(20)))
            configuration.security = try tls.map { try .tls($0) }
            let client = try SpanClient(configuration: configuration, logger: (log ?? self.log).logger)
            client.start()
            return client
        }

        var trust: ClientTLS { ClientTLS(trustRoots: .file(files.certificate("ca"))) }

        /// Sends a span and ends.
        func deliver(_ port: Int, host: String = "localhost", tls: ClientTLS?) async throws -> DeliveryReport {
            let client = try client(port, host: host, tls: tls)
            client.reporter().report(TLSTests.span)
            return await client.shutdown(within: .seconds(20))
        }

        /// A client that cannot get in: why, in its words; it has stored nothing and shown no token.
        func refusal(_ port: Int, host: String = "localhost", tls: ClientTLS?) async throws -> String {
            let log = RecordedLog()
            let client = try client(port, host: host, tls: tls, log)
            client.reporter().report(TLSTests.span)
            await log.line(with: "not connected")
            #expect(await client.shutdown(within: .zero).storedSpans == 0)
            try checkSecrets(of: log)
            return log.lines.first { $0.contains("not connected") } ?? ""
        }

        /// No log has the token, or a line of a key.
        func checkSecrets(of log: RecordedLog? = nil) throws {
            let secrets = try files.secretLines() + [token]
            #expect(secrets.count > 3)
            let all = (log ?? self.log).lines.joined(separator: "\n")
            for secret in secrets { #expect(!all.contains(secret)) }
        }
    }

    static var span: SpanRecord {
        SpanRecord(traceID: .random(), spanID: .random(), name: "op", startTimeUnixNano: 1, endTimeUnixNano: 2)
    }

    @Test func `spans and a token go through TLS, by name, by address and by a wildcard's name`() async throws {
        let place = try Place()
        let (server, port) = try await place.start(place.serverTLS())
        #expect(try await place.deliver(port, tls: place.trust).storedSpans == 1)
        #expect(try await place.deliver(port, host: "127.0.0.1", tls: place.trust).storedSpans == 1)
        var named = place.trust
        named.serverName = "Collector.trial.example"
        #expect(try await place.deliver(port, tls: named).storedSpans == 1)
        #expect(place.sink.spanCount == 3)
        await server.shutdown(within: .seconds(5))
        try place.checkSecrets()
    }

    @Test func `a collector with a client CA takes who has its certificate, and nobody else`() async throws {
        let place = try Place()
        try place.files.makeAuthority("clients")
        try place.files.make("client", by: "clients", for: .clientAuth, names: "DNS:checkout")
        try place.files.make("stranger", by: "ca", for: .clientAuth, names: "DNS:stranger")
        let (server, port) = try await place.start(place.serverTLS(clientCA: "clients"))
        var tls = place.trust
        func identity(_ name: String) -> ClientTLS.Identity {
            ClientTLS.Identity(
                certificateChainFile: place.files.certificate(name), privateKeyFile: place.files.key(name))
        }
        tls.identity = identity("client")
        #expect(try await place.deliver(port, tls: tls).storedSpans == 1)

        let none = try await place.refusal(port, tls: place.trust)
        #expect(none.contains("asks for a certificate"), "\(none)")
        await place.log.line(with: "the sender shows no certificate")

        tls.identity = identity("stranger")
        let stranger = try await place.refusal(port, tls: tls)
        #expect(stranger.contains("does not know the authority that signed our certificate"), "\(stranger)")
        await place.log.line(with: "the sender's certificate is not signed by an authority")
        #expect(place.sink.spanCount == 1)
        #expect(place.sink.greetings == 1)
        await server.shutdown(within: .seconds(5))
        try place.checkSecrets()
    }

    @Test func `a collector of another name, even one with a certificate for the address, is not talked to`()
        async throws
    {
        let place = try Place()
        try place.files.make("address", by: "ca", names: "IP:127.0.0.1")
        let (server, port) = try await place.start(place.serverTLS())
        var tls = place.trust
        tls.serverName = "collector.example"
        let words = try await place.refusal(port, tls: tls)
        #expect(words.contains("is not made out to the name collector.example"), "\(words)")
        await server.shutdown(within: .seconds(5))

        try place.files.install("address", as: "server")
        let (second, secondPort) = try await place.start(place.serverTLS())
        let byName = try await place.refusal(secondPort, tls: place.trust)
        #expect(byName.contains("is not made out to"), "\(byName)")
        #expect(try await place.deliver(secondPort, host: "127.0.0.1", tls: place.trust).storedSpans == 1)
        await second.shutdown(within: .seconds(5))
        #expect(place.sink.greetings == 1)
    }

    @Test func `a collector of an unknown authority, or of one that the system does not know, is not talked to`()
        async throws
    {
        let place = try Place()
        try place.files.makeAuthority("other")
        let (server, port) = try await place.start(place.serverTLS())
        for tls in [ClientTLS(), ClientTLS(trustRoots: .file(place.files.certificate("other")))] {
            let words = try await place.refusal(port, tls: tls)
            #expect(words.contains("is not signed by an authority that is trusted here"), "\(words)")
        }
        await place.log.line(with: "the sender does not know the authority that signed our certificate")
        #expect(place.sink.greetings == 0)
        await server.shutdown(within: .seconds(5))
    }

    @Test func `a certificate that has expired is not accepted, and both sides say so`() async throws {
        let place = try Place()
        try place.files.make("server", by: "ca", end: "20210203000000Z")
        // A server that was started while it was valid.
        let layer = try ServerTLSLayer(place.serverTLS(), now: { 1_600_000_000 })
        let (server, port) = try await place.start(nil) { $0.security = ServerSecurity(layer) }
        let words = try await place.refusal(port, tls: place.trust)
        #expect(words.contains("the collector's certificate has expired (valid until 2021-02-03)"), "\(words)")
        await place.log.line(with: "the sender says that our certificate has expired")
        #expect(place.sink.greetings == 0)
        await server.shutdown(within: .seconds(5))
    }

    @Test func `plain to TLS and TLS to plain end with words on both sides that say what to do`() async throws {
        let place = try Place()
        let (secured, securedPort) = try await place.start(place.serverTLS())
        let plain = try await place.refusal(securedPort, tls: nil)
        #expect(plain.contains("use TLS here too"), "\(plain)")
        await place.log.line(with: "what the sender says is not TLS")
        await secured.shutdown(within: .seconds(5))

        let (open, openPort) = try await place.start(nil)
        let tls = try await place.refusal(openPort, tls: place.trust)
        #expect(tls.contains("does not answer in TLS"), "\(tls)")
        await place.log.line(with: "it looks like TLS, and this side takes plain connections")
        await open.shutdown(within: .seconds(5))
        #expect(place.sink.greetings == 0)
        try place.checkSecrets()
    }

    @Test func `the time of a handshake includes TLS's, and a full server closes before it`() async throws {
        let place = try Place()
        let (server, port) = try await place.start(place.serverTLS()) {
            // Long enough for the second connection to come while the first one waits.
            $0.session.timing.handshake = .seconds(2)
            $0.maxConnections = 1
        }
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        let silent = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
        let turnedAway = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
        try await turnedAway.closeFuture.get()
        await place.log.line(with: "all the connections that it may have")
        try await silent.closeFuture.get()
        await place.log.line(with: "no Hello in 2.0 seconds")
        #expect(try await place.deliver(port, tls: place.trust).storedSpans == 1)
        await server.shutdown(within: .seconds(5))
    }
}
