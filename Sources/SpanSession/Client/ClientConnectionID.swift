/// The number of one of a client's successive connections, opened or not; rises by one from 1.
///
/// It tells late events of an earlier connection from those of the present one, and has no meaning to the server, which
/// numbers connections by itself.
public struct ClientConnectionID: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}
