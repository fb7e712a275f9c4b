import ProtoWire
import SpanCapture
import SpanModel
import SpanStorage

/// Numbers and names as the tables of queries show them.
enum AnswerText {
    /// Returns the name of a service or an operation, as other commands take it.
    static func name(_ text: ExactText, _ room: TextRoom) -> String { room.shownName(text.string) }

    /// Returns a percentile as an estimate, but never more than the greatest duration as `greatest` shows it; `-`
    /// without one.
    ///
    /// A rounded estimate could come out above the greatest duration, and so an estimate above the exact bound.
    static func percentile(_ part: Double, of latency: LatencySketch) -> String {
        let text = estimate(latency.percentile(part))
        guard let rounded = DurationText.nanoseconds(text), rounded > latency.greatestNano else { return text }
        return greatest(latency)
    }

    /// Returns an estimated duration with three digits, since more would pretend exactness; `-` without one.
    static func estimate(_ nanoseconds: Int64?) -> String {
        guard let nanoseconds else { return "-" }
        var scale: Int64 = 1
        while nanoseconds / scale >= 1000 { scale *= 10 }
        let (rounded, overflow) = ((nanoseconds / scale) + (nanoseconds % scale * 2 >= scale && scale > 1 ? 1 : 0))
            .multipliedReportingOverflow(by: scale)
        return DurationText.text(overflow ? nanoseconds : rounded)
    }

    /// Returns the exact greatest duration.
    static func greatest(_ latency: LatencySketch) -> String {
        latency.count == 0 ? "-" : DurationText.text(latency.greatestNano)
    }

    /// Returns a share, such as `12.5%`, `<0.1%` or `0%`; `-` of nothing.
    static func share(_ part: UInt64, of whole: UInt64) -> String {
        guard whole > 0 else { return "-" }
        let thousandths = Int64((Double(part) * 1000 / Double(whole)).rounded())
        if thousandths == 0 { return part == 0 ? "0%" : "<0.1%" }
        return thousandths % 10 == 0 ? "\(thousandths / 10)%" : "\(thousandths / 10).\(thousandths % 10)%"
    }

    /// Returns a rate, such as `250/s`, `12.5/s`, `0.25/s` or `<0.01/s`.
    static func rate(_ count: UInt64, perNano nanoseconds: UInt64) -> String {
        guard nanoseconds > 0 else { return "-" }
        let exact = (Double(count) * 100e9 / Double(nanoseconds)).rounded()
        let hundredths = exact < 0x1p62 ? Int64(exact) : Int64(1) << 62
        if hundredths == 0 { return count == 0 ? "0/s" : "<0.01/s" }
        if hundredths >= 100_00 || hundredths % 100 == 0 { return "\(hundredths / 100)/s" }
        let digits = hundredths % 100
        return "\(hundredths / 100)." + (digits % 10 == 0 ? "\(digits / 10)" : digits < 10 ? "0\(digits)" : "\(digits)")
            + "/s"
    }

    /// Returns a time, or `unknown`.
    static func time(_ unixNano: UInt64) -> String { unixNano == 0 ? "unknown" : UTCTime.text(unixNano) }

    /// Writes to standard error that there are more groups than an answer tells apart.
    static func note(leftOut spans: UInt64, _ what: String) {
        guard spans > 0 else { return }
        Process.writeError(
            "spanwire: more than \(SpanGroupLimit.groups) \(what); \(spans == 1 ? "1 span of another is" : "\(spans) spans of others are") left out; "
                + "narrow the filter\n")
    }
}

extension QueryOptions {
    /// Prints an answer in the form that the options ask for.
    func print(_ text: @autoclosure () -> [TextPart], _ json: @autoclosure () -> AnswerJSON) throws {
        if format == .table { return try text().print() }
        let standardOutput = StandardOutput()
        var output = standardOutput.makeOutput()
        json().print(to: &output)
        output.flush()
        try standardOutput.check()
    }
}

extension TextRoom {
    /// Returns a name as commands write it, at most as wide as a column of a table.
    func shownName(_ name: String) -> String { NameText.shown(name, columns: valueColumns) }
}
