import ProtoWire
import SpanModel

// The canonical form of a value: the one of which the encoder's output is the value's canonical bytes. Lists that stand
// for maps are sorted by the bytes of their keys; of several attributes with one key, which the specification forbids,
// the last one is kept, as a map built from the list would.

extension [Attribute] {
    /// Returns the list as a map: sorted by key, each key once, values canonical. Returns the same array when it is
    /// canonical already.
    func canonical() -> [Attribute] {
        var result = self
        if contains(where: { $0.value?.isNested ?? false }) {
            for index in result.indices { result[index].value = result[index].value?.canonical() }
        }
        if !result.isSortedByUniqueKeys { result.sortByUniqueKeys() }
        return result
    }

    private var isSortedByUniqueKeys: Bool {
        for index in indices.dropFirst() where byteOrder(self[index - 1].key, self[index].key) >= 0 { return false }
        return true
    }

    private mutating func sortByUniqueKeys() {
        let order = indices.sorted { left, right in
            let order = byteOrder(self[left].key, self[right].key)
            return order == 0 ? left < right : order < 0
        }
        var sorted: [Attribute] = []
        sorted.reserveCapacity(count)
        for index in order {
            if let last = sorted.last, same(last.key, self[index].key) { sorted.removeLast() }
            sorted.append(self[index])
        }
        self = sorted
    }
}

extension AttributeValue {
    /// `true` when there may be a map inside.
    var isNested: Bool {
        switch self {
        case .array, .keyValueList, .extended: true
        default: false
        }
    }

    func canonical() -> AttributeValue {
        switch self {
        case .array(let values): .array(values.map { $0.canonical() })
        case .keyValueList(let attributes): .keyValueList(attributes.canonical())
        case .extended(let value, let fields, let listFields):
            .extended(value.canonical(), unknownFields: fields, listUnknownFields: listFields)
        default: self
        }
    }
}

extension [SpanEvent] {
    /// Returns the list as a set: attributes canonical, sorted by time and then by bytes, each event once.
    func canonical() -> [SpanEvent] {
        var result = self
        for index in result.indices { result[index].attributes = result[index].attributes.canonical() }
        return result.sortedAsSet()
    }

    /// Returns a list of canonical events as a set: sorted by time and then by bytes, each event once.
    func sortedAsSet() -> [SpanEvent] {
        // Most lists are in order of time already, with no two events at one instant.
        if indices.dropFirst().allSatisfy({ self[$0 - 1].timeUnixNano < self[$0].timeUnixNano }) { return self }
        let order = map { (time: $0.timeUnixNano, bytes: $0.encoded(), event: $0) }.sorted { left, right in
            left.time == right.time ? byteOrder(left.bytes, right.bytes) < 0 : left.time < right.time
        }
        return order.indices.filter { $0 == 0 || order[$0 - 1].bytes != order[$0].bytes }.map { order[$0].event }
    }
}

extension [SpanLink] {
    /// Returns the list as a set: attributes canonical, sorted by bytes, each link once.
    func canonical() -> [SpanLink] {
        var result = self
        for index in result.indices { result[index].attributes = result[index].attributes.canonical() }
        return result.sortedAsSet()
    }

    /// Returns a list of canonical links as a set: sorted by bytes, each link once.
    func sortedAsSet() -> [SpanLink] {
        if count < 2 { return self }
        let order = map { (bytes: $0.encoded(), link: $0) }.sorted { byteOrder($0.bytes, $1.bytes) < 0 }
        return order.indices.filter { $0 == 0 || order[$0 - 1].bytes != order[$0].bytes }.map { order[$0].link }
    }
}

extension Resource {
    /// Returns the resource with its attributes as a map and its entity references sorted by bytes; `nil` when nothing
    /// is set.
    func canonical() -> Resource? {
        var result = self
        result.attributes = attributes.canonical()
        if entityRefs.count > 1 { result.entityRefs.sort { encodedOrder($0, $1) < 0 } }
        let isSet =
            !attributes.isEmpty || droppedAttributesCount != 0 || !entityRefs.isEmpty || !unknownFields.isEmpty
        return isSet ? result : nil
    }
}

extension InstrumentationScope {
    /// Returns the scope with its attributes as a map; `nil` when nothing is set.
    func canonical() -> InstrumentationScope? {
        var result = self
        result.attributes = attributes.canonical()
        let isSet =
            !name.isEmpty || !version.isEmpty || !attributes.isEmpty || droppedAttributesCount != 0
            || !unknownFields.isEmpty
        return isSet ? result : nil
    }
}

extension SpanOrigin {
    /// Returns the origin with resource and scope in canonical form.
    func canonical() -> SpanOrigin {
        var result = self
        result.resource = resource?.canonical()
        result.scope = scope?.canonical()
        return result
    }
}

extension SpanRecord {
    /// Returns the report with attributes as maps, events and links as sets, and no status when that says nothing. Ids
    /// that are not valid are removed, except for the parent's.
    func canonical() -> SpanRecord {
        var result = self
        result.attributes = attributes.canonical()
        if !events.isEmpty { result.events = events.canonical() }
        if !links.isEmpty { result.links = links.canonical() }
        if let status, status.code == .unset, status.message.isEmpty, status.unknownFields.isEmpty {
            result.status = nil
        }
        if !irregularIDs.isEmpty {
            result.irregularIDs = IrregularIDs()
            if !parentSpanID.isValid { result.irregularIDs[.parentSpanID] = irregularIDs[.parentSpanID] }
        }
        return result
    }
}
