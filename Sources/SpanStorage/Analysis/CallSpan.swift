import SpanMerge
import SpanModel

/// The part of a span that the dependency graph needs. An engine that keeps these fields in columns need not read whole
/// spans.
public struct CallSpan: Sendable {
    /// Key of the merged span.
    public var key: SpanKey
    /// Span id of the parent; not valid for a root.
    public var parentSpanID: SpanID
    /// Kind of the span.
    public var kind: SpanKind
    /// Value of the resource's `service.name`; empty when it has none.
    public var service: ExactText
    /// Start in nanoseconds since 1970-01-01T00:00:00Z; 0 when it is not known.
    public var startUnixNano: UInt64
    /// Duration in nanoseconds; `nil` while the span runs and when its start is not known.
    public var durationNano: Int64?
    /// `true` when the span's status is `error`.
    public var isError: Bool
    /// Other side of the call as the span's attributes name it: the callee of a `client` or `producer` span, the origin
    /// of the message of a `consumer` span. `nil` when they name nobody.
    public var peer: DependencyGraph.Node?
    /// `true` when the scan matches the span; `false` for a span that is only looked at as the other side of a call.
    public var isMeant: Bool

    /// Creates the part of `merged` that the dependency graph needs.
    ///
    /// - Parameters:
    ///   - merged: the span.
    ///   - isMeant: whether the question is about it.
    public init(_ merged: MergedSpan, isMeant: Bool) {
        key = merged.key
        parentSpanID = merged.span.parentSpanID
        kind = merged.span.kind
        service = ExactText(merged.service)
        startUnixNano = merged.span.startTimeUnixNano
        durationNano = merged.durationNano
        isError = merged.statusCode == .error
        peer = CallPeer.isTold(by: kind) ? DependencyGraph.Node(peerOf: merged.span) : nil
        self.isMeant = isMeant
    }

    var isInbound: Bool { key.side == .inbound }
}
