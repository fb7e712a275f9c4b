import SpanModel

// What a driver asks of a session.
extension ClientSession {
    /// Whether `send` is welcome: a connection is open, credit is left, and nothing handed over before waits to be sent.
    /// A driver that hands over more all the same only moves memory from the queue to the session.
    public var wantsBatch: Bool {
        guard case .open(let open) = state, !outbox.isLeaving, !outbox.held.hasUnsent else { return false }
        return open.credit > 0 || outbox.held.outstandingBytes == 0
    }

    /// Whether every batch handed over is settled and every drop told.
    public var isIdle: Bool { outbox.isEmpty }

    /// Payload bytes of batches that are not settled, and bytes of frames that were not read: what the session holds in
    /// memory. O(batches).
    public var heldBytes: Int {
        let ofConnection =
            switch state {
            case .greeting(let greeting): greeting.decoder.bufferedBytes
            case .open(let open): open.decoder.bufferedBytes + (open.compressedNext?.payload.count ?? 0)
            case .fresh, .connecting, .waiting, .finished: 0
            }
        return outbox.held.payloadBytes + ofConnection
    }

    /// Bytes of the collector's credit that are left on the connection at hand; negative after a frame larger than all of
    /// it. `nil` while no collector has welcomed the sender.
    package var credit: Int? { if case .open(let open) = state { open.credit } else { nil } }

    /// The moment at which `timeout(now:)` is to be called; `nil` for never. Ask again after every event.
    public var nextDeadline: SessionInstant? {
        switch state {
        case .fresh, .finished: nil
        case .connecting(let deadline): deadline
        case .greeting(let greeting): greeting.deadline
        case .waiting(let until): until
        case .open(let open): open.liveness.deadline(insideFrame: open.decoder.isInsideFrame)
        }
    }

    /// Takes out payloads of batches that are done with, a few, for `SpanQueue.recycle`.
    public mutating func takeSpares() -> [[UInt8]] {
        guard !spares.isEmpty else { return [] }
        defer { spares = [] }
        return spares
    }
}
