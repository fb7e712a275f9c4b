/// The number of one of a server's connections, which no other has while the process lives.
public struct ServerConnectionID: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}
