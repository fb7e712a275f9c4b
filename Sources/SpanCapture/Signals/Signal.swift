/// Signal that OTLP carries. The messages of all four have the same three levels around their records (resource, scope,
/// record; fields 1, 2, 2), and nothing in the bytes names the signal.
enum Signal: Int, CaseIterable, Sendable {
    // In the order in which a record goes when nothing speaks for another.
    case traces, logs, metrics, profiles

    /// Name of the signal, as in "these are OTLP logs".
    var name: String {
        switch self {
        case .traces: "traces"
        case .logs: "logs"
        case .metrics: "metrics"
        case .profiles: "profiles"
        }
    }

    /// Name of one record.
    var record: String {
        switch self {
        case .traces: "span"
        case .logs: "log record"
        case .metrics: "metric"
        case .profiles: "profile"
        }
    }

    /// Key at the top of the signal's OTLP/JSON.
    var key: String {
        switch self {
        case .traces: "resourceSpans"
        case .logs: "resourceLogs"
        case .metrics: "resourceMetrics"
        case .profiles: "resourceProfiles"
        }
    }

    /// Key in the JSON of an answer that says how many records were rejected.
    var rejectedKey: String {
        switch self {
        case .traces: "rejectedSpans"
        case .logs: "rejectedLogRecords"
        case .metrics: "rejectedDataPoints"
        case .profiles: "rejectedProfiles"
        }
    }
}
