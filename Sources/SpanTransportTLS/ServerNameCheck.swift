import NIOCore
import NIOSSL

/// The check whether a certificate is made out to the name that a client connected to.
///
/// NIOSSL takes a certificate for the name *or* for the address that the name led to. Who can lie about a name's
/// address could then come with a certificate for an address of his own; so where there is a name, it must be the name.
/// The common name, which certificates of old had in place of it, counts for nothing.
enum ServerNameCheck {
    /// The certificate has other names.
    struct Failure: Error {}

    /// - Parameter name: `nil` where an address was connected to, which NIOSSL has looked for.
    static func verify(_ certificate: NIOSSLCertificate, isFor name: String?) throws(Failure) {
        guard let name else { return }
        for alternative in certificate._subjectAlternativeNames() where alternative.nameType == .dnsName {
            if matches(String(decoding: Array(alternative.contents), as: UTF8.self), name) { return }
        }
        throw Failure()
    }

    /// RFC 6125, section 6.4: without regard to case; `*` stands for the whole first label and nothing else.
    static func matches(_ pattern: String, _ name: String) -> Bool {
        let pattern = labels(of: pattern)
        let name = labels(of: name)
        guard !name.isEmpty, pattern.count == name.count, pattern.dropFirst() == name.dropFirst() else { return false }
        return pattern[0] == name[0] || pattern[0] == "*" && name.count > 2
    }

    private static func labels(of name: String) -> [String] {
        var labels = name.lowercased().split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if labels.last == "" { labels.removeLast() }
        return labels
    }
}
