/// Identity of a collector process that writes to a store. It tells apart several collectors that write to one store.
public struct CollectorID: RawRepresentable, Sendable, Hashable {
    /// Random number, new with each process.
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Returns a new identity drawn at random; a process takes one when it starts.
    public static func random() -> CollectorID { CollectorID(rawValue: .random(in: 1...UInt64.max)) }
}

/// Statement of a collector that it is alive, valid for a limited time.
///
/// A collector renews its lease while it runs. When it is killed the lease lapses, and the senders that were connected
/// to it count as gone.
public struct CollectorLease: Sendable, Hashable {
    /// Collector that holds the lease.
    public var collector: CollectorID
    /// Time at which the lease was renewed, nanoseconds since 1970-01-01T00:00:00Z by the collector's clock.
    public var renewedAtUnixNano: UInt64
    /// Length of the lease in nanoseconds from `renewedAtUnixNano`.
    public var lengthNano: UInt64

    /// Length of a lease unless another is given: 30 s, in nanoseconds.
    public static let standardLengthNano: UInt64 = 30_000_000_000

    /// Creates a lease.
    public init(
        collector: CollectorID, renewedAtUnixNano: UInt64, lengthNano: UInt64 = Self.standardLengthNano
    ) {
        self.collector = collector
        self.renewedAtUnixNano = renewedAtUnixNano
        self.lengthNano = lengthNano
    }

    /// Beginning of the lease: its own length before it was renewed, since the clock of whoever asks may be behind. A
    /// lease renewed later than that by the asker's clock comes from before the clock was set back, and its collector
    /// has not renewed it since.
    public var holdsFromUnixNano: UInt64 { renewedAtUnixNano - min(lengthNano, renewedAtUnixNano) }

    /// End of the lease, at most 2^64 - 1.
    public var lapsesAtUnixNano: UInt64 { renewedAtUnixNano.saturatingSum(lengthNano) }

    /// Returns `true` when the lease is valid at a time in nanoseconds since 1970-01-01T00:00:00Z.
    public func holds(atUnixNano now: UInt64) -> Bool { holdsFromUnixNano <= now && now < lapsesAtUnixNano }
}
