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
    /// Seconds since 1970 after which the first certificate is not valid any more.
    var notValidAfter: Int

    /// - Throws: `invalid_setting`, naming the file, never its content.
    init(certificateChainFile: String, privateKeyFile: String) throws(TransportError) {
        chain = try PEMFiles.certificates(certificateChainFile, "the certificate file")
        notValidAfter = Int(chain[0].notValidAfter)
        let bytes = try SmallFile.read(privateKeyFile, "the key file")
        do {
            key = try NIOSSLPrivateKey(bytes: bytes, format: .pem)
        } catch {
            throw TransportError(
                .invalidSetting,
                "the key file \(privateKeyFile) holds no private key in PEM form that can be used; one with a passphrase "
                    + "cannot (openssl pkey -in … -out … takes it off)")
        }
    }

    /// `valid until 2026-11-25`
    var words: String { "valid until \(PEMFiles.date(notValidAfter))" }

    var hasExpired: Bool { PEMFiles.hasExpired(notValidAfter) }
}

/// Reads what certificates are kept in.
enum PEMFiles {
    /// The certificates of a file, at least one.
    ///
    /// - Throws: `invalid_setting`.
    static func certificates(_ path: String, _ name: String) throws(TransportError) -> [NIOSSLCertificate] {
        let bytes = try SmallFile.read(path, name)
        let certificates = (try? NIOSSLCertificate.fromPEMBytes(bytes)) ?? []
        guard !certificates.isEmpty else {
            throw TransportError(
                .invalidSetting,
                "\(name) \(path) holds no certificate in PEM form (-----BEGIN CERTIFICATE-----) that can be read")
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

    static func hasExpired(_ notValidAfter: Int) -> Bool { notValidAfter < Int(time(nil)) }

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
