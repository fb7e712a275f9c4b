import ProtoWire

/// Which signal encoded bytes hold, told by their innermost records.
///
/// The bytes need not be valid: of logs hardly any are a valid `TracesData`. O(bytes), nothing is allocated.
struct SignalScan {
    /// How many records are likelier of that signal than of any other, by `Signal.rawValue`.
    private(set) var counts = [Int](repeating: 0, count: Signal.allCases.count)
    private var isClean = true

    /// The signal, when the bytes are not spans; `nil` when they are, or when nothing tells.
    ///
    /// More records than not have to say so: a few spans of which little is left are explained as spans.
    var other: (signal: Signal, count: Int)? {
        guard isClean else { return nil }
        let others = counts.dropFirst().reduce(0, +)
        guard others > counts[Signal.traces.rawValue] else { return nil }
        let signal = Signal.allCases.dropFirst().max { counts[$0.rawValue] < counts[$1.rawValue] } ?? .logs
        return (signal, others)
    }

    /// How many records among spans look like those of other signals.
    var strangers: Int { other == nil && isClean ? counts.dropFirst().reduce(0, +) : 0 }

    /// A sentence about them.
    var strangerWords: String {
        strangers == 1
            ? "1 of the spans looks like a record of another signal"
            : "\(strangers) of the spans look like records of other signals"
    }

    init(_ payload: RawSpan) {
        var top = FieldWalk(payload, 0..<payload.byteCount)
        while let group = top.next() {
            guard group.number == 1, group.wireType == .lengthDelimited else { continue }
            var resource = FieldWalk(payload, group.content)
            while let scopeGroup = resource.next() {
                guard scopeGroup.number == 2, scopeGroup.wireType == .lengthDelimited else { continue }
                var scope = FieldWalk(payload, scopeGroup.content)
                while let record = scope.next() {
                    guard record.number == 2, record.wireType == .lengthDelimited else { continue }
                    if let signal = RecordEvidence(payload, record.content).signal { counts[signal.rawValue] += 1 }
                }
                isClean = isClean && scope.isClean
            }
            isClean = isClean && resource.isClean
        }
        isClean = isClean && top.isClean
    }

    /// `these are OTLP logs (3 log records)`.
    static func words(_ signal: Signal, _ count: Int) -> String {
        let records = count > 0 ? " (\(AttributeText.count(count, signal.record)))" : ""
        return "these are OTLP \(signal.name)\(records), and only traces are read"
    }
}
