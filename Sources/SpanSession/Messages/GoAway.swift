import ProtoWire

/// Why the collector ends the connection. `spanwire.transport.v1.GoAway`.
public struct GoAway: Sendable, Hashable {
    /// Open: other numbers are legal on the wire.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: Int32

        @inlinable
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// Not said.
        public static let unspecified = Code(rawValue: 0)
        /// The collector ends; come back to it or to another.
        public static let shuttingDown = Code(rawValue: 1)
        /// No token, or a wrong one. Final.
        public static let unauthenticated = Code(rawValue: 2)
        /// Another version of the protocol. Final.
        public static let unsupportedVersion = Code(rawValue: 3)
        /// The sender broke a rule.
        public static let protocolError = Code(rawValue: 4)
        /// A frame over the agreed limit.
        public static let frameTooLarge = Code(rawValue: 5)
        /// The store cannot take more now.
        public static let overloaded = Code(rawValue: 6)

        public static let schema = EnumSchema(
            "spanwire.transport.v1.GoAway.Code",
            [
                (0, "UNSPECIFIED"), (1, "SHUTTING_DOWN"), (2, "UNAUTHENTICATED"), (3, "UNSUPPORTED_VERSION"),
                (4, "PROTOCOL_ERROR"), (5, "FRAME_TOO_LARGE"), (6, "OVERLOADED"),
            ])
    }

    /// Field 1.
    public var code: Code
    /// Field 2: for people.
    public var message: String
    /// Field 3: wait so long, then connect again; 0, which is the same as absent: do not come back.
    public var retryAfterMilliseconds: UInt32
    public var unknownFields: UnknownFields

    /// Makes a message that ends a connection; without a delay the sender is not to come back.
    public init(_ code: Code, _ message: String = "", retryAfterMilliseconds: UInt32 = 0) {
        self.code = code
        self.message = message
        self.retryAfterMilliseconds = retryAfterMilliseconds
        unknownFields = UnknownFields()
    }

    /// Whether the sender is not to come back: no delay is named, or the code is one that time does not heal.
    public var isFinal: Bool {
        retryAfterMilliseconds == 0 || code == .unauthenticated || code == .unsupportedVersion
    }
}

extension GoAway.Code: CustomStringConvertible {
    /// `OVERLOADED`, or the number where there is no name.
    public var description: String { GoAway.Code.schema.name(of: rawValue) ?? String(rawValue) }
}

extension GoAway: WireMessage {
    public init() { self.init(.unspecified) }

    public static let schema: MessageSchema = .init(
        "spanwire.transport.v1.GoAway",
        [
            FieldSchema(1, "code", .enumeration(Code.schema)),
            FieldSchema(2, "message", .string),
            FieldSchema(3, "retry_after_ms", .uint32),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x08: code = Code(rawValue: Int32(truncatingIfNeeded: try reader.varint()))
            case 0x12: message = try reader.string()
            case 0x18: retryAfterMilliseconds = UInt32(truncatingIfNeeded: try reader.varint())
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependVarint(UInt64(retryAfterMilliseconds), key: 0x18)
        writer.prependString(message, key: 0x12)
        writer.prependVarint(UInt64(bitPattern: Int64(code.rawValue)), key: 0x08)
    }
}
