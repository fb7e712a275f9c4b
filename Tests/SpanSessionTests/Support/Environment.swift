import Foundation
import SpanSession

/// The seeds of a random test: `count` of them, or the one that `SEED=` names.
func seeds(_ count: UInt64) -> [UInt64] {
    if let text = ProcessInfo.processInfo.environment["SEED"], let seed = UInt64(text) { return [seed] }
    return Array(1...count)
}

/// Whether goldens are to be rewritten.
let isRecording = ProcessInfo.processInfo.environment["RECORD"] == "1"

extension SessionInstant {
    static func at(_ time: Duration) -> SessionInstant { SessionInstant(nanoseconds: 0).advanced(by: time) }
}
