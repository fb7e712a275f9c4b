/// A collector that writes to a store, for as long as its process runs: two of them that write to one store are told apart
/// by it.
public struct CollectorID: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// A new one, drawn at random: a process takes one when it starts.
    public static func random() -> CollectorID { CollectorID(rawValue: .random(in: 1...UInt64.max)) }
}

/// A collector's word that it is there, and for how long it is to be believed.
///
/// A collector renews its lease while it runs. When it is killed the lease lapses, and whoever was connected to it is gone.
public struct CollectorLease: Sendable, Hashable {
    public var collector: CollectorID
    /// When it was given, nanoseconds since 1970-01-01T00:00:00Z by the collector's clock.
    public var renewedAtUnixNano: UInt64
    /// How long it lasts from then on, nanoseconds.
    public var lengthNano: UInt64

    /// How long a lease lasts unless told otherwise: 30 s.
    public static let standardLengthNano: UInt64 = 30_000_000_000

    public init(
        collector: CollectorID, renewedAtUnixNano: UInt64, lengthNano: UInt64 = Self.standardLengthNano
    ) {
        self.collector = collector
        self.renewedAtUnixNano = renewedAtUnixNano
        self.lengthNano = lengthNano
    }

    /// When it begins to hold: its own length before it was given, for the clock of who asks may be behind. One that was
    /// given later than that was given before the clock was set back, and its collector has not renewed it since.
    public var holdsFromUnixNano: UInt64 { renewedAtUnixNano - min(lengthNano, renewedAtUnixNano) }

    /// When it has lapsed, 2^64 - 1 at the latest.
    public var lapsesAtUnixNano: UInt64 { renewedAtUnixNano.saturatingSum(lengthNano) }

    /// Whether it holds at a time, nanoseconds since 1970-01-01T00:00:00Z.
    public func holds(atUnixNano now: UInt64) -> Bool { holdsFromUnixNano <= now && now < lapsesAtUnixNano }
}
