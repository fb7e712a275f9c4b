import SpanCapture
import SpanMerge
import SpanModel
import SpanStorage

/// Trace as a tree of aligned lines: services, names, durations.
enum TraceText {
    /// Returns the parts of the output.
    ///
    /// - Parameter view: view of at least one span.
    static func parts(_ view: TraceView, _ room: TextRoom) -> [TextPart] {
        let outline = TraceOutline(view.tree)
        let spans = view.tree.nodes.map(\.span)
        let starts = spans.map(\.span.startTimeUnixNano).filter { $0 != 0 }
        let begin = starts.min() ?? 0
        var table = TextTable(
            [
                .text("SERVICE / SPAN", 1), .word("KIND", 7), .number("START", 5), .number("DURATION", 2),
                .text("STATUS", 4), .word("SPAN ID", 6), .remark("", 3),
            ], in: room)
        for line in outline.lines { table.add(cells(line, begin: begin, room), lead: line.prefix) }
        let notes = view.notes.map { $0 + "\n" }.joined()
        return [.lines(room.folded(heading(spans, begin: begin) + notes) + "\n"), .table(table)]
    }

    private static func heading(_ spans: [MergedSpan], begin: UInt64) -> String {
        var text = "trace \(spans[0].span.traceID.hex)\n"
        let services = Set(spans.map(\.service)).subtracting([""]).count
        text += "\(AttributeText.count(spans.count, "span")) of \(AttributeText.count(services, "service"))"
        if begin != 0 { text += ", started \(UTCTime.text(begin))" }
        let running = spans.count { $0.isRunning }
        let end = spans.map(\.span.endTimeUnixNano).max() ?? 0
        if running > 0 {
            text += ", \(running) running"
        } else if begin != 0, end >= begin {
            text += ", took \(DurationText.text(Int64(clamping: end - begin)))"
        }
        let errors = spans.count { $0.statusCode == .error }
        if errors > 0 { text += ", \(AttributeText.count(errors, "error"))" }
        return text + "\n"
    }

    private static func cells(_ line: TraceOutline.Line, begin: UInt64, _ room: TextRoom) -> [String] {
        let merged = line.node.span
        let span = merged.span
        let start = span.startTimeUnixNano
        var status = merged.statusCode.description
        if let message = span.status?.message, !message.isEmpty { status += " " + TerminalText.quoted(message) }
        var marks: [String] = []
        if line.node.attachment == .orphan { marks.append("orphan: parent \(span.parentSpanID.hex) is not here") }
        if line.node.attachment == .cycle { marks.append("its own ancestor") }
        if merged.isConflicted { marks.append("conflicting reports") }
        return [
            "\(room.shownName(merged.service)) / \(room.shownName(span.name))", span.kind.description,
            start == 0 ? "unknown" : "+" + DurationText.text(Int64(clamping: start - begin)),
            DurationText.text(from: start, to: span.endTimeUnixNano), status, span.spanID.hex,
            marks.joined(separator: ", "),
        ]
    }
}
