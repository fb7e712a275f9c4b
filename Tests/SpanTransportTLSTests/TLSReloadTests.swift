import LogRecording
import Foundation
import NIOCore
import SpanModel
import SpanSession
import Testing

@testable import SpanTransport
@testable import SpanTransportTLS

/// Certificates and keys that are replaced while connections are open.
@Suite(.timeLimit(.minutes(5))) struct TLSReloadTests {
    typealias Place = TLSTests.Place

    @Test func `a new certificate serves new connections; one that is open goes on under load, on the same connection`()
        async throws
    {
        let place = try Place()
        try place.files.makeAuthority("next")
        try place.files.make("replacement", by: "next")
        let (server, port) = try await place.start(place.serverTLS())
        let client = try place.client(port, tls: place.trust)
        let reporter = client.reporter()
        func load(_ count: Int) async {
            for _ in 0..<count { await reporter.report(TLSTests.span, waitingUpTo: .seconds(60)) }
        }
        await load(2_000)
        _ = await client.flush(within: .seconds(60))

        async let meanwhile: Void = load(20_000)
        try place.files.install("replacement", as: "server")
        await place.log.line(with: "read the certificate anew")
        let new = ClientTLS(trustRoots: .file(place.files.certificate("next")))
        #expect(try await place.deliver(port, tls: new).storedSpans == 1)
        let old = try await place.refusal(port, tls: place.trust)
        #expect(old.contains("is not signed by an authority that is trusted here"), "\(old)")
        await meanwhile
        await load(2_000)
        let report = await client.shutdown(within: .seconds(60))
        #expect(report.storedSpans == 24_000)
        #expect(report.droppedSpans == 0)
        #expect(place.sink.spanCount == 24_001)
        // One of the client under load, one of the newcomer.
        #expect(place.sink.greetings == 2)
        await server.shutdown(within: .seconds(5))
        try place.checkSecrets()
    }

    @Test(
        arguments: [
            ("certificate", "no certificate at all", "holds no certificate in PEM form"),
            ("key", "no key at all", "holds no private key in PEM form"),
        ])
    func `files that cannot be used leave the old ones in use and say what is wrong`(
        file: String, text: String, words: String
    ) async throws {
        let place = try Place()
        let (server, port) = try await place.start(place.serverTLS()) { $0.reloadInterval = .zero }
        let path = file == "key" ? place.files.key("server") : place.files.certificate("server")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        server.reload()
        #expect(place.log.contains(words), "\(place.log.lines)")
        #expect(place.log.contains("error cannot use the certificate as it is now; what was read before stays in use"))
        #expect(try await place.deliver(port, tls: place.trust).storedSpans == 1)
        try FileManager.default.removeItem(atPath: path)
        server.reload()
        #expect(place.log.contains("cannot be read (No such file or directory)"))
        #expect(try await place.deliver(port, tls: place.trust).storedSpans == 1)
        await server.shutdown(within: .seconds(5))
        try place.checkSecrets()
    }

    @Test func `a certificate without its key, and one that has expired, are not taken in place of a good one`()
        async throws
    {
        let place = try Place()
        try place.files.make("other", by: "ca")
        try place.files.make("expired", by: "ca", end: "20210203000000Z")
        let (server, port) = try await place.start(place.serverTLS()) { $0.reloadInterval = .zero }
        let good = try String(contentsOfFile: place.files.certificate("server"), encoding: .utf8)
        try String(contentsOfFile: place.files.certificate("other"), encoding: .utf8)
            .write(toFile: place.files.certificate("server"), atomically: true, encoding: .utf8)
        server.reload()
        #expect(place.log.contains("does not belong to the first certificate in"), "\(place.log.lines)")
        #expect(try await place.deliver(port, tls: place.trust).storedSpans == 1)
        try good.write(toFile: place.files.certificate("server"), atomically: true, encoding: .utf8)
        server.reload()
        #expect(place.log.contains("info read the certificate anew"))
        try place.files.install("expired", as: "server")
        server.reload()
        #expect(place.log.contains("has expired (valid until 2021-02-03); put a valid one there"))
        #expect(try await place.deliver(port, tls: place.trust).storedSpans == 1)
        // Its key lies open now; that is said when it is in use, not before.
        #expect(!place.log.contains("a secret is not kept"))
        try place.files.install("other", as: "server")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: place.files.key("server"))
        server.reload()
        #expect(place.log.lines.count { $0.hasPrefix("warning a secret is not kept") } == 1, "\(place.log.lines)")
        await server.shutdown(within: .seconds(5))
        try place.checkSecrets()
    }

    @Test func `a new client CA holds for who connects from then on`() async throws {
        let place = try Place()
        try place.files.makeAuthority("clients")
        try place.files.makeAuthority("next")
        try place.files.make("client", by: "clients", for: .clientAuth)
        let (server, port) = try await place.start(place.serverTLS(clientCA: "clients")) { $0.reloadInterval = .zero }
        var tls = place.trust
        tls.identity = ClientTLS.Identity(
            certificateChainFile: place.files.certificate("client"), privateKeyFile: place.files.key("client"))
        let client = try place.client(port, tls: tls)
        client.reporter().report(TLSTests.span)
        #expect(await client.flush(within: .seconds(20)).storedSpans == 1)
        try place.files.install("next", as: "clients")
        server.reload()
        let words = try await place.refusal(port, tls: tls)
        #expect(words.contains("does not know the authority"), "\(words)")
        client.reporter().report(TLSTests.span)
        #expect(await client.shutdown(within: .seconds(20)).storedSpans == 2)
        await server.shutdown(within: .seconds(5))
    }

    @Test func `a client reads its files for each connection, and makes do with the last ones when they are broken`()
        async throws
    {
        let place = try Place()
        try place.files.makeAuthority("next")
        try place.files.make("replacement", by: "next")
        let (server, port) = try await place.start(place.serverTLS()) { $0.reloadInterval = .zero }
        let clientLog = RecordedLog()
        let client = try place.client(port, tls: place.trust, clientLog)
        client.reporter().report(TLSTests.span)
        #expect(await client.flush(within: .seconds(20)).storedSpans == 1)
        // Its CA file is broken; the connection is lost; it comes back all the same.
        let authority = try String(contentsOfFile: place.files.certificate("ca"), encoding: .utf8)
        try "broken".write(toFile: place.files.certificate("ca"), atomically: true, encoding: .utf8)
        for handle in server.directory.all() { handle.channel.close(promise: nil) }
        await clientLog.line(with: "cannot use the new certificate files")
        client.reporter().report(TLSTests.span)
        #expect(await client.flush(within: .seconds(20)).storedSpans == 2)
        // The collector's authority changes, and the client's file with it.
        try authority.write(toFile: place.files.certificate("old"), atomically: true, encoding: .utf8)
        try place.files.install("replacement", as: "server")
        try String(contentsOfFile: place.files.certificate("next"), encoding: .utf8)
            .write(toFile: place.files.certificate("ca"), atomically: true, encoding: .utf8)
        server.reload()
        for handle in server.directory.all() { handle.channel.close(promise: nil) }
        client.reporter().report(TLSTests.span)
        #expect(await client.shutdown(within: .seconds(20)).storedSpans == 3)
        await server.shutdown(within: .seconds(5))
        try place.checkSecrets(of: clientLog)
    }
}
