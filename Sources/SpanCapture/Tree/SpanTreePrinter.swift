import ProtoWire
import SpanModel

/// Prints spans for people: resource, scope, span, with a line for each part of them.
///
/// Everything from outside is escaped, so that the output is safe on a terminal. Times are UTC with nanoseconds; a span
/// without an end is shown as running, without a duration.
public struct SpanTreePrinter: ~Copyable {
    var output: ByteOutput
    private var depth: Int
    /// Space for values.
    private let room: TextRoom
    /// `true` when a value was shortened.
    private(set) var hasShortened = false

    /// Creates a printer.
    ///
    /// - Parameters:
    ///   - output: the text that lines are added to.
    ///   - depth: how far to indent, in steps of two spaces.
    public init(to output: consuming ByteOutput, depth: Int = 0) {
        self.init(to: output, depth: depth, in: .unlimited)
    }

    /// Creates a printer whose values fit into a room.
    package init(to output: consuming ByteOutput, depth: Int = 0, in room: TextRoom) {
        self.output = output
        self.depth = depth
        self.room = room
    }

    /// Returns a value that is safe to show, fitted into the rest of a line of which `used` columns are taken.
    mutating func fitted(_ text: String, behind used: Int) -> String {
        guard let limit = limit(behind: used) else { return text }
        let fitted = ColumnText(text, atMost: limit)
        if fitted.isShortened { hasShortened = true }
        return fitted.text
    }

    /// Returns the greatest width of a value in columns; `nil` for any width.
    func limit(behind used: Int) -> Int? {
        guard let line = room.lineColumns else { return room.valueColumns }
        return max(line - 2 * depth - used, 16)
    }

    /// Returns the output.
    public consuming func finish() -> ByteOutput { output }

    /// Prints one line at the current depth.
    public mutating func line(_ text: String) {
        startLine()
        output.append(text)
        endLine()
    }

    mutating func startLine() { output.append(repeating: UInt8(ascii: " "), count: 2 * depth) }

    mutating func endLine() { output.append(UInt8(ascii: "\n")) }

    /// Prints one step deeper everything that `body` prints.
    public mutating func indented(_ body: (inout SpanTreePrinter) -> Void) {
        depth += 1
        body(&self)
        depth -= 1
    }

    /// Changes the depth of everything that is printed next.
    mutating func depthChanged(by steps: Int) { depth += steps }

    /// Prints all spans of a batch.
    public mutating func print(_ batch: SpanBatch) {
        for resourceSpans in batch.resourceSpans { print(resourceSpans) }
        unknown(batch.unknownFields)
    }

    mutating func print(_ group: ResourceSpans) {
        if let resource = group.resource {
            line("resource " + (resource.serviceName.map { name($0, behind: 9) } ?? "(no service.name)"))
            indented { $0.print(resource) }
        } else {
            line("resource (absent)")
        }
        indented { printer in
            printer.optional("schema url", group.schemaURL)
            printer.unknown(group.unknownFields)
            for scopeSpans in group.scopeSpans { printer.print(scopeSpans) }
        }
    }

    private mutating func print(_ resource: Resource) {
        attributes(resource.attributes, dropped: resource.droppedAttributesCount)
        for entity in resource.entityRefs {
            line("entity " + name(entity.type, behind: 7))
            indented { printer in
                printer.keys("id keys", entity.idKeys)
                printer.keys("description keys", entity.descriptionKeys)
                printer.optional("schema url", entity.schemaURL)
                printer.unknown(entity.unknownFields)
            }
        }
        unknown(resource.unknownFields)
    }

    mutating func print(_ group: ScopeSpans) {
        if let scope = group.scope {
            let version = scope.version.isEmpty ? "" : " " + name(scope.version, behind: 24)
            let called = scope.name.isEmpty ? "(no name)" : name(scope.name, behind: 6 + version.utf8.count)
            line("scope \(called)\(version)")
            indented { printer in
                printer.attributes(scope.attributes, dropped: scope.droppedAttributesCount)
                printer.unknown(scope.unknownFields)
            }
        } else {
            line("scope (absent)")
        }
        indented { printer in
            printer.optional("schema url", group.schemaURL)
            printer.unknown(group.unknownFields)
            for span in group.spans { printer.print(span) }
        }
    }

