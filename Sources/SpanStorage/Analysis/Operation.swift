import SpanMerge
import SpanModel

/// What spans of one kind of work have in common: service, name and kind.
public struct Operation: Sendable, Hashable, Comparable {
    /// `service.name`; empty without.
    public var service: ExactText
    /// The spans' name.
    public var name: ExactText
    public var kind: SpanKind

    public init(service: ExactText, name: ExactText, kind: SpanKind) {
        self.service = service
        self.name = name
        self.kind = kind
    }

    /// The operation of a span.
    public init(_ merged: MergedSpan) {
        self.init(service: ExactText(merged.service), name: ExactText(merged.span.name), kind: merged.span.kind)
    }

    /// By service, then name (bytes), then number of the kind.
    public static func < (left: Operation, right: Operation) -> Bool {
        let order = left.service.order(right.service)
        if order != 0 { return order < 0 }
        let nameOrder = left.name.order(right.name)
        return nameOrder == 0 ? left.kind.rawValue < right.kind.rawValue : nameOrder < 0
    }
}

extension ExactText {
    /// -1, 0 or 1 as its bytes come before, equal or come after the other's.
    func order(_ other: ExactText) -> Int { byteOrder(string, other.string) }
}

/// How often an operation was seen.
public struct OperationSummary: Sendable, Hashable {
    public var operation: Operation
    /// Merged spans, running ones included.
    public var spans: UInt64 = 0
    /// With status `error`.
    public var errors: UInt64 = 0
    /// Without an end.
    public var running: UInt64 = 0
    /// The latest start among them, nanoseconds since 1970-01-01T00:00:00Z.
    public var newestStartUnixNano: UInt64 = 0

    public init(_ operation: Operation) { self.operation = operation }

    /// Counts one span in.
    mutating func add(_ merged: MergedSpan) {
        spans += 1
        if merged.statusCode == .error { errors += 1 }
        if merged.isRunning { running += 1 }
        newestStartUnixNano = max(newestStartUnixNano, merged.span.startTimeUnixNano)
    }

    /// Counts the spans of another summary in.
    package mutating func add(_ other: OperationSummary) {
        spans += other.spans
        errors += other.errors
        running += other.running
        newestStartUnixNano = max(newestStartUnixNano, other.newestStartUnixNano)
    }
}
