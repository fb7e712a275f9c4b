/// The address that a server listens on, or that a client connects to.
public enum TransportAddress: Sendable, Hashable {
    /// A name or an address, and a port, 0 ... 65,535; 0 lets a listener take a free one.
    case tcp(host: String, port: Int)
    /// The path of a Unix socket, at most `maxUnixPathBytes` bytes: for services on the same machine, guarded by the
    /// permissions of the socket's file.
    case unix(path: String)

    /// The most bytes of a Unix socket's path: 103.
    public static var maxUnixPathBytes: Int { UnixSocket.maxPathBytes }

    /// Whether what is sent there stays on this machine: a Unix socket or a loopback address.
    public var isLocal: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _):
            host == "localhost" || host == "::1"
                || (host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." })
        }
    }

    var isTCP: Bool { if case .tcp = self { true } else { false } }

    /// - Parameter ports: which ports make sense.
    /// - Throws: `invalid_setting`.
    func validate(ports: ClosedRange<Int>) throws(TransportError) {
        switch self {
        case .tcp(let host, let port):
            guard !host.isEmpty else {
                throw TransportError(.invalidSetting, "host is empty; name the collector's host")
            }
            guard ports.contains(port) else {
                throw TransportError(
                    .invalidSetting, "port is \(port); it must be \(ports.lowerBound) to \(ports.upperBound)")
            }
        case .unix(let path):
            guard !path.isEmpty, !path.utf8.contains(0) else {
                throw TransportError(.invalidSetting, "the path of the Unix socket is empty or holds a zero byte")
            }
            guard path.utf8.count <= Self.maxUnixPathBytes else {
                throw TransportError(
                    .invalidSetting,
                    "the path of the Unix socket has \(path.utf8.count) bytes, and may have at most "
                        + "\(Self.maxUnixPathBytes); choose a shorter one: \(path)")
            }
        }
    }
}

extension TransportAddress: CustomStringConvertible {
    /// `127.0.0.1:4319`, `[::1]:4319`, `unix:/run/spanwire.sock`
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
