import NIOSSL
import SpanTransport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A certificate with those that vouch for it, and its key.
struct KeyPair {
    var chain: [NIOSSLCertificate]
    var key: NIOSSLPrivateKey
    /// The time in which all certificates are valid.
    var validity: Validity
    /// Words for a log, where others may read the key; `nil` where they may not.
    var exposure: String?

    /// - Parameters:
    ///   - now: seconds since 1970, at which the certificate has to be valid.
    ///   - awaitsWriter: as of `SmallFile.readSecret`.
    /// - Throws: `invalid_setting`, naming the file, never its content.
    init(
        certificateChainFile: String, privateKeyFile: String, now: Int, awaitsWriter: Bool
    ) throws(TransportError) {
        chain = try PEMFiles.certificates(certificateChainFile, "the certificate file", awaitsWriter: awaitsWriter)
        // Whoever is to trust the first needs those behind it, too.
        for (index, certificate) in chain.enumerated() {
            guard let words = Validity(certificate).fault(at: now) else { continue }
            let which = chain.count == 1 ? "the certificate" : "certificate \(index + 1) of \(chain.count)"
            let orNone = index == 0 ? "" : ", or leave it out where nobody needs it"
            throw TransportError(
                .invalidSetting, "\(which) in \(certificateChainFile) \(words); put a valid one there\(orNone)")
        }
        validity = Validity(chain)
        let file = try SmallFile.readSecret(privateKeyFile, "the key file", awaitsWriter: awaitsWriter)
        exposure = file.exposure
        do {
            key = try NIOSSLPrivateKey(bytes: file.bytes, format: .pem)
        } catch {
            throw TransportError(
                .invalidSetting,
                "the key file \(privateKeyFile) holds no private key in PEM form that can be used; one with a passphrase "
                    + "cannot (openssl pkey -in … -out … takes it off)")
        }
    }

}

/// The time in which a certificate is valid, in seconds since 1970.
struct Validity: Sendable {
    var notBefore: Int
    var notAfter: Int

    init(_ certificate: NIOSSLCertificate) {
        notBefore = Int(certificate.notValidBefore)
        notAfter = Int(certificate.notValidAfter)
    }

    /// The time in which all of them are valid; there is one at least.
    init(_ certificates: [NIOSSLCertificate]) {
        notBefore = certificates.map { Int($0.notValidBefore) }.max() ?? .min
        notAfter = certificates.map { Int($0.notValidAfter) }.min() ?? .max
    }

    /// `valid until 2026-11-25`
    var words: String { "valid until \(PEMFiles.date(notAfter))" }

    /// Why it is not valid at that time, such as `has expired (valid until 2021-02-03)`; `nil` when it is.
    func fault(at now: Int) -> String? {
        if notAfter < now { return "has expired (\(words))" }
        guard notBefore > now else { return nil }
        return "is not valid yet (valid from \(PEMFiles.date(notBefore)); see this machine's clock)"
    }
}

/// Reads what certificates are kept in.
enum PEMFiles {
    /// The certificates of a file, at least one.
    ///
    /// - Parameter awaitsWriter: as of `SmallFile.readSecret`.
    /// - Throws: `invalid_setting`.
    static func certificates(
        _ path: String, _ name: String, awaitsWriter: Bool
    ) throws(TransportError) -> [NIOSSLCertificate] {
        let bytes = try SmallFile.read(path, name, awaitsWriter: awaitsWriter)
        let certificates = (try? NIOSSLCertificate.fromPEMBytes(bytes)) ?? []
        guard !certificates.isEmpty else {
            throw TransportError(
                .invalidSetting,
                "\(name) \(path) holds no certificate in PEM form (-----BEGIN CERTIFICATE-----) that can be read")
        }
        return certificates
    }

    /// The authorities of a file, of which at least one is valid: others may stand there until their certificates are
    /// gone.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - awaitsWriter: as of `SmallFile.readSecret`.
    /// - Throws: `invalid_setting`.
    static func authorities(
        _ path: String, _ name: String, now: Int, awaitsWriter: Bool
    ) throws(TransportError) -> [NIOSSLCertificate] {
        let certificates = try certificates(path, name, awaitsWriter: awaitsWriter)
        let faults = certificates.compactMap { Validity($0).fault(at: now) }
        if faults.count == certificates.count, let first = faults.first {
            let which =
                faults.count == 1 ? "the certificate" : "each of the \(faults.count) certificates, the first of which"
            throw TransportError(
                .invalidSetting, "\(name) \(path) is of no use: \(which) \(first); put a valid one there")
        }
        return certificates
    }

    /// - Throws: `invalid_setting`, naming the two files when they are no pair.
    static func context(
        _ configuration: TLSConfiguration, certificateFile: String?, keyFile: String?
    ) throws(TransportError) -> NIOSSLContext {
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            if let certificateFile, let keyFile, case NIOSSLError.failedToLoadPrivateKey = error {
                throw TransportError(
                    .invalidSetting,
                    "the key in \(keyFile) does not belong to the first certificate in \(certificateFile); put both of "
                        + "one pair there, the server's own certificate first")
            }
            let reasons = TLSWords.reasons(of: error).joined(separator: ", ")
            throw TransportError(.invalidSetting, "the certificates cannot be used (\(reasons))")
        }
    }

    /// The system's clock, seconds since 1970.
    static func now() -> Int { Int(time(nil)) }

    /// The day in UTC, as `2026-11-25`.
    static func date(_ secondsSince1970: Int) -> String {
        // Howard Hinnant's civil_from_days: years begin in March, so that the leap day is their last.
        let days = Int((Double(secondsSince1970) / 86_400).rounded(.down)) + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(padded(month))-\(padded(day))"
    }
}
