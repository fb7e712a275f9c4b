import ProtoWire
import SpanModel

/// A value that can be compared byte for byte, as if encoded, without encoding it. `==` will not do, since it treats
/// canonically equivalent texts as equal.
protocol ByteIdentical {
    func isIdentical(to other: Self) -> Bool
}

extension Array where Element: ByteIdentical {
    func isIdentical(to other: [Element]) -> Bool {
        guard count == other.count else { return false }
        for index in indices where !self[index].isIdentical(to: other[index]) { return false }
        return true
    }
}

extension Optional where Wrapped: ByteIdentical {
    func isIdentical(to other: Wrapped?) -> Bool {
        switch (self, other) {
        case (nil, nil): true
        case (let left?, let right?): left.isIdentical(to: right)
        default: false
        }
    }
}

extension AttributeValue: ByteIdentical {
    func isIdentical(to other: AttributeValue) -> Bool {
        switch (self, other) {
        case (.string(let a), .string(let b)): same(a, b)
        case (.array(let a), .array(let b)): a.isIdentical(to: b)
        case (.keyValueList(let a), .keyValueList(let b)): a.isIdentical(to: b)
        case (.extended(let a, let b, let c), .extended(let d, let e, let f)):
            a.isIdentical(to: d) && b == e && c == f
        default: self == other
        }
    }
}

extension Attribute: ByteIdentical {
    func isIdentical(to other: Attribute) -> Bool {
        same(key, other.key) && value.isIdentical(to: other.value) && unknownFields == other.unknownFields
    }
}

extension SpanEvent: ByteIdentical {
    func isIdentical(to other: SpanEvent) -> Bool {
        timeUnixNano == other.timeUnixNano && droppedAttributesCount == other.droppedAttributesCount
            && same(name, other.name) && attributes.isIdentical(to: other.attributes)
            && unknownFields == other.unknownFields
    }
}

extension SpanLink: ByteIdentical {
    func isIdentical(to other: SpanLink) -> Bool {
        traceID == other.traceID && spanID == other.spanID && flags == other.flags
            && droppedAttributesCount == other.droppedAttributesCount && same(traceState, other.traceState)
            && attributes.isIdentical(to: other.attributes) && irregularIDs == other.irregularIDs
            && unknownFields == other.unknownFields
    }
}
