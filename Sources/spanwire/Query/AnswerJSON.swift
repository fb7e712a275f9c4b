import SpanModel
import SpanStorage

/// Answer as JSON: an array of objects has one object in each line, everything else stands on one line.
indirect enum AnswerJSON {
    case text(String)
    case number(Int64)
    case count(UInt64)
    case flag(Bool)
    /// Nanoseconds since 1970, written as a string, since numbers of JSON are not exact in that range.
    case time(UInt64)
    case absent
    case list([AnswerJSON])
    case object([(String, AnswerJSON)])

    /// Returns a duration in nanoseconds; absent for `nil`.
    static func nano(_ value: Int64?) -> AnswerJSON { value.map { .number($0) } ?? .absent }

    /// Prints the answer and a newline.
    func print(to output: inout ByteOutput) {
        write(to: &output, indent: "")
        output.append(UInt8(ascii: "\n"))
    }

    private func write(to output: inout ByteOutput, indent: String) {
        switch self {
        case .text(let text): output.appendJSONString(text)
        case .number(let number): output.append(String(number))
        case .count(let number): output.append(String(number))
        case .flag(let flag): output.append(flag ? "true" : "false")
        case .time(let time): output.append("\"\(time)\"")
        case .absent: output.append("null")
        case .list(let values): Self.write(values, to: &output, indent: indent)
        case .object(let fields):
            output.append("{")
            for (index, field) in fields.enumerated() {
                if index > 0 { output.append(", ") }
                output.appendJSONString(field.0)
                output.append(": ")
                field.1.write(to: &output, indent: indent + "  ")
            }
            output.append("}")
        }
    }

    private static func write(_ values: [AnswerJSON], to output: inout ByteOutput, indent: String) {
        let isRows = values.contains { if case .object = $0 { true } else { false } }
        output.append("[")
        for (index, value) in values.enumerated() {
            if index > 0 { output.append(isRows ? "," : ", ") }
            if isRows { output.append("\n\(indent)  ") }
            value.write(to: &output, indent: indent + "  ")
        }
        output.append(isRows ? "\n\(indent)]" : "]")
    }
}

extension AnswerJSON {
    /// Returns the fields that name an operation.
    static func fields(_ operation: SpanOperation) -> [(String, AnswerJSON)] {
        [
            ("service", .text(operation.service.string)), ("operation", .text(operation.name.string)),
            ("kind", .text(operation.kind.description)),
        ]
    }

    /// Returns the fields of a distribution: count, percentiles and bounds in nanoseconds.
    static func fields(_ latency: LatencySketch) -> [(String, AnswerJSON)] {
        [
            ("durations", .count(latency.count)), ("p50Nano", .nano(latency.percentile(0.5))),
            ("p90Nano", .nano(latency.percentile(0.9))), ("p99Nano", .nano(latency.percentile(0.99))),
            ("maxNano", latency.count == 0 ? .absent : .number(latency.greatestNano)),
        ]
    }
}
