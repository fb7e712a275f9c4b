import ArgumentParser
import SpanTransport

/// Address of a collector: `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`.
struct Address: ExpressibleByArgument, CustomStringConvertible, Sendable {
    var transport: TransportAddress

    init(host: String, port: Int) { transport = .tcp(host: host, port: port) }

    init?(argument: String) {
        if argument.hasPrefix("unix:") {
            let path = String(argument.dropFirst("unix:".count))
            guard !path.isEmpty else { return nil }
            transport = .unix(path: path)
            return
        }
        guard let colon = argument.lastIndex(of: ":"),
            let port = UInt16(argument[argument.index(after: colon)...])
        else { return nil }
        var host = argument[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        transport = .tcp(host: String(host), port: Int(port))
    }

    /// Port of the address; `nil` for a Unix socket.
    var port: Int? { if case .tcp(_, let port) = transport { port } else { nil } }

    var description: String { transport.description }

    var defaultValueDescription: String { description }
}
