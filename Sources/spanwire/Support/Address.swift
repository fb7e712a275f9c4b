import ArgumentParser
import SpanTransport

/// Address of a collector: `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`.
struct Address: CustomStringConvertible, Sendable {
    var transport: TransportAddress

    init(host: String, port: Int) { transport = .tcp(host: host, port: port) }

    /// Reads an address whose port lies within `ports`, or the path of a Unix socket.
    ///
    /// - Throws: `ValidationError` that says which part is wrong.
    private init(_ text: String, ports: ClosedRange<Int>) throws {
        func fault(_ words: String) -> ValidationError {
            ValidationError("\(words); write host:port, with a port from \(ports.lowerBound) to 65535, or unix:path.")
        }
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard !path.isEmpty else { throw fault("there is no path behind unix:") }
            transport = .unix(path: path)
            return
        }
        if let scheme = text.firstRange(of: "://") {
            throw fault("it is no URL; leave out \(text[..<scheme.upperBound]) and what stands behind the port")
        }
        guard let colon = text.lastIndex(of: ":") else {
            throw fault(text.isEmpty ? "it is empty" : "there is no port behind the host")
        }
        let digits = text[text.index(after: colon)...]
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") || digits.contains("]") {
            throw fault("an IPv6 address stands in brackets, with the port behind them, as in [::1]:4319")
        }
        guard !host.isEmpty else { throw fault("there is no host in front of the port") }
        guard !digits.isEmpty else { throw fault("there is no port behind the colon") }
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw fault("the port '\(digits)' is no number")
        }
        guard let port = Int(digits), ports.contains(port) else { throw fault("there is no port \(digits) for it") }
        transport = .tcp(host: String(host), port: port)
    }

    /// Reads the address of a collector to connect to.
    @Sendable static func peer(_ text: String) throws -> Address { try Address(text, ports: 1...65_535) }

    /// Reads an address to listen on, where port 0 takes a free one.
    @Sendable static func own(_ text: String) throws -> Address { try Address(text, ports: 0...65_535) }

    /// Port of the address; `nil` for a Unix socket.
    var port: Int? { if case .tcp(_, let port) = transport { port } else { nil } }

    var description: String { transport.description }
}
