import SpanMerge
import SpanModel

/// Service, name and kind that spans of one kind of work share.
public struct SpanOperation: Sendable, Hashable, Comparable {
    /// Value of the resource's `service.name`; empty when it has none.
    public var service: ExactText
    /// Name of the spans.
    public var name: ExactText
    /// Kind of the spans.
    public var kind: SpanKind

    /// Creates an operation from its parts.
    public init(service: ExactText, name: ExactText, kind: SpanKind) {
        self.service = service
        self.name = name
        self.kind = kind
    }

    /// Creates the operation that a span belongs to.
    public init(_ merged: MergedSpan) {
        self.init(service: ExactText(merged.service), name: ExactText(merged.span.name), kind: merged.span.kind)
    }

    /// Orders operations by service (bytes), then name (bytes), then number of the kind.
    public static func < (left: SpanOperation, right: SpanOperation) -> Bool {
        let order = left.service.order(right.service)
        if order != 0 { return order < 0 }
        let nameOrder = left.name.order(right.name)
        return nameOrder == 0 ? left.kind.rawValue < right.kind.rawValue : nameOrder < 0
    }
}

extension ExactText {
    /// Returns -1, 0 or 1 when the bytes of this text come before, equal or come after those of the other.
    func order(_ other: ExactText) -> Int { byteOrder(string, other.string) }
}

/// Counts of the spans of one operation.
public struct OperationSummary: Sendable, Hashable {
    /// Operation that is counted.
    public var operation: SpanOperation
    /// Number of merged spans, running ones included.
    public var spans: UInt64 = 0
    /// Number of spans with status `error`.
    public var errors: UInt64 = 0
    /// Number of spans without an end.
    public var running: UInt64 = 0
    /// Latest start of the spans, nanoseconds since 1970-01-01T00:00:00Z.
    public var newestStartUnixNano: UInt64 = 0

    /// Creates the summary of `operation`, without spans.
    public init(_ operation: SpanOperation) { self.operation = operation }

    /// Adds one span to the counts.
    mutating func add(_ merged: MergedSpan) {
        spans += 1
        if merged.statusCode == .error { errors += 1 }
        if merged.isRunning { running += 1 }
        newestStartUnixNano = max(newestStartUnixNano, merged.span.startTimeUnixNano)
    }

    /// Adds the counts of another summary of the same operation.
    package mutating func add(_ other: OperationSummary) {
        spans += other.spans
        errors += other.errors
        running += other.running
        newestStartUnixNano = max(newestStartUnixNano, other.newestStartUnixNano)
    }
}
