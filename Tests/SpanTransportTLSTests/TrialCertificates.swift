import Foundation

/// Certificates made by `openssl`, in a folder of a test's own.
final class TrialCertificates: Sendable {
    /// What `openssl` said when it failed.
    struct Failure: Error { var words: String }

    /// What a certificate is for.
    enum Use: String { case serverAuth, clientAuth }

    let folder = "/tmp/spanwire-tls-\(UInt32.random(in: 0 ... .max))"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { folder + "/" + name }

    func certificate(_ name: String) -> String { path(name + ".pem") }

    func key(_ name: String) -> String { path(name + ".key") }

    /// An authority: `NAME.pem`, `NAME.key`.
    func makeAuthority(_ name: String) throws {
        try openssl(
            ["req", "-x509", "-out", certificate(name), "-days", "2", "-subj", "/CN=Trial \(name)"] + newKey(name))
    }

    /// A certificate: `NAME.pem`, `NAME.key`.
    ///
    /// - Parameters:
    ///   - names: as in `subjectAltName`, such as `DNS:localhost,IP:127.0.0.1`.
    ///   - start: when it begins, where `end` is given.
    ///   - end: when it ends; the default is tomorrow.
    func make(
        _ name: String, by authority: String, for use: Use = .serverAuth, names: String = "DNS:localhost",
        start: String = "20200101000000Z", end: String? = nil
    ) throws {
        let (request, extensions) = (path(name + ".csr"), path(name + ".ext"))
        try openssl(["req", "-new", "-out", request, "-subj", "/CN=localhost"] + newKey(name))
        let text = "subjectAltName=\(names)\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=\(use.rawValue)\n"
        try text.write(toFile: extensions, atomically: true, encoding: .utf8)
        if let end {
            // Only `openssl ca` takes a date, and it keeps books.
            try "".write(toFile: path("index.txt"), atomically: true, encoding: .utf8)
            let configuration =
                "[ca]\ndefault_ca=d\n[d]\ndatabase=\(path("index.txt"))\nrand_serial=yes\ndefault_md=sha256\n"
                + "new_certs_dir=\(folder)\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n"
            try configuration.write(toFile: path("ca.conf"), atomically: true, encoding: .utf8)
            try openssl([
                "ca", "-batch", "-config", path("ca.conf"), "-in", request, "-out", certificate(name), "-notext",
                "-cert", certificate(authority), "-keyfile", key(authority), "-extfile", extensions,
                "-startdate", start, "-enddate", end,
            ])
        } else {
            try openssl([
                "x509", "-req", "-in", request, "-CA", certificate(authority), "-CAkey", key(authority),
                "-CAcreateserial", "-out", certificate(name), "-days", "1", "-extfile", extensions,
            ])
        }
    }

    /// Puts one certificate and its key where another was.
    func install(_ name: String, as other: String) throws {
        for (from, to) in [(certificate(name), certificate(other)), (key(name), key(other))] {
            try Data(contentsOf: URL(fileURLWithPath: from)).write(to: URL(fileURLWithPath: to), options: .atomic)
        }
    }

    /// The lines of all keys, which nobody may ever see.
    func secretLines() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".key") }.flatMap { name in
            try String(contentsOfFile: path(name), encoding: .utf8).split(separator: "\n")
                .filter { !$0.hasPrefix("-----") }.map(String.init)
        }
    }

    private func newKey(_ name: String) -> [String] {
        ["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key(name)]
    }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let words = path("openssl.log")
        _ = FileManager.default.createFile(atPath: words, contents: nil)
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: words))
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(words: try String(contentsOfFile: words, encoding: .utf8))
        }
    }
}
