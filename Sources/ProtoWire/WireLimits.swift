/// Bounds on the payloads that a decoder accepts.
public struct WireLimits: Sendable, Hashable {
    /// Greatest number of messages and groups that may be open inside the outermost message, 0 ... 500 (clamped).
    /// Default 100, as in the reference protobuf runtimes; it bounds the decoder's recursion.
    public var maxDepth: Int { didSet { maxDepth = Self.clamped(maxDepth) } }

    /// Greatest size of a payload in bytes. Default 64 MiB, as OTLP 1.11 recommends; protobuf itself ends at 2 GiB - 1.
    public var maxPayloadBytes: Int

    /// Creates limits; `maxDepth` is clamped to its range.
    public init(maxDepth: Int = 100, maxPayloadBytes: Int = 64 << 20) {
        self.maxDepth = Self.clamped(maxDepth)
        self.maxPayloadBytes = maxPayloadBytes
    }

    private static func clamped(_ depth: Int) -> Int { min(max(depth, 0), 500) }
}

/// Treatment of `string` fields whose bytes are not UTF-8.
public enum InvalidUTF8Policy: Sendable, Hashable {
    /// The message is malformed, as proto3 demands; `spanwire decode` does so.
    case reject
    /// The value is kept as far as possible: an attribute value becomes bytes, any other string gets U+FFFD for each
    /// bad sequence, and `WireReader.repairedStrings` counts them. Collectors do so, since one bad string must not cost
    /// a span.
    case repair
}

/// Settings of a decoder.
public struct DecodeOptions: Sendable, Hashable {
    /// Bounds on the payload.
    public var limits: WireLimits
    /// Treatment of strings that are not UTF-8.
    public var invalidUTF8: InvalidUTF8Policy

    /// Creates settings.
    public init(limits: WireLimits = WireLimits(), invalidUTF8: InvalidUTF8Policy = .reject) {
        self.limits = limits
        self.invalidUTF8 = invalidUTF8
    }
}
