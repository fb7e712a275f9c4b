import SpanModel

/// Attributes, events and links as plain JSON for people and SQL: `{"http.method":"GET","n":1}`.
///
/// Meant for reading, not for reading back: integers are numbers in full, NaN and the infinities the strings `"NaN"`,
/// `"Infinity"`, `"-Infinity"`, bytes base64 strings, a value that is absent `null`. Of a key that a list inside has
/// twice, both are written.
package struct AttributeJSON {
    /// UTF-8.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Starts again, keeping the memory.
    package mutating func reset() { bytes.removeAll(keepingCapacity: true) }

    /// What is written, as text.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// `{"key":value,…}`
    package mutating func write(_ attributes: [Attribute]) {
        bytes.append(UInt8(ascii: "{"))
        for (index, attribute) in attributes.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(attribute.key)
            bytes.append(UInt8(ascii: ":"))
            write(attribute.value ?? .empty)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// `[{"time_unix_nano":…,"name":…,"attributes":{…}},…]`
    package mutating func write(_ events: [SpanEvent]) {
        list(events) { json, event in
            json.raw("{\"time_unix_nano\":\(event.timeUnixNano),\"name\":")
            json.write(event.name)
            json.raw(",\"attributes\":")
            json.write(event.attributes)
            json.raw("}")
        }
    }

    /// `[{"trace_id":…,"span_id":…,"attributes":{…}},…]`
    package mutating func write(_ links: [SpanLink]) {
        list(links) { json, link in
            json.raw("{\"trace_id\":\"\(link.traceID.hex)\",\"span_id\":\"\(link.spanID.hex)\",\"attributes\":")
            json.write(link.attributes)
            json.raw("}")
        }
    }

    /// `["text",…]`
    package mutating func write(_ texts: [String]) { list(texts) { $0.write($1) } }

    /// A JSON string.
    package mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        for index in start..<bytes.count where Self.isEscaped(bytes[index]) {
            // Rare: the part from here on is written again.
            let rest = Array(bytes[index...])
            bytes.removeSubrange(index...)
            for byte in rest { writeEscaped(byte) }
            break
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F
    }

    private mutating func writeEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0..<0x20, 0x7F:
            raw("\\u00")
            bytes.append(Self.digits[Int(byte >> 4)])
            bytes.append(Self.digits[Int(byte & 15)])
        default: bytes.append(byte)
        }
    }

    private mutating func write(_ value: AttributeValue) {
        switch value {
        case .empty, .stringIndex: raw("null")
        case .string(let text): write(text)
        case .bool(let flag): raw(flag ? "true" : "false")
        case .int(let number): raw(String(number))
        case .double(let number):
            if number.isFinite {
                raw(String(describing: number))
            } else {
                raw(number.isNaN ? "\"NaN\"" : number < 0 ? "\"-Infinity\"" : "\"Infinity\"")
            }
        case .array(let values): list(values) { $0.write($1) }
        case .keyValueList(let attributes): write(attributes)
        case .bytes(let content): writeBase64(content)
        case .extended(let inner, _, _): write(inner)
        }
    }

    private mutating func list<Element>(_ elements: [Element], _ write: (inout AttributeJSON, Element) -> Void) {
        bytes.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(&self, element)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// RFC 4648, section 4, with padding.
    private mutating func writeBase64(_ content: [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for start in stride(from: 0, to: content.count, by: 3) {
            let group = content[start..<min(start + 3, content.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            for position in 0..<4 {
                let digit = Self.base64[Int(bits >> (18 - 6 * UInt32(position)) & 63)]
                bytes.append(position <= group.count ? digit : UInt8(ascii: "="))
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static let digits = Array("0123456789abcdef".utf8)
    private static let base64 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
}
