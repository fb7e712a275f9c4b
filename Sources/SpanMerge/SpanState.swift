import ProtoWire
import SpanModel

/// What is known of one span: the join of all its reports seen so far. `spanwire.storage.v1.SpanState`.
///
/// The join is commutative, associative and idempotent, so collectors and stores need no coordination: whatever order
/// reports and states come in, however often, the result is the same, byte for byte. See `docs/merge.md`.
///
/// ```swift
/// var state = SpanState(started, origin: origin)
/// state.join(SpanState(ended, origin: origin))
/// print(state.merged().durationNano ?? "running")
/// ```
public struct SpanState: Sendable {
    /// Field 1: the join of reports that had not ended.
    public internal(set) var live: SpanPart?
    /// Field 2: the join of reports that had ended.
    public internal(set) var ended: SpanPart?
    var unknownFields: UnknownFields

    /// What one report says.
    ///
    /// - Parameter origin: where it came from; one object for all spans of a `ScopeSpans`.
    public init(_ report: SpanRecord, origin: SharedOrigin) {
        let part = SpanPart(report, origin: origin)
        live = report.isEnded ? nil : part
        ended = report.isEnded ? part : nil
        unknownFields = UnknownFields()
    }

    /// The key of the span; not valid for a state that was decoded from nothing.
    public var key: SpanKey { SpanKey((ended ?? live)?.span ?? SpanRecord()) }

    /// Adds what another state of the same span knows.
    public mutating func join(_ other: SpanState) {
        if let part = other.live { live = live?.joinedLive(part) ?? part }
        if let part = other.ended { ended = ended?.joined(part) ?? part }
        unknownFields = unknownFields.union(other.unknownFields)
    }

    /// Replaces the origins of both parts: for an engine that keeps origins apart from states.
    public mutating func setOrigins(live liveOrigin: SharedOrigin?, ended endedOrigin: SharedOrigin?) {
        if let liveOrigin { live?.origin = liveOrigin }
        if let endedOrigin { ended?.origin = endedOrigin }
    }
}
