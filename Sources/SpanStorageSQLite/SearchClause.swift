import SpanMerge
import SpanModel
import SpanStorage

/// The conditions of a search as SQL with parameters, as far as the table has columns for them.
struct SearchClause {
    private enum Parameter {
        case integer(Int64)
        case unsigned(UInt64)
        case text(String)
        case trace(TraceID)
        case span(SpanID)
    }

    private var terms: [String] = []
    private var parameters: [Parameter] = []

    init(_ query: SpanQuery) {
        self.init(query.conditions)
        if let after = query.after { add(after) }
    }

    init(_ conditions: SpanConditions) {
        if let service = conditions.service {
            add("service_id = (SELECT id FROM service WHERE name = ?)", .text(service.string))
        }
        if let name = conditions.name { add("name = ?", .text(name.string)) }
        if let kind = conditions.kind { add("kind = ?", .integer(Int64(kind.rawValue))) }
        if let status = conditions.status { add("status = ?", .integer(Int64(status.rawValue))) }
        if let trace = conditions.trace { add("trace_id = ?", .trace(trace)) }
        if let span = conditions.span { add("span_id = ?", .span(span)) }
        if let parent = conditions.parent {
            if parent.isValid { add("parent_span_id = ?", .span(parent)) } else { add("parent_span_id IS NULL") }
        }
        if let isRunning = conditions.isRunning { add("end_time_unix_nano IS \(isRunning ? "" : "NOT ")NULL") }
        if let start = conditions.start { add("start_time_unix_nano", within: start) }
        if let end = conditions.end { add("end_time_unix_nano", within: end) }
        if let duration = conditions.durationNano {
            add("duration_nano >= ?", .integer(duration.lowerBound))
            if duration.upperBound < .max { add("duration_nano <= ?", .integer(duration.upperBound)) }
        }
    }

    /// ` WHERE …`, or nothing where every span is meant.
    var sql: String { terms.isEmpty ? "" : " WHERE " + terms.joined(separator: " AND ") }

    /// Hands over the values for the parameters of `sql`, which come before any other in the statement.
    func bind(to statement: Statement) {
        for (index, parameter) in parameters.enumerated() {
            switch parameter {
            case .integer(let value): statement.bind(index, value)
            case .unsigned(let value): statement.bind(index, unsigned: value)
            case .text(let text): statement.bind(index, text)
            case .trace(let id): statement.bind(index, blob: id.high, id.low)
            case .span(let id): statement.bind(index, blob: id.value)
            }
        }
    }

    private mutating func add(_ term: String, _ values: Parameter...) {
        terms.append(term)
        parameters += values
    }

    private mutating func add(_ column: String, within range: ClosedRange<UInt64>) {
        if range.lowerBound > 0 { add("\(column) >= ?", .unsigned(range.lowerBound)) }
        if range.upperBound < .max { add("\(column) <= ?", .unsigned(range.upperBound)) }
    }

    /// Behind a span in the order of results; that the start is not above its is in the conditions already.
    private mutating func add(_ cursor: SpanCursor) {
        add(
            "(start_time_unix_nano < ? OR (trace_id, span_id, side) > (?, ?, ?))", .unsigned(cursor.startUnixNano),
            .trace(cursor.key.traceID), .span(cursor.key.spanID), .integer(Int64(cursor.key.side.rawValue)))
    }
}
