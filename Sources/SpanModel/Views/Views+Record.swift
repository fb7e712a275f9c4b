import ProtoWire

// Records made from views: only what one wants to keep is copied. They hold what the record's own decoder would hold.

extension SpanBatchView {
    /// Returns the whole batch as records. For all of a payload `SpanBatch(decoding:)` is faster.
    ///
    /// - Throws: `WireError` with code and byte offset, without a path.
    public func record() throws(WireError) -> SpanBatch {
        var cursor = FieldCursor(slice)
        var unknown = UnknownFields()
        while let key = try cursor.nextKey() {
            if key.rawValue == 0x0A { _ = try cursor.content() } else { try cursor.keep(key, in: &unknown) }
        }
        var batch = SpanBatch()
        batch.unknownFields = unknown
        var groups = resourceSpans
        while let group = try groups.next() { batch.resourceSpans.append(try group.record()) }
        return batch
    }
}

extension ResourceSpansView {
    /// Returns the group as a record.
    ///
    /// - Throws: `WireError` with code and byte offset, without a path.
    public func record() throws(WireError) -> ResourceSpans {
        if hasUnknownFields { return try slice.record() }
        var group = ResourceSpans(resource: nil, schemaURL: schemaURL.string)
        if let resource = try resource() { group.resource = try resource.record() }
        var scopes = scopeSpans
        while let scope = try scopes.next() { group.scopeSpans.append(try scope.record()) }
        return group
    }
}

extension ScopeSpansView {
    /// Returns the group as a record.
    ///
    /// - Throws: `WireError` with code and byte offset, without a path.
    public func record() throws(WireError) -> ScopeSpans {
        if hasUnknownFields { return try slice.record() }
        var group = ScopeSpans(scope: nil, schemaURL: schemaURL.string)
        if let scope = try scope() { group.scope = try scope.record() }
        var views = spans
        while let span = try views.next() { group.spans.append(try span.record()) }
        return group
    }
}

extension ResourceView {
    /// Returns the resource as a record.
    ///
    /// - Throws: `WireError` with code and byte offset, without a path.
    public func record() throws(WireError) -> Resource {
        if hasUnknownFields { return try slice.record() }
        var resource = Resource(
            attributes: try attributes.records(), droppedAttributesCount: droppedAttributesCount)
        var entities = entityRefs
        while let entity = try entities.next() { resource.entityRefs.append(try entity.record()) }
        return resource
    }
}

extension EntityRefView {
    /// Returns the reference as a record.
    ///
    /// - Throws: `WireError` with code and byte offset, without a path.
    public func record() throws(WireError) -> EntityRef {
        if hasUnknownFields { return try slice.record() }
        return EntityRef(
            schemaURL: schemaURL.string, type: type.string, idKeys: try idKeys.strings(),
            descriptionKeys: try descriptionKeys.strings())
    }
}

extension InstrumentationScopeView {
    /// Returns the scope as a record.
    ///
    /// - Throws: `WireError` with code and byte offset, without a path.
    public func record() throws(WireError) -> InstrumentationScope {
        if hasUnknownFields { return try slice.record() }
        return InstrumentationScope(
            name: name.string, version: version.string, attributes: try attributes.records(),
            droppedAttributesCount: droppedAttributesCount)
    }
}

extension SpanView {
    /// Returns the span as a record.
    ///
    /// - Throws: `WireError` with code and byte offset, without a path.
    public func record() throws(WireError) -> SpanRecord {
        if hasUnknownFields || status?.hasUnknownFields == true { return try slice.record() }
        var span = SpanRecord(
            traceID: traceID, spanID: spanID, parentSpanID: parentSpanID, name: name.string, kind: kind,
            startTimeUnixNano: startTimeUnixNano, endTimeUnixNano: endTimeUnixNano,
            attributes: try attributes.records(), traceState: traceState.string, flags: flags, revision: revision)
        span.droppedAttributesCount = droppedAttributesCount
        span.droppedEventsCount = droppedEventsCount
        span.droppedLinksCount = droppedLinksCount
        var eventViews = events
        while let event = try eventViews.next() { span.events.append(try event.record()) }
        var linkViews = links
        while let link = try linkViews.next() { span.links.append(try link.record()) }
        if let status { span.status = SpanStatus(status.code, message: status.message.string) }
        for field in [IrregularIDs.Field.traceID, .spanID, .parentSpanID] {
            if let bytes = irregularID(field) { span.irregularIDs[field] = [UInt8](copying: bytes) }
        }
        return span
    }
}

