import Histogram
import ProtoWire
import SpanCapture
import SpanLoad
import SpanModel
import SpanSession

/// Output of `bench`.
struct BenchReport {
    var command: BenchCommand
    var plan: LoadPlan
    var result: LoadResult
    var collector: ProcessClock

    private static let percentiles = [50.0, 90, 99, 99.9, 100]

    func print() throws {
        let standardOutput = StandardOutput()
        var output = standardOutput.makeOutput()
        output.append(command.format == .json ? json : text)
        output.flush()
        try standardOutput.check()
    }

    /// Returns the line of progress for one second.
    static func line(_ progress: LoadProgress) -> String {
        let seconds = progress.elapsed.components.seconds
        return "\(seconds) s: \(Figure.grouped(progress.spansPerSecond)) spans/s, "
            + "\(Figure.decimals(progress.wireBytesPerSecond / 1e6, 1)) MB/s"
    }

    private var text: String {
        var lines: [(String, String)] = []
        let load = plan.rate.map { "\(Figure.grouped($0)) spans/s" } ?? "flat out"
        lines.append(
            (
                "load",
                "\(load), \(plan.connections.counted("connection")), \(plan.batchSpans.counted("span")) a batch, "
                    + "\(command.compression.defaultValueDescription), \(command.spans)"
            ))
        lines.append(("collector", command.to.map { "\($0)" } ?? "in this process, storing nothing"))
        lines.append(("acknowledged", "\(Figure.grouped(result.spansPerSecond)) spans/s"))
        if hasSpans {
            lines.append(("on the wire", "\(Figure.decimals(result.bytesPerSpan, 1)) bytes/span"))
        }
        let (user, system) = result.processorSeconds
        let here =
            hasSpans
            ? "\(Figure.decimals(result.processorSecondsPerMillionSpans, 2)) s per million spans"
            : "nothing acknowledged"
        lines.append(
            (
                command.to == nil ? "processor" : "processor here",
                "\(here) (user \(Figure.decimals(user, 2)) s, system \(Figure.decimals(system, 2)) s)"
            ))
        if let seconds = collector.seconds, hasSpans {
            let each = seconds / Double(result.measuredSpans) * 1e6
            lines.append(("processor there", "\(Figure.decimals(each, 2)) s per million spans"))
        }
        lines.append(("ack", Self.latencies(result.ackNanoseconds)))
        if plan.rate != nil { lines.append(("delivery", Self.latencies(result.deliveryNanoseconds))) }
        let handOver = result.handOverNanoseconds
        if handOver.totalCount > 0 {
            let parts = [50.0, 90, 99].map { "p\(Figure.shortest($0)) \(handOver.valueAtPercentile($0)) ns" }
            lines.append(("hand-over", parts.joined(separator: ", ")))
        }
        lines.append(("spans", "\(result.report)"))
        let width = lines.map(\.0.count).max() ?? 0
        return lines.map { name, value in
            name + String(repeating: " ", count: width + 2 - name.count) + value + "\n"
        }.joined()
    }

    private static func latencies(_ histogram: LoadHistogram) -> String {
        guard histogram.totalCount > 0 else { return "nothing measured" }
        let parts = percentiles.map { percentile in
            let name = percentile == 100 ? "max" : "p\(Figure.shortest(percentile))"
            return "\(name) \(Figure.decimals(Double(histogram.valueAtPercentile(percentile)) / 1e6, 2)) ms"
        }
        return parts.joined(separator: ", ")
    }

    /// `false` when no span was measured, so that nothing can be divided by their number.
    private var hasSpans: Bool { result.measuredSpans > 0 }

    private var json: String {
        var fields: [(String, String)] = [
            ("connections", "\(plan.connections)"), ("batchSpans", "\(plan.batchSpans)"),
            ("compression", "\"\(command.compression.defaultValueDescription)\""),
            ("seconds", Figure.decimals(result.seconds, 3)), ("ackedSpans", "\"\(result.measuredSpans)\""),
            ("spansPerSecond", Figure.decimals(result.spansPerSecond, 1)), ("batches", "\"\(result.measuredBatches)\""),
            ("bytesPerSpan", hasSpans ? Figure.decimals(result.bytesPerSpan, 2) : "null"),
            ("cpuUserSeconds", Figure.decimals(result.processorSeconds.user, 3)),
            ("cpuSystemSeconds", Figure.decimals(result.processorSeconds.system, 3)),
            (
                "cpuSecondsPerMillionSpans",
                hasSpans ? Figure.decimals(result.processorSecondsPerMillionSpans, 4) : "null"
            ),
        ]
        if let rate = plan.rate { fields.insert(("rate", Figure.decimals(rate, 1)), at: 0) }
        if let seconds = collector.seconds {
            fields.append(("collectorCPUSeconds", Figure.decimals(seconds, 3)))
        }
        let rates = result.rates.map { Figure.decimals($0, 0) }.joined(separator: ", ")
        fields.append(("spansPerSecondBySecond", "[\(rates)]"))
        fields.append(("ackNanoseconds", Self.object(result.ackNanoseconds)))
        if plan.rate != nil { fields.append(("deliveryNanoseconds", Self.object(result.deliveryNanoseconds))) }
        fields.append(("handOverNanoseconds", Self.object(result.handOverNanoseconds)))
        let report = result.report
        fields.append(
            (
                "spans",
                "{\"reported\": \(report.reportedSpans), \"stored\": \(report.storedSpans), "
                    + "\"rejected\": \(report.rejectedSpans), \"dropped\": \(report.droppedSpans), "
                    + "\"pending\": \(report.pendingSpans)}"
            ))
        return "{\n" + fields.map { "  \"\($0.0)\": \($0.1)" }.joined(separator: ",\n") + "\n}\n"
    }

    private static func object(_ histogram: LoadHistogram) -> String {
        var parts = ["\"count\": \(histogram.totalCount)"]
        if histogram.totalCount > 0 {
            for percentile in percentiles {
                let name = percentile == 100 ? "max" : "p\(Figure.shortest(percentile))"
                parts.append("\"\(name)\": \(histogram.valueAtPercentile(percentile))")
            }
        }
        return "{" + parts.joined(separator: ", ") + "}"
    }
}

/// Numbers as text for people, without Foundation.
enum Figure {
    /// Returns a rounded number with groups of digits: `1,234,567`.
    static func grouped(_ value: Double) -> String {
        var digits = String(Int64(value.rounded()))
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return ([digits] + groups).joined(separator: ",")
    }

    /// Returns a number with `count` digits behind the point.
    static func decimals(_ value: Double, _ count: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "0" }
        var scale: Int64 = 1
        for _ in 0..<count { scale *= 10 }
        let scaled = Int64((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard count > 0 else { return sign + String(scaled) }
        let rest = String(scaled % scale)
        return sign + String(scaled / scale) + "." + String(repeating: "0", count: count - rest.count) + rest
    }

    /// Returns a number with one digit behind the point, or without when that is 0: `99`, `99.9`.
    static func shortest(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : decimals(value, 1)
    }
}
