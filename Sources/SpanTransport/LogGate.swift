import NIOCore
import Synchronization

/// Lets one line of a kind through per interval and counts the others, so that a flood of the same does not flood the log.
///
/// One gate serves all lines of one kind, whoever writes them; lines with different reasons pass it apart.
package final class LogGate: Sendable {
    private struct Line {
        var next = NIODeadline.uptimeNanoseconds(0)
        var held = 0
    }

    /// Reasons may come from outside, so only so many are told apart; all others are one.
    private static let maxReasons = 16

    private let interval: TimeAmount
    private let lines = Mutex<[String: Line]>([:])

    /// - Parameter interval: from one line to the next of the same reason.
    package init(interval: TimeAmount = .seconds(10)) { self.interval = interval }

    /// Asks for a line, and counts it where it is not to be written.
    ///
    /// - Parameters:
    ///   - reason: what tells lines of this kind apart.
    ///   - count: how many things the line would stand for.
    /// - Returns: how many things have happened since the last line of the reason, these included; `nil` when nothing is to
    ///   be logged.
    package func pass(_ reason: String = "", adding count: Int = 1, now: NIODeadline = .now()) -> Int? {
        lines.withLock { lines in
            let isKnown = lines[reason] != nil || lines.count < Self.maxReasons
            let reason = isKnown ? reason : ""
            var line = lines[reason] ?? Line()
            line.held += count
            let passes = now >= line.next
            let held = line.held
            if passes { line = Line(next: now + interval) }
            lines[reason] = line
            return passes ? held : nil
        }
    }
}
