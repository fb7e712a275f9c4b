import ProtoWire
import SpanModel
import SpanSession
import Testing

@testable import SpanTransport

@Suite struct ClientStateTests {
    static let origin = EncodedOrigin(resource: Resource(), scope: nil)
    static let now = SessionInstant(nanoseconds: 1_000)

    @Test("a batch that was closed just before the driver wants one brings it back at once")
    func closedBatch() {
        var state = ClientState(limits: SpanQueueLimits(maxBatchSpans: 1))
        state.isStarted = true
        #expect(state.driverGoes(wantsBatch: false, now: Self.now) == nil)
        // An ack comes: the driver finds nothing to send, and before it can say that it would, a span is reported.
        state.driverCame()
        #expect(state.queue.nextBatch(now: Self.now) == nil)
        let (offer, wakes, _) = state.offer(WireWriter(), Self.origin, countsFull: true, now: Self.now)
        #expect(offer == .taken)
        #expect(!wakes)
        #expect(state.driverGoes(wantsBatch: true, now: Self.now) == Self.now)
    }

    @Test("an open batch wakes the driver for its deadline once")
    func openBatch() {
        var state = ClientState(limits: SpanQueueLimits())
        state.isStarted = true
        #expect(state.driverGoes(wantsBatch: true, now: Self.now) == nil)
        let first = state.offer(WireWriter(), Self.origin, countsFull: true, now: Self.now)
        #expect(first.wakes)
        state.driverCame()
        let due = Self.now.advanced(by: SpanQueueLimits().maxBatchDelay)
        #expect(state.driverGoes(wantsBatch: true, now: Self.now) == due)
        let second = state.offer(WireWriter(), Self.origin, countsFull: true, now: Self.now)
        #expect(!second.wakes)
    }
}
