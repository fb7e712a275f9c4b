import NIOCore
import Testing

@testable import SpanTransport

@Suite struct SpoolFailureLogTests {
    static func at(_ seconds: UInt64) -> NIODeadline { .uptimeNanoseconds(seconds * 1_000_000_000) }

    @Test func `a failure is told once while it lasts, and its end once`() {
        var log = SpoolFailureLog()
        let told = (UInt64(1)...40).filter { log.failed(now: Self.at($0)) }
        #expect(told == [1])
        let ends = [log.recovered(), log.recovered()]
        #expect(ends == [true, false])
    }

    @Test func `a failure soon after another is told as soon as there may be a line, if it still lasts`() {
        var log = SpoolFailureLog()
        let first = [log.failed(now: Self.at(1)), log.recovered()]
        #expect(first == [true, true])
        // Not in the log, and neither is its end.
        let second = [log.failed(now: Self.at(2)), log.recovered()]
        #expect(second == [false, false])
        let told = (UInt64(3)...60).filter { log.failed(now: Self.at($0)) }
        #expect(told == [11])
        let isOver = log.recovered()
        #expect(isOver)
    }
}
