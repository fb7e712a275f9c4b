import SpanCapture
import SpanModel
import SpanSession
import SpanSpool

/// Final report of `send --spool` on its directory: what waits there, and what was damaged.
enum SpoolWords {
    /// Returns the lines of the report.
    ///
    /// - Parameter findings: damage that was found when the spool was taken over.
    static func lines(_ report: DeliveryReport, _ spool: String, findings: [String]) -> [String] {
        var lines: [String] = []
        var isHarmed = report.spansWithoutResource > 0 || report.uncountedLosses > 0
        if report.spooledSpans > 0 {
            let found = try? SpoolInspection(of: spool)
            // Of what nobody has tried to send yet.
            let damaged = found?.segments.reduce(0) { $0 + $1.unsentDamagedSpans } ?? 0
            let withoutResource = found?.segments.reduce(0) { $0 + $1.unsentSpansWithoutResource } ?? 0
            isHarmed = isHarmed || damaged + withoutResource > 0 || found == nil
            let waiting = report.spooledSpans - damaged
            if waiting > 0 {
                let wait = waiting == 1 ? "1 span waits" : "\(waiting) spans wait"
                lines.append("\(wait) in \(spool) for the next send --spool")
            }
            if withoutResource > 0 {
                let spans = AttributeText.count(withoutResource, "span")
                lines.append("of these \(spans) can be sent without resource and scope only, which are damaged")
            }
            if damaged > 0 {
                let spans = damaged == 1 ? "1 span in \(spool) is" : "\(damaged) spans in \(spool) are"
                lines.append("\(spans) damaged and cannot be sent")
            }
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
        if !findings.isEmpty, !isHarmed, lost == 0 {
            lines.append("nothing was lost by what is damaged in \(spool): no span is missing or altered")
        }
        return lines
    }
}