    /// Prints one span.
    public mutating func print(_ span: SpanRecord) {
        let rest = " \(span.kind) " + DurationText.text(from: span.startTimeUnixNano, to: span.endTimeUnixNano)
        line("span \(quoted(span.name, behind: 5 + rest.utf8.count))\(rest)")
        indented { printer in
            printer.idLine(
                "trace  ", high: span.traceID.high, low: span.traceID.low, irregular: span.irregularIDs[.traceID])
            printer.idLine("id     ", high: nil, low: span.spanID.value, irregular: span.irregularIDs[.spanID])
            let parent = span.irregularIDs[.parentSpanID]
            if span.parentSpanID.isValid || parent != nil {
                printer.idLine("parent ", high: nil, low: span.parentSpanID.value, irregular: parent)
            } else {
                printer.line("parent none (root)")
            }
            printer.timeLine("start  ", span.startTimeUnixNano, zero: "unknown")
            printer.timeLine("end    ", span.endTimeUnixNano, zero: "still running")
            printer.print(span.status)
            printer.optional("trace state", span.traceState)
            if span.flags != 0 { printer.line("flags 0x" + String(span.flags, radix: 16)) }
            if span.revision != 0 { printer.line("revision \(span.revision)") }
            printer.attributes(span.attributes, dropped: span.droppedAttributesCount)
            for event in span.events { printer.print(event, spanStart: span.startTimeUnixNano) }
            if span.droppedEventsCount != 0 { printer.line("dropped events \(span.droppedEventsCount)") }
            for link in span.links { printer.print(link) }
            if span.droppedLinksCount != 0 { printer.line("dropped links \(span.droppedLinksCount)") }
            printer.unknown(span.unknownFields)
        }
    }

    private mutating func print(_ status: SpanStatus?) {
        guard let status else { return }
        line("status \(status.code)" + (status.message.isEmpty ? "" : " " + quoted(status.message, behind: 14)))
        indented { $0.unknown(status.unknownFields) }
    }

    private mutating func print(_ event: SpanEvent, spanStart: UInt64) {
        var rest = " " + Self.time(event.timeUnixNano, "at no time")
        if spanStart != 0, event.timeUnixNano >= spanStart {
            rest += " (+\(DurationText.text(Int64(clamping: event.timeUnixNano - spanStart))))"
        }
        line("event \(quoted(event.name, behind: 6 + rest.utf8.count))\(rest)")
        indented { printer in
            printer.attributes(event.attributes, dropped: event.droppedAttributesCount)
            printer.unknown(event.unknownFields)
        }
    }

    private mutating func print(_ link: SpanLink) {
        line(
            "link to trace " + Self.id(link.traceID.isValid ? link.traceID.hex : nil, link.irregularIDs[.traceID])
                + " span " + Self.id(link.spanID.isValid ? link.spanID.hex : nil, link.irregularIDs[.spanID]))
        indented { printer in
            printer.optional("trace state", link.traceState)
            if link.flags != 0 { printer.line("flags 0x" + String(link.flags, radix: 16)) }
            printer.attributes(link.attributes, dropped: link.droppedAttributesCount)
            printer.unknown(link.unknownFields)
        }
    }

    private mutating func attributes(_ attributes: [Attribute], dropped: UInt32) {
        for attribute in attributes { line(attribute) }
        if dropped != 0 { line("dropped attributes \(dropped)") }
    }

    private mutating func optional(_ label: String, _ text: String) {
        if !text.isEmpty { line("\(label) \(escaped(text, behind: label.utf8.count + 1))") }
    }

    private mutating func keys(_ label: String, _ keys: [String]) {
        guard !keys.isEmpty else { return }
        line("\(label) " + fitted(keys.map(NameText.key).joined(separator: ", "), behind: label.utf8.count + 1))
    }

    /// Returns a name as queries print and take it, fitted to the line.
    private mutating func name(_ text: String, behind used: Int) -> String {
        fitted(NameText.shown(text), behind: used)
    }

    private mutating func escaped(_ text: String, behind used: Int) -> String {
        fitted(TerminalText.escaped(text), behind: used)
    }

    mutating func quoted(_ text: String, behind used: Int) -> String {
        fitted(TerminalText.quoted(text), behind: used)
    }

    mutating func unknown(_ fields: UnknownFields) {
        if let text = AttributeText.unknownFields(fields) { line(text) }
    }

    private static func time(_ unixNano: UInt64, _ zero: String) -> String {
        unixNano == 0 ? zero : UTCTime.text(unixNano)
    }

    private static func id(_ hex: String?, _ irregular: [UInt8]?) -> String {
        if let hex { return hex }
        return irregular.map { AttributeText.text($0) + " not valid" } ?? "absent"
    }
}
