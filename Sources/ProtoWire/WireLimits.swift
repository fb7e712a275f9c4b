/// Bounds on what a decoder accepts; both are settings.
public struct WireLimits: Sendable, Hashable {
    /// How many messages and groups may be open inside the outermost message, 0 ... 500 (clamped). Default 100, as in the
    /// reference protobuf runtimes; the recursion of the decoder is bounded by it.
    public var maxDepth: Int { didSet { maxDepth = Self.clamped(maxDepth) } }

    /// The largest payload in bytes. Default 64 MiB, OTLP 1.11's recommendation; protobuf itself ends at 2 GiB - 1.
    public var maxPayloadBytes: Int

    public init(maxDepth: Int = 100, maxPayloadBytes: Int = 64 << 20) {
        self.maxDepth = Self.clamped(maxDepth)
        self.maxPayloadBytes = maxPayloadBytes
    }

    private static func clamped(_ depth: Int) -> Int { min(max(depth, 0), 500) }
}

/// What a decoder does with a `string` field whose bytes are not UTF-8.
public enum InvalidUTF8Policy: Sendable, Hashable {
    /// The message is malformed: what proto3 says and what `decode` does.
    case reject
    /// The value is kept as far as it can be: an attribute value becomes bytes, any other string gets U+FFFD for each
    /// bad sequence; `WireReader.repairedStrings` counts them. What ingest does, so that one bad string costs no span.
    case repair
}

/// How to decode: limits and the treatment of invalid UTF-8.
public struct DecodeOptions: Sendable, Hashable {
    public var limits: WireLimits
    public var invalidUTF8: InvalidUTF8Policy

    public init(limits: WireLimits = WireLimits(), invalidUTF8: InvalidUTF8Policy = .reject) {
        self.limits = limits
        self.invalidUTF8 = invalidUTF8
    }
}
