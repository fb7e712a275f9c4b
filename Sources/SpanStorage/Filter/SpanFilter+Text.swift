import SpanModel

extension SpanFilter: CustomStringConvertible {
    /// Canonical text of the filter, which parses to an equal filter. Terms are joined by spaces, `or` and `not` stand
    /// as words, parentheses only where they are needed, times in full. One line of printable characters.
    public var text: String {
        var text = ""
        write(to: &text, within: .top)
        return text
    }

    public var description: String { text }

    /// Context of a part: the greater the raw value, the more tightly it binds.
    private enum Around: Int {
        case top, any, all, not
    }

    private func write(to text: inout String, within around: Around) {
        switch node {
        case .all(let parts):
            if parts.isEmpty {
                text += around == .top ? "" : "()"
            } else {
                Self.write(parts, by: " ", as: .all, to: &text, within: around)
            }
        case .any(let parts):
            if parts.isEmpty {
                text += "not ()"
            } else {
                Self.write(parts, by: " or ", as: .any, to: &text, within: around)
            }
        case .not(let part):
            text += "not "
            part.write(to: &text, within: .not)
        case .present(let field): text += field.text
        case .comparison(let comparison):
            text += comparison.field.text + comparison.operation.rawValue + comparison.value.text
        }
    }

    private static func write(
        _ parts: [SpanFilter], by joint: String, as own: Around, to text: inout String, within around: Around
    ) {
        let needsParentheses = around.rawValue > own.rawValue
        if needsParentheses { text += "(" }
        for (index, part) in parts.enumerated() {
            if index > 0 { text += joint }
            part.write(to: &text, within: own)
        }
        if needsParentheses { text += ")" }
    }
}

extension SpanFilter.Field {
    /// Spelling of the field in a filter: `service`, `attr.http.route`, `attr."odd key"`.
    public var text: String {
        switch self {
        case .statusMessage: "status.message"
        case .attribute(let key): "attr." + NameText.key(key.string)
        case .resourceAttribute(let key): "resource." + NameText.key(key.string)
        case .eventAttribute(let key): "event." + NameText.key(key.string)
        case .service: "service"
        case .name: "name"
        case .kind: "kind"
        case .status: "status"
        case .duration: "duration"
        case .start: "start"
        case .end: "end"
        case .trace: "trace"
        case .span: "span"
        case .parent: "parent"
        case .running: "running"
        case .root: "root"
        case .error: "error"
        case .scope: "scope"
        case .event: "event"
        }
    }

    /// Fields that are not followed by a key.
    static let plain: [SpanFilter.Field] = [
        .service, .name, .kind, .status, .statusMessage, .duration, .start, .end, .trace, .span, .parent, .running,
        .root, .error, .scope, .event,
    ]
}

extension SpanFilter.Value {
    /// Spelling of the value in a filter: `checkout`, `"GET /"`, `500`, `1500ms`, `2026-08-01T12:00:00Z`.
    public var text: String {
        switch self {
        case .text(let text): FilterSpelling.word(text.string)
        case .integer(let number): String(number)
        case .decimal(let number): number.description
        case .flag(let flag): flag ? "true" : "false"
        case .duration(let nanoseconds): FilterSpelling.duration(nanoseconds)
        case .time(let unixNano): FilterSpelling.time(unixNano)
        case .kind(let kind): kind.description
        case .status(let code): code.description
        case .trace(let id): id.hex
        case .span(let id): id.hex
        case .pattern(let pattern): "\"" + pattern.source + "\""
        }
    }
}
