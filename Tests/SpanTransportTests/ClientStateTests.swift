import ProtoWire
import SpanModel
import SpanSession
import Testing

@testable import SpanTransport

@Suite struct ClientStateTests {
    static let origin = EncodedOrigin(resource: Resource(), scope: nil)
    static let now = SessionInstant(nanoseconds: 1_000)

    /// When a driver that finds nothing to hand over has to come again; fails when it finds something.
    static func rest(_ state: inout ClientState, wantsBatch: Bool, isReading: Bool = false) throws -> SessionInstant? {
        let errand = ClientVisit.Errand(wantsBatch: wantsBatch, isReading: isReading, phase: .delivering)
        let visit = state.visit(errand, now: now)
        guard case .rest(let rest) = visit else {
            Issue.record("the driver is to do something: \(visit)")
            return nil
        }
        return rest.due
    }

    @Test func `a batch that is closed while the driver is at work is seen before it goes, and wakes nobody`() throws {
        var state = ClientState(limits: SpanQueueLimits(maxBatchSpans: 1))
        let started = state.start()
        #expect(started)
        #expect(try Self.rest(&state, wantsBatch: false) == nil)
        // Without credit a batch is no reason to come; with an ack the driver comes by itself, and sees it.
        let (offer, wakes, _) = state.offer(WireWriter(), Self.origin, countsFull: true, now: Self.now)
        #expect(offer == .taken)
        #expect(!wakes)
        let errand = ClientVisit.Errand(wantsBatch: true, isReading: false, phase: .delivering)
        guard case .deliver(let dropped, let batch) = state.visit(errand, now: Self.now) else {
            Issue.record("the batch was not handed over")
            return
        }
        #expect(dropped.isEmpty)
        #expect(batch?.spanCount == 1)
        let second = state.offer(WireWriter(), Self.origin, countsFull: true, now: Self.now)
        #expect(!second.wakes, "the driver has not gone")
    }

    @Test func `an open batch wakes the driver for its deadline once`() throws {
        var state = ClientState(limits: SpanQueueLimits())
        let started = state.start()
        #expect(started)
        #expect(try Self.rest(&state, wantsBatch: true) == nil)
        let first = state.offer(WireWriter(), Self.origin, countsFull: true, now: Self.now)
        #expect(first.wakes)
        let due = Self.now.advanced(by: SpanQueueLimits().maxBatchDelay)
        #expect(try Self.rest(&state, wantsBatch: true) == due)
        let second = state.offer(WireWriter(), Self.origin, countsFull: true, now: Self.now)
        #expect(!second.wakes)
    }

    @Test func `drops are handed over before the goodbye, and goodbye is said once`() throws {
        var state = ClientState(limits: SpanQueueLimits(maxBatchBytes: 100))
        let started = state.start()
        #expect(started)
        var writer = WireWriter(capacity: 256)
        SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: String(repeating: "n", count: 200),
            startTimeUnixNano: 1
        ).encode(to: &writer)
        let (offer, _, _) = state.offer(writer, Self.origin, countsFull: true, now: Self.now)
        #expect(offer == .dropped)
        var errand = ClientVisit.Errand(wantsBatch: true, isReading: false, phase: .finishing)
        guard case .sayGoodbye(let dropped) = state.visit(errand, now: Self.now) else {
            Issue.record("no goodbye")
            return
        }
        #expect(dropped == [DropCount(reason: "span_too_large", spans: 1)])
        errand.phase = .saidGoodbye
        guard case .rest = state.visit(errand, now: Self.now) else {
            Issue.record("there is nothing more to do")
            return
        }
    }

    @Test func `a client that never started ends with its shutdown, and one that has a driver waits for it`() {
        var fresh = ClientState(limits: SpanQueueLimits())
        let freshHasDriver = fresh.close()
        let startsLate = fresh.start()
        let freshIsOver = fresh.isClosed && fresh.isOver
        #expect(!freshHasDriver && !startsLate && freshIsOver)
        var started = ClientState(limits: SpanQueueLimits())
        let starts = (started.start(), started.start())
        #expect(starts == (true, false))
        let hasDriver = started.close()
        let isClosing = started.isClosed && !started.isOver
        #expect(hasDriver && isClosing)
        started.end(.refused)
        let isOver = started.isClosed && started.isOver
        let hasDriverStill = started.close()
        #expect(isOver && !hasDriverStill)
    }
}
