import SpanBlocks

/// Hashes that tell a report from others.
struct HashedReport {
    /// The hash of its span's key.
    var key: UInt64
    /// The hash of its bytes and its origin's.
    var content: UInt64
    /// The hash of its trace.
    var trace: TraceHash
    var startUnixNano: UInt64
}
