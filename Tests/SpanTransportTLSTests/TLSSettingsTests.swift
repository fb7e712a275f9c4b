import Foundation
import SpanModel
import SpanSession
import Testing

@testable import SpanTransport
@testable import SpanTransportTLS

/// What can be said before anything connects.
@Suite struct TLSSettingsTests {
    @Test func `files that cannot be used are named at once, and what is in them is not`() throws {
        let files = try TrialCertificates()
        try files.makeAuthority("ca")
        try files.make("server", by: "ca")
        try files.make("other", by: "ca")
        func words(_ certificate: String, _ key: String, _ clientCA: String? = nil) -> String {
            do throws(TransportError) {
                _ = try ServerSecurity.tls(
                    ServerTLS(certificateChainFile: certificate, privateKeyFile: key, clientCAFile: clientCA))
                return "fine"
            } catch {
                return error.message
            }
        }
        let (certificate, key) = (files.certificate("server"), files.key("server"))
        #expect(words(certificate, key, files.certificate("ca")) == "fine")
        #expect(words("/tmp/no-such-file", key).contains("No such file or directory"))
        #expect(words("/tmp", key).contains("it is a folder"))
        #expect(words(certificate, certificate).contains("holds no private key"))
        #expect(words(key, key).contains("holds no certificate"))
        #expect(words(certificate, files.key("other")).contains("does not belong to the first certificate"))
        #expect(words(certificate, key, key).contains("the client CA file"))
        try Data(count: 2 << 20).write(to: URL(fileURLWithPath: files.path("large")))
        #expect(words(files.path("large"), key).contains("more than 1048576 bytes"))
        let all = [words(certificate, files.key("other")), words(key, key), words(certificate, key, key)].joined()
        for secret in try files.secretLines() { #expect(!all.contains(secret)) }
    }

    @Test func `certificates that are not valid today are named at once, on both sides, with the day`() throws {
        let files = try TrialCertificates()
        try files.makeAuthority("ca")
        try files.make("server", by: "ca")
        try files.make("expired", by: "ca", end: "20210203000000Z")
        try files.make("early", by: "ca", start: "22000101000000Z", end: "22010101000000Z")
        func words(_ make: () throws(TransportError) -> Void) -> String {
            do throws(TransportError) { try make() } catch { return error.message }
            return "fine"
        }
        func server(_ name: String, clientCA: String? = nil) -> String {
            words { () throws(TransportError) in
                _ = try ServerSecurity.tls(
                    ServerTLS(
                        certificateChainFile: files.certificate(name), privateKeyFile: files.key(name),
                        clientCAFile: clientCA.map(files.certificate)))
            }
        }
        func client(ca: String = "ca", identity: String? = nil) -> String {
            words { () throws(TransportError) in
                var tls = ClientTLS(trustRoots: .file(files.certificate(ca)))
                tls.identity = identity.map {
                    ClientTLS.Identity(certificateChainFile: files.certificate($0), privateKeyFile: files.key($0))
                }
                _ = try ClientSecurity.tls(tls)
            }
        }
        let expired = "has expired (valid until 2021-02-03); put a valid one there"
        let early = "is not valid yet (valid from 2200-01-01; see this machine's clock)"
        #expect(server("expired").contains("the certificate in \(files.certificate("expired")) \(expired)"))
        #expect(server("early").contains("the certificate in \(files.certificate("early")) \(early)"))
        #expect(server("server", clientCA: "expired").contains("the client CA file \(files.certificate("expired"))"))
        #expect(server("server", clientCA: "early").contains(early))
        #expect(server("server", clientCA: "ca") == "fine")
        #expect(client(identity: "expired").contains(expired))
        #expect(client(identity: "early").contains(early))
        #expect(client(ca: "expired").contains("\(files.certificate("expired")) is of no use: the certificate has"))
        #expect(client(identity: "server") == "fine")
        // The others of a chain count as the first one does: who is asked to trust it looks at all of them.
        func makeChain(_ names: [String]) throws {
            let texts = try names.map { try String(contentsOfFile: files.certificate($0), encoding: .utf8) }
            try texts.joined().write(toFile: files.certificate("chain"), atomically: true, encoding: .utf8)
            try Data(contentsOf: URL(fileURLWithPath: files.key(names[0]))).write(
                to: URL(fileURLWithPath: files.key("chain")))
        }
        try makeChain(["server", "ca"])
        #expect(server("chain") == "fine")
        #expect(client(identity: "chain") == "fine")
        for (names, number, words) in [
            (["server", "expired"], "2 of 2", expired), (["server", "early", "ca"], "2 of 3", early),
        ] {
            try makeChain(names)
            for found in [server("chain"), client(identity: "chain")] {
                #expect(found.contains("certificate \(number) in \(files.certificate("chain")) \(words)"), "\(found)")
            }
        }
        // An old authority beside a new one is how they are replaced.
        let both = try ["expired", "ca"].map { try String(contentsOfFile: files.certificate($0), encoding: .utf8) }
        try both.joined().write(toFile: files.certificate("both"), atomically: true, encoding: .utf8)
        #expect(client(ca: "both") == "fine")
        #expect(server("server", clientCA: "both") == "fine")
        try (both[0] + both[0]).write(toFile: files.certificate("old"), atomically: true, encoding: .utf8)
        #expect(client(ca: "old").contains("each of the 2 certificates, the first of which has expired"))
    }

    @Test func `a key that others may read is told of, a certificate is not`() throws {
        let files = try TrialCertificates()
        try files.makeAuthority("ca")
        try files.make("server", by: "ca")
        let identity = ClientTLS.Identity(
            certificateChainFile: files.certificate("server"), privateKeyFile: files.key("server"))
        for (mode, isTold) in [(0o600, false), (0o640, true), (0o604, true), (0o400, false)] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: files.key("server"))
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: files.certificate("server"))
            let server = try ServerTLSLayer(
                ServerTLS(certificateChainFile: files.certificate("server"), privateKeyFile: files.key("server")))
            let client = try ClientTLSLayer(
                ClientTLS(trustRoots: .file(files.certificate("ca")), identity: identity))
            for exposures in [server.exposures, client.prepare().exposures] {
                #expect(exposures.count == (isTold ? 1 : 0))
                let words = "the key file \(files.key("server")) (mode 0\(String(mode, radix: 8)))"
                #expect(exposures.allSatisfy { $0.contains(words) }, "\(exposures)")
            }
        }
    }

    @Test func `a server name that is an address, and TLS on a Unix socket, are refused in words`() throws {
        for name in ["", "127.0.0.1", "::1"] {
            let fault = #expect(throws: TransportError.self) {
                _ = try ClientSecurity.tls(ClientTLS(serverName: name))
            }
            #expect(fault?.message.contains("must be a name") == true)
        }
        var configuration = SpanClientConfiguration(address: .unix(path: "/tmp/s"))
        configuration.security = try .tls(ClientTLS())
        let fault = #expect(throws: TransportError.self) { try configuration.validate() }
        #expect(fault?.message.contains("leave security out") == true)
    }

    @Test func `with TLS a token may go to another machine`() throws {
        var configuration = SpanClientConfiguration(host: "collector.example", bearerToken: "secret")
        #expect(throws: TransportError.self) { try configuration.validate() }
        configuration.security = try .tls(ClientTLS())
        #expect(throws: Never.self) { try configuration.validate() }
    }

    @Test(
        arguments: [
            ("a.example", "A.Example.", true), ("a.example", "b.example", false), ("*.a.example", "x.a.example", true),
            ("*.a.example", "a.example", false), ("*.a.example", "x.y.a.example", false),
            ("*.example", "a.example", false),
            ("x*.a.example", "xy.a.example", false), ("", "", false), ("a.*.example", "a.b.example", false),
            ("*", "localhost", false), ("localhost", "localhost", true),
        ])
    func `names match without regard to case; a star is one whole label, and not the last but one`(
        pattern: String, name: String, fits: Bool
    ) {
        #expect(ServerNameCheck.matches(pattern, name) == fits)
    }

    @Test(
        arguments: [
            (0, "1970-01-01"), (951_782_400, "2000-02-29"), (1_612_310_400, "2021-02-03"),
            (4_107_542_399, "2100-02-28"),
            (4_107_542_400, "2100-03-01"), (-1, "1969-12-31"), (253_402_300_799, "9999-12-31"),
        ])
    func `days are counted as the calendar does`(seconds: Int, day: String) {
        #expect(PEMFiles.date(seconds) == day)
    }
}
