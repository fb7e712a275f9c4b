import ProtoWire

/// Signal of encoded bytes, found from their innermost records.
///
/// The bytes need not be valid: of logs hardly any are a valid `TracesData`. O(bytes), nothing is allocated.
struct SignalScan {
    /// Number of records that are likelier of each signal than of any other, by `Signal.rawValue`.
    private(set) var counts = [Int](repeating: 0, count: Signal.allCases.count)
    private var isClean = true

    /// Signal of bytes that are not spans; `nil` when they are spans, or when nothing tells.
    ///
    /// More records than not have to tell another signal: a few damaged spans are explained as spans.
    var other: Signal? {
        guard isClean, strangerCount > counts[Signal.traces.rawValue] else { return nil }
        return Signal.allCases.dropFirst().max { counts[$0.rawValue] < counts[$1.rawValue] }
    }

    /// `true` when no record tells its signal.
    var isUntold: Bool { counts.allSatisfy { $0 == 0 } }

    /// Number of records among spans that look like those of other signals.
    var strangers: Int { other == nil && isClean ? strangerCount : 0 }

    private var strangerCount: Int { counts.dropFirst().reduce(0, +) }

    // MARK: Words

    /// Returns the error `these are OTLP logs (3 log records), and only traces are read`, the same wherever bytes of
    /// another signal come in; `nil` for spans.
    func fault(at offset: Int) -> CaptureError? {
        guard let other else { return nil }
        let records = AttributeText.count(counts[other.rawValue], other.record)
        var words = Self.words(other, records)
        let rest = Signal.allCases.filter { $0 != other && counts[$0.rawValue] > 0 }
        if !rest.isEmpty {
            let list = rest.map { AttributeText.count(counts[$0.rawValue], $0.record) }.joined(separator: ", ")
            words += "; among them are left out: \(list)"
        }
        return CaptureError(.otherSignal, words, offset: offset)
    }

    /// Returns the message for another signal.
    ///
    /// - Parameter reason: evidence that told the signal.
    static func words(_ signal: Signal, _ reason: String) -> String {
        "these are OTLP \(signal.name) (\(reason)), and only traces are read"
    }

    /// Returns facts that a reader of decoded spans should know, one sentence each.
    ///
    /// - Parameter isCut: `true` when the bytes end too early.
    func notes(isCut: Bool = false) -> [String] {
        if isCut, isUntold { return [Self.untoldWords] }
        switch strangers {
        case 0: return []
        case 1: return ["1 of the spans looks like a record of another signal"]
        default: return ["\(strangers) of the spans look like records of other signals"]
        }
    }

    private static let untoldWords =
        "the input ends before a record that tells its signal: these may be spans, or logs, metrics or profiles"

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
                    let evidence = RecordEvidence(payload, record.content, isCut: scope.isCut)
                    if let signal = evidence.signal { counts[signal.rawValue] += 1 }
                }
                isClean = isClean && scope.isClean
            }
            isClean = isClean && resource.isClean
        }
        isClean = isClean && top.isClean
    }
}
