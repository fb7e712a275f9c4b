import SpanMerge
import SpanModel

/// What the dependency graph needs of a span: so that an engine that has these in columns need not read whole spans.
public struct CallSpan: Sendable {
    public var key: SpanKey
    /// The id that the span names; not valid for a root.
    public var parentSpanID: SpanID
    public var kind: SpanKind
    /// `service.name`; empty without.
    public var service: ExactText
    /// Nanoseconds since 1970-01-01T00:00:00Z; 0 where it is not known.
    public var startUnixNano: UInt64
    /// Nanoseconds; `nil` while it runs or when its start is not known.
    public var durationNano: Int64?
    /// Its status is `error`.
    public var isError: Bool
    /// Whom a `client` or `producer` span called, or a `consumer` span got its message from, as its attributes tell.
    public var peer: DependencyGraph.Node?
    /// Whether it is among those that the question is about, not only beside them.
    public var isMeant: Bool

    /// - Parameter isMeant: whether the question is about it.
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
