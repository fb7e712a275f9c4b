/// A level of runs: the number of times that their reports were merged.
package struct RunLevel: RawRepresentable, Sendable, Hashable, Comparable {
    /// 0 ... 9, as it is stored.
    package let rawValue: Int64

    /// Makes a level of a stored number.
    ///
    /// - Returns: `nil` for a number that no level has.
    package init?(rawValue: Int64) {
        guard (0...9).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    private init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// The level of a run that was just appended.
    package static let appended = RunLevel(0)

    /// The level of what was merged once.
    package static let mergedOnce = RunLevel(1)

    /// The level of a run that is as large as runs get, and is not merged again.
    package static let finished = RunLevel(9)

    /// The level of what runs of this level are merged to, unless it is finished.
    package var next: RunLevel { RunLevel(min(rawValue + 1, Self.finished.rawValue - 1)) }

    /// Orders levels by how often runs were merged.
    package static func < (left: RunLevel, right: RunLevel) -> Bool { left.rawValue < right.rawValue }
}