extension SpanEventView {
    /// Returns the event as a record.
    ///
    /// - Throws: `WireError` with code and byte offset, without a path.
    public func record() throws(WireError) -> SpanEvent {
        if hasUnknownFields { return try slice.record() }
        return SpanEvent(
            timeUnixNano: timeUnixNano, name: name.string, attributes: try attributes.records(),
            droppedAttributesCount: droppedAttributesCount)
    }
}

extension SpanLinkView {
    /// Returns the link as a record.
    ///
    /// - Throws: `WireError` with code and byte offset, without a path.
    public func record() throws(WireError) -> SpanLink {
        if hasUnknownFields { return try slice.record() }
        var link = SpanLink(
            traceID: traceID, spanID: spanID, traceState: traceState.string, attributes: try attributes.records(),
            droppedAttributesCount: droppedAttributesCount, flags: flags)
        for field in [IrregularIDs.Field.traceID, .spanID] {
            if let bytes = irregularID(field) { link.irregularIDs[field] = [UInt8](copying: bytes) }
        }
        return link
    }
}

extension AttributeView {
    /// Returns the attribute as a record.
    ///
    /// - Throws: `WireError` with code and byte offset, without a path.
    public func record() throws(WireError) -> Attribute {
        var hasUnknown = hasUnknownFields
        var attribute = Attribute(key.string, nil)
        if let value { attribute.value = try value.record(&hasUnknown) }
        // Unknown fields anywhere in the value are kept by the record's own decoder.
        return hasUnknown ? try slice.record() : attribute
    }
}

extension AttributeValueView {
    /// Returns the value as a record without unknown fields, and notes if there are any.
    func record(_ hasUnknown: inout Bool) throws(WireError) -> AttributeValue {
        if hasUnknownFields { hasUnknown = true }
        switch content {
        case .empty: return .empty
        case .string(let text): return .string(text.string)
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .double(let value): return .double(value)
        case .array(let views):
            var views = views
            var values: [AttributeValue] = []
            while let view = try views.next() { values.append(try view.record(&hasUnknown)) }
            return .array(values)
        case .keyValueList(let views):
            var views = views
            var attributes: [Attribute] = []
            while let view = try views.next() {
                if view.hasUnknownFields { hasUnknown = true }
                var attribute = Attribute(view.key.string, nil)
                if let value = view.value { attribute.value = try value.record(&hasUnknown) }
                attributes.append(attribute)
            }
            return .keyValueList(attributes)
        case .bytes(let bytes): return .bytes([UInt8](copying: bytes))
        case .stringIndex(let index): return .stringIndex(index)
        }
    }
}

extension MessageViews<AttributeView> {
    /// Returns all attributes that are left, as records.
    ///
    /// - Throws: `WireError` with code and byte offset, without a path.
    public func records() throws(WireError) -> [Attribute] {
        var views = self
        var attributes: [Attribute] = []
        while let view = try views.next() { attributes.append(try view.record()) }
        return attributes
    }
}

extension TextViews {
    /// Returns all texts that are left.
    func strings() throws(WireError) -> [String] {
        var views = self
        var strings: [String] = []
        while let view = try views.next() { strings.append(view.string) }
        return strings
    }
}

extension FieldCursor {
    /// Skips the value that belongs to `key` and appends the whole field to `unknown`.
    mutating func keep(_ key: FieldKey, in unknown: inout UnknownFields) throws(WireError) {
        let start = keyStart
        try skip(key)
        unknown.append(bytes.span(start, position))
    }
}
