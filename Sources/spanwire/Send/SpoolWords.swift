import SpanCapture
import SpanModel
import SpanSession
import SpanSpool

/// What `send --spool` says of its directory when it ends: what waits there, and what was damaged.
enum SpoolWords {
    static func lines(_ report: DeliveryReport, _ spool: String) -> [String] {
        var lines: [String] = []
        if report.spooledSpans > 0 {
            let wait = report.spooledSpans == 1 ? "1 span waits" : "\(report.spooledSpans) spans wait"
            lines.append("\(wait) in \(spool) for the next send --spool")
            lines += waiting(in: spool)
        }
        let lost = report.dropped.filter { $0.reason == DropReason.spoolDamaged.rawValue }.reduce(0) { $0 + $1.spans }
        if lost > 0 {
            let one = "1 span in \(spool) was damaged and is lost"
            lines.append(lost == 1 ? one : "\(lost) spans in \(spool) were damaged and are lost")
        }
        if report.spansWithoutResource > 0 {
            let spans = AttributeText.count(report.spansWithoutResource, "span")
            lines.append("\(spans) of \(spool) sent without resource and scope, which were damaged there")
        }
        if report.uncountedLosses > 0 {
            let places = AttributeText.count(report.uncountedLosses, "damaged place")
            lines.append("\(places) in \(spool) may have held spans that are lost; how many is not known")
        }
        return lines
    }

    /// Of what nobody has tried to send yet.
    private static func waiting(in spool: String) -> [String] {
        guard let found = try? SpoolInspection(of: spool) else { return [] }
        let damaged = found.segments.reduce(0) { $0 + $1.unsentDamagedSpans }
        let withoutResource = found.segments.reduce(0) { $0 + $1.unsentSpansWithoutResource }
        var lines: [String] = []
        if damaged > 0 {
            let spans = damaged == 1 ? "1 span is" : "\(damaged) spans are"
            lines.append("of these \(spans) damaged and cannot be sent")
        }
        if withoutResource > 0 {
            let spans = AttributeText.count(withoutResource, "span")
            lines.append("of these \(spans) can be sent without resource and scope only, which are damaged")
        }
        return lines
    }
}
