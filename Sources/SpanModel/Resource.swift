import ProtoWire

/// Producer of spans: service, host, process, as attributes. OTLP's `Resource`.
public struct Resource: Sendable, Hashable {
    /// Attributes of the resource (field 1).
    public var attributes: [Attribute]
    /// Number of attributes left out by the sender's limits (field 2).
    public var droppedAttributesCount: UInt32
    /// References to entities, each naming the attributes that identify it (field 3).
    public var entityRefs: [EntityRef]
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates a resource.
    public init(attributes: [Attribute] = [], droppedAttributesCount: UInt32 = 0, entityRefs: [EntityRef] = []) {
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
        self.entityRefs = entityRefs
        unknownFields = UnknownFields()
    }

    /// Creates a resource from a dictionary literal, in its order: `Resource(attributes: ["service.name":
    /// "checkout"])`.
    public init(attributes: KeyValuePairs<String, AttributeValue>) {
        self.init(attributes: attributes.map { Attribute($0.key, $0.value) })
    }

    /// Value of `service.name`; `nil` when it is absent or not a string. The last one counts when there are several.
    public var serviceName: String? {
        guard case .string(let name)? = attributes.last(where: { $0.key == "service.name" })?.value?.plain else {
            return nil
        }
        return name
    }
}

extension Resource: WireMessage {
    public init() { self.init(attributes: []) }

    public static let schema: MessageSchema = .init(
        "opentelemetry.proto.resource.v1.Resource",
        [
            FieldSchema(1, "attributes", .message { Attribute.schema }, repeated: true),
            FieldSchema(2, "dropped_attributes_count", .uint32),
            FieldSchema(3, "entity_refs", .message { EntityRef.schema }, repeated: true),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: try reader.attributes(0x0A, into: &attributes)
            case 0x10: droppedAttributesCount = UInt32(truncatingIfNeeded: try reader.varint())
            case 0x1A: try reader.messages(0x1A, into: &entityRefs)
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependMessages(entityRefs, key: 0x1A)
        writer.prependVarint(UInt64(droppedAttributesCount), key: 0x10)
        writer.prependMessages(attributes, key: 0x0A)
    }
}

/// Reference to one entity of a resource, naming the attributes that identify and describe it: OTLP's `EntityRef`.
public struct EntityRef: Sendable, Hashable {
    /// URL of the schema that the entity follows (field 1).
    public var schemaURL: String
    /// Type of the entity (field 2), such as `service` or `host`.
    public var type: String
    /// Keys of the identifying attributes (field 3).
    public var idKeys: [String]
    /// Keys of the describing attributes (field 4).
    public var descriptionKeys: [String]
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates a reference.
    public init(schemaURL: String = "", type: String, idKeys: [String], descriptionKeys: [String] = []) {
        self.schemaURL = schemaURL
        self.type = type
        self.idKeys = idKeys
        self.descriptionKeys = descriptionKeys
        unknownFields = UnknownFields()
    }
}

extension EntityRef: WireMessage {
    public init() { self.init(type: "", idKeys: []) }

    public static let schema: MessageSchema = .init(
        "opentelemetry.proto.common.v1.EntityRef",
        [
            FieldSchema(1, "schema_url", .string),
            FieldSchema(2, "type", .string),
            FieldSchema(3, "id_keys", .string, repeated: true),
            FieldSchema(4, "description_keys", .string, repeated: true),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: schemaURL = try reader.string()
            case 0x12: type = try reader.string()
            case 0x1A: idKeys.append(try reader.string())
            case 0x22: descriptionKeys.append(try reader.string())
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependStrings(descriptionKeys, key: 0x22)
        writer.prependStrings(idKeys, key: 0x1A)
        writer.prependString(type, key: 0x12)
        writer.prependString(schemaURL, key: 0x0A)
    }
}
