import NIOCore
import SpanSession

/// A client's open connection, with the frames that are not written to it yet.
struct ClientLink {
    let number: ClientConnectionID
    let channel: any Channel
    private var buffers = FrameBuffers()
    /// Frames that wait until the spool's ledger has what they need, in order, with the place up to which it must be written.
    private var waiting = Fifo<(frame: OutgoingFrame, place: UInt64)>()
    private var isFlushDue = false

    init(number: ClientConnectionID, channel: any Channel) {
        self.number = number
        self.channel = channel
    }

    /// Writes a frame, not flushed.
    mutating func write(_ frame: OutgoingFrame) { if buffers.write(frame, to: channel) { isFlushDue = true } }

    /// Keeps a frame until the ledger is written up to `place`.
    mutating func hold(_ frame: OutgoingFrame, until place: UInt64) { waiting.append((frame, place)) }

    /// Takes out the next frame that waited for no more than `place`.
    mutating func nextHeld(through place: UInt64) -> OutgoingFrame? {
        guard let first = waiting.first, first.place <= place else { return nil }
        return waiting.popFirst()?.frame
    }

    /// Whether a large frame was written since the last call, so that a flush is due.
    mutating func takeFlushDue() -> Bool {
        defer { isFlushDue = false }
        return isFlushDue
    }
}
