import SpanBlocks

/// What tells a report from others.
struct HashedReport {
    /// Of its span's key.
    var key: UInt64
    /// Of its bytes and its origin's.
    var content: UInt64
    /// The hash of its trace.
    var trace: TraceHash
    var startUnixNano: UInt64
}
