import ProtoWire
import SpanCapture
import SpanMerge
import SpanModel
import SpanStorage

/// Spans of a trace as commands show them: with the clocks of machines corrected, unless the user refuses that.
struct TraceView {
    let tree: TraceTree
    /// Notes on clocks that are not as they should be, one line for each.
    let notes: [String]

    /// Creates the view of a trace.
    ///
    /// - Parameters:
    ///   - correctsSkew: `false` to show the times as they were reported.
    ///   - room: space for names in the notes.
    init(_ spans: [MergedSpan], correctsSkew: Bool, _ room: TextRoom) {
        let reported = TraceTree(spans)
        let skew = ClockSkew(reported)
        tree = correctsSkew ? TraceTree(skew.corrected(spans)) : reported
        notes = skew.clocks.compactMap { Self.note($0, isCorrected: correctsSkew, room) }
    }

    private static func note(_ clock: ClockSkew.Clock, isCorrected: Bool, _ room: TextRoom) -> String? {
        let name = clock.name.isEmpty ? "spans without a service" : room.name(room.shownName(clock.name))
        let services = clock.services.filter { !$0.hasSameBytes(as: clock.name) }
            .map { room.name(NameText.listed($0)) }
        let whose = services.isEmpty ? name : "\(name) (\(services.joined(separator: ", ")))"
        switch clock.finding {
        case .skewed:
            let amount = AnswerText.estimate(Int64(clamping: clock.aheadNano.magnitude))
            let bounds = AnswerText.estimate(clock.uncertaintyNano)
            return
                "clock of \(whose) is about \(amount) \(clock.aheadNano > 0 ? "ahead" : "behind"), give or take \(bounds)"
                + (isCorrected ? " (corrected in view)" : "")
        case .inconsistent:
            return "clock of \(whose) cannot be told: its calls contradict one another (not corrected)"
        case .reference, .agrees, .unknown: return nil
        }
    }
}

extension QueryOptions {
    /// Returns the spans of a trace.
    ///
    /// - Throws: a failure when there are none.
    func spans(of id: TraceID) async throws -> [MergedSpan] {
        let spans = try await ask { store throws(SpanStoreError) in try await store.trace(id) }
        guard !spans.isEmpty else { throw CommandFailure("no span of trace \(id.hex) in \(store)") }
        return spans
    }
}
