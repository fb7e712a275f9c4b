import ProtoWire
import SpanModel

/// Join of all reports of one span seen so far: `spanwire.storage.v1.SpanState`.
///
/// The join is commutative, associative and idempotent, so collectors and stores need no coordination: in whatever
/// order and however often reports and states come, the result is the same, byte for byte. See `docs/merge.md`.
///
/// ```swift
/// var state = SpanState(started, origin: origin)
/// state.join(SpanState(ended, origin: origin))
/// print(state.merged().durationNano ?? "running")
/// ```
public struct SpanState: Sendable {
    /// Join of the reports of the running span (field 1); `nil` when there is none.
    public internal(set) var live: SpanPart?
    /// Join of the reports of the ended span (field 2); `nil` when there is none.
    public internal(set) var ended: SpanPart?
    var unknownFields: UnknownFields

    /// Creates the state of a span from one report.
    ///
    /// - Parameters:
    ///   - report: the span as it was reported.
    ///   - origin: where it came from; one object for all spans of a `ScopeSpans`.
    public init(_ report: SpanRecord, origin: SharedOrigin) {
        let part = SpanPart(report, origin: origin)
        live = report.isEnded ? nil : part
        ended = report.isEnded ? part : nil
        unknownFields = UnknownFields()
    }

    /// Key of the span; not valid for a state that was decoded from nothing.
    public var key: SpanKey { SpanKey((ended ?? live)?.span ?? SpanRecord()) }

    /// Joins another state of the same span into this one.
    public mutating func join(_ other: SpanState) {
        if let part = other.live { live = live?.joinedLive(part) ?? part }
        if let part = other.ended { ended = ended?.joined(part) ?? part }
        unknownFields = unknownFields.union(other.unknownFields)
    }

    /// Replaces the origins of both parts, for an engine that keeps origins apart from states. `nil` leaves an origin
    /// as it is.
    public mutating func setOrigins(live liveOrigin: SharedOrigin?, ended endedOrigin: SharedOrigin?) {
        if let liveOrigin { live?.origin = liveOrigin }
        if let endedOrigin { ended?.origin = endedOrigin }
    }
}
