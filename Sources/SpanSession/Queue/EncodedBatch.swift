import ProtoWire
import SpanModel

/// Spans encoded as `ResourceSpans` fields, ready to be framed without being encoded again.
public struct EncodedBatch: Sendable, Hashable {
    /// Zero or more fields 1 of `ExportTraceServiceRequest`, each a whole `ResourceSpans`.
    public let payload: [UInt8]
    /// How many spans are in them.
    public let spanCount: Int
    /// What the batch takes of a queue's bytes.
    public let queuedBytes: Int
    /// The queue's number for it; 0 when it comes from no queue.
    public let ordinal: UInt64

    package init(payload: [UInt8], spanCount: Int, queuedBytes: Int, ordinal: UInt64) {
        self.payload = payload
        self.spanCount = spanCount
        self.queuedBytes = queuedBytes
        self.ordinal = ordinal
    }

    /// Takes a payload that was encoded elsewhere, such as a captured `ExportTraceServiceRequest`; fields other than
    /// `resource_spans` are left out.
    ///
    /// - Throws: `WireError` when the payload's outer layers are malformed.
    public init(request payload: [UInt8], ordinal: UInt64 = 0) throws(WireError) {
        self.init(payload: payload, spanCount: 0, queuedBytes: payload.count, ordinal: ordinal)
    }

    /// Encodes a batch.
    public init(_ batch: SpanBatch, ordinal: UInt64 = 0) {
        let payload = SpanBatch(resourceSpans: batch.resourceSpans).encoded()
        self.init(payload: payload, spanCount: batch.spanCount, queuedBytes: payload.count, ordinal: ordinal)
    }
}
