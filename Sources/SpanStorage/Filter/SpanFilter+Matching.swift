import SpanMerge
import SpanModel

extension SpanFilter {
    /// Returns `true` when a span matches the filter. Every engine's search returns the spans for which this is `true`.
    ///
    /// A comparison with a value that is absent or of another type is `false` for every operator; `not` is the exact
    /// opposite of what it stands before. O(terms) times the cost of the patterns (`TextPattern.matches`).
    public func matches(_ merged: MergedSpan) -> Bool {
        switch node {
        case .all(let parts): parts.allSatisfy { $0.matches(merged) }
        case .any(let parts): parts.contains { $0.matches(merged) }
        case .not(let part): !part.matches(merged)
        case .present(let field): field.isPresent(in: merged)
        case .comparison(let comparison): comparison.holds(for: merged)
        }
    }
}

extension SpanFilter.Field {
    func isPresent(in merged: MergedSpan) -> Bool {
        let span = merged.span
        return switch self {
        case .service: !merged.service.isEmpty
        case .name: !span.name.isEmpty
        case .kind: span.kind != .unspecified
        case .status: merged.statusCode != .unset
        case .statusMessage: !(span.status?.message ?? "").isEmpty
        case .duration: merged.durationNano != nil
        case .start: span.startTimeUnixNano != 0
        case .end: span.isEnded
        case .trace: span.traceID.isValid
        case .span: span.spanID.isValid
        case .parent: span.parentSpanID.isValid
        case .running: merged.isRunning
        case .root: !span.parentSpanID.isValid
        case .error: merged.statusCode == .error
        case .scope: !(merged.origin.scope?.name ?? "").isEmpty
        case .event: !span.events.isEmpty
        case .attribute(let key): span.attributes.contains { key.isKey(of: $0) }
        case .resourceAttribute(let key): (merged.origin.resource?.attributes ?? []).contains { key.isKey(of: $0) }
        case .eventAttribute(let key): span.events.contains { $0.attributes.contains { key.isKey(of: $0) } }
        }
    }
}

extension SpanFilter.Comparison {
    func holds(for merged: MergedSpan) -> Bool {
        let span = merged.span
        var tally = Tally()
        switch field {
        case .service: tally.add(verdict(merged.service))
        case .name: tally.add(verdict(span.name))
        case .statusMessage: tally.add(verdict(span.status?.message ?? ""))
        case .scope: tally.add(verdict(merged.origin.scope?.name ?? ""))
        case .event: for event in span.events { tally.add(verdict(event.name)) }
        case .kind: if case .kind(let kind) = value { tally.add(span.kind == kind) }
        case .status: if case .status(let code) = value { tally.add(merged.statusCode == code) }
        case .trace: if case .trace(let id) = value { tally.add(span.traceID == id) }
        case .span: if case .span(let id) = value { tally.add(span.spanID == id) }
        case .parent:
            if case .span(let id) = value, span.parentSpanID.isValid { tally.add(span.parentSpanID == id) }
        case .duration:
            if case .duration(let bound) = value, let duration = merged.durationNano {
                tally.add(operation.positive.holds(order(duration, bound)))
            }
        case .start: tally.add(verdict(time: span.startTimeUnixNano))
        case .end: tally.add(verdict(time: span.endTimeUnixNano))
        case .attribute(let key): add(key, of: span.attributes, to: &tally)
        case .resourceAttribute(let key): add(key, of: merged.origin.resource?.attributes ?? [], to: &tally)
        case .eventAttribute(let key): for event in span.events { add(key, of: event.attributes, to: &tally) }
        case .running, .root, .error: break
        }
        return verdict(tally)
    }

    private func verdict(_ tally: Tally) -> Bool {
        operation.isNegative ? tally.isComparable && !tally.holds : tally.holds
    }

    /// Result of comparing all values that a field has.
    private struct Tally {
        /// `true` when at least one value could be compared.
        var isComparable = false
        /// `true` when the positive operator holds for at least one value.
        var holds = false

        mutating func add(_ verdict: Bool?) {
            guard let verdict else { return }
            isComparable = true
            if verdict { holds = true }
        }
    }

    /// Returns `true` when the positive operator holds for a text; `nil` when the comparison's value is not comparable
    /// with texts.
    private func verdict(_ text: String) -> Bool? {
        switch value {
        case .text(let other): operation.positive.holds(byteOrder(text, other.string))
        case .pattern(let pattern): pattern.matches(text)
        default: nil
        }
    }

    /// Returns `true` when the positive operator holds for a time; `nil` when the time is 0, which stands for none, or
    /// the comparison's value is no time.
    private func verdict(time: UInt64) -> Bool? {
        guard case .time(let bound) = value, time != 0 else { return nil }
        return operation.positive.holds(order(time, bound))
    }

    /// Compares the value of a key and adds the result to `tally`: of several attributes with that key the last, of an
    /// array each element.
    private func add(_ key: ExactText, of attributes: [Attribute], to tally: inout Tally) {
        guard let value = attributes.last(where: { key.isKey(of: $0) })?.value?.plain else { return }
        add(value, to: &tally)
    }

    /// Returns `true` when the comparison holds for an attribute with that value, which must not be `extended`.
    package func holds(forValue value: AttributeValue) -> Bool {
        var tally = Tally()
        add(value, to: &tally)
        return verdict(tally)
    }

    private func add(_ value: AttributeValue, to tally: inout Tally) {
        if case .array(let elements) = value {
            for element in elements { tally.add(verdict(element.plain)) }
        } else {
            tally.add(verdict(value))
        }
    }

    private func verdict(_ attribute: AttributeValue) -> Bool? {
        switch (attribute, value) {
        case (.string(let text), _): verdict(text)
        case (.bool(let flag), .flag(let other)): flag == other
        case (.int(let number), .integer(let other)): operation.positive.holds(order(number, other))
        case (.int(let number), .decimal(let other)): exactOrder(number, other).map(operation.positive.holds)
        case (.double(let number), .integer(let other)):
            exactOrder(other, number).map { operation.positive.holds(-$0) }
        case (.double(let number), .decimal(let other)):
            number.isNaN ? nil : operation.positive.holds(order(number, other))
        default: nil
        }
    }
}

extension ExactText {
    func isKey(of attribute: Attribute) -> Bool { byteOrder(string, attribute.key) == 0 }
}

/// Returns -1, 0 or 1 when the left value is less than, equal to or greater than the right.
private func order<Number: Comparable>(_ left: Number, _ right: Number) -> Int {
    left < right ? -1 : left > right ? 1 : 0
}

/// Returns -1, 0 or 1 when the integer is less than, equal to or greater than the double, without rounding either;
/// `nil` for NaN.
func exactOrder(_ integer: Int64, _ double: Double) -> Int? {
    if double.isNaN { return nil }
    if double >= 0x1p63 { return -1 }
    if double < -0x1p63 { return 1 }
    let whole = Int64(double)
    if integer != whole { return order(integer, whole) }
    // Of the same sign as the number; exact, since numbers with a fraction are below 2^53.
    return order(0, double - Double(whole))
}
