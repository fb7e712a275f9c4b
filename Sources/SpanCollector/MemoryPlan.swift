import SpanSession
import SpanTransport

/// The division of a collector's memory limit: what it grants to senders, what it holds of theirs, and how much it puts
/// in the store at once.
///
/// The shares are made for the worst that senders may do, all at once: as many parts of frames as are held, a batch of
/// the smallest spans (30 bytes on the wire take about 1.3 KiB while they are merged) or of their smallest parts (two
/// bytes on the wire are an event of 300), one of the largest value (fourteen times its bytes while it is stored, text
/// and all). Honest load stays far below.
public struct MemoryPlan: Sendable, Hashable {
    /// The plan for a limit of 2 GiB.
    public static let standard = MemoryPlan(limitBytes: 2 << 30)

    /// The least that a collector can work with: 64 MiB.
    public static let smallestLimit = 64 << 20

    /// The whole, in bytes.
    public let limitBytes: Int
    /// The largest frame to accept: a thirty-second, at most 64 MiB.
    public let maxFrameBytes: UInt32
    /// The most that a batch may weigh, in smallest spans: a quarter, by what each takes.
    public let maxBatchWeight: Int
    /// The bytes of frames and waiting batches that all connections together may hold: a quarter.
    public let maxHeldBytes: Int
    /// The number of connections that may be without a welcome: so many that parts of their first frames fill half of
    /// `maxHeldBytes` at the most. Filling it takes no token; they are held to an eighth of it.
    public let maxHandshakes: Int
    /// The bytes that all connections together keep for speed: an eighth.
    public let maxKeptBytes: Int
    /// The most that is merged and committed at once, unless a single batch is more: bytes, at most 8 MiB, …
    public let maxGroupBytes: Int
    /// … and spans, with what their attributes, events and links weigh (`ReceivedBatch.weight`).
    public let maxGroupSpans: Int
    /// The bytes that the store may take to write and merge: an eighth, at most 128 MiB.
    public let storeBytes: Int

    /// - Parameter limitBytes: at least `smallestLimit`.
    public init(limitBytes: Int) {
        let limit = max(limitBytes, Self.smallestLimit)
        self.limitBytes = limit
        maxFrameBytes = UInt32(min(limit / Self.bytesPerFrameByte, 64 << 20))
        maxBatchWeight = limit / 4 / Self.bytesPerSmallSpan
        maxHeldBytes = limit / 4
        maxHandshakes = limit / Self.bytesPerHandshake
        maxKeptBytes = limit / 8
        maxGroupBytes = min(limit / 64, 8 << 20)
        maxGroupSpans = limit / 16 / Self.bytesPerSmallSpan
        storeBytes = min(limit / 8, 128 << 20)
    }

    /// Bounds what senders may make a server hold, without raising any bound that is set.
    public func apply(to configuration: inout SpanServerConfiguration) {
        configuration.session.maxFrameBytes = min(configuration.session.maxFrameBytes, maxFrameBytes)
        configuration.session.maxBatchWeight = min(configuration.session.maxBatchWeight, maxBatchWeight)
        // One sender has no more than a quarter of what all may hold.
        let credit = UInt64(limitBytes / Self.bytesPerCreditByte)
        configuration.session.creditBytes = min(configuration.session.creditBytes, credit)
        configuration.maxHeldBytes = min(configuration.maxHeldBytes, maxHeldBytes)
        configuration.maxKeptBytes = min(configuration.maxKeptBytes, maxKeptBytes)
        configuration.maxConnections = min(configuration.maxConnections, limitBytes / Self.bytesPerConnection)
        configuration.maxHandshakes = min(configuration.maxHandshakes, maxHandshakes)
    }

    /// How many bytes of a limit make room for one byte of the largest frame.
    public static let bytesPerFrameByte = 32
    /// How many bytes of a limit make room for one byte that a sender may have under way: a quarter of what all may hold.
    public static let bytesPerCreditByte = 16
    /// How many bytes of a limit make room for one connection: an idle one takes about 7 KiB, and 25 by TLS.
    public static let bytesPerConnection = 16 << 10
    /// How many bytes of a limit make room for one connection without a welcome.
    public static let bytesPerHandshake = 8 * FrameDecoder.controlLimit

    /// Measured: the process's peak while batches of 30-byte spans were stored.
    private static let bytesPerSmallSpan = 1_350
}
