import ProtoWire
import SpanModel
import SpanSession
import Testing

struct GoAwayDelayTests {
    let start = SessionInstant.at(.zero)

    @Test func `a delay is told in whole milliseconds, never less than asked for, never as do not come back`() {
        let cases: [(Duration, UInt32)] = [
            (.zero, 1), (.seconds(-5), 1), (.nanoseconds(-1), 1), (.nanoseconds(1), 1), (.milliseconds(1), 1),
            (.milliseconds(1) + Duration(secondsComponent: 0, attosecondsComponent: 1), 2), (.microseconds(1999), 2),
            (.milliseconds(2), 2), (.seconds(1), 1000), (.milliseconds(Int64(UInt32.max) - 1), .max - 1),
            (.milliseconds(Int64(UInt32.max)), .max), (.milliseconds(Int64(UInt32.max) + 1), .max),
            (.seconds(Int64.max), .max), (.seconds(Int64.min), 1),
        ]
        for (delay, milliseconds) in cases { #expect(delay.retryAfterMilliseconds == milliseconds, "\(delay)") }
    }

    @Test func `a drain and a store that fails tell their delay alike`() {
        var drained = ServerSession(settings: ServerSettings(), now: start)
        let drain = drained.drain(retryAfter: .microseconds(1500), now: start)
        var failed = welcomedServer()
        _ = failed.received(batchFrame(1).rawSpan, now: start)
        let failure = failed.batchFailed(retryAfter: .microseconds(1500), now: start)
        for actions in [drain, failure] {
            guard case .sentAway(let goAway) = actions.outcome else {
                Issue.record("not sent away: \(actions)")
                continue
            }
            #expect(goAway.retryAfterMilliseconds == 2)
        }
    }
}
