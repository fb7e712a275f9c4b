import ProtoWire

/// Changes an encoded message as a tree: fields are removed, repeated, moved, made up, cut in two, and the lengths around
/// them stay right. A change of bytes alone nearly always breaks a length and so never comes past the outermost layers.
public struct MessageMutator<Generator: RandomNumberGenerator> {
    public var generator: Generator
    /// Changes the bytes of a field's value in any way.
    public var changeBytes: (_ bytes: inout [UInt8]) -> Void

    public init(generator: Generator, changeBytes: @escaping (_ bytes: inout [UInt8]) -> Void) {
        self.generator = generator
        self.changeBytes = changeBytes
    }

    private struct Field {
        /// As it stands in the bytes.
        var key: [UInt8]
        var content: Content
    }

    private indirect enum Content {
        /// What follows a key that is not length-delimited; with no key, bytes that are no field.
        case plain([UInt8])
        case bytes([UInt8])
        case message([Field], MessageSchema)
    }

    /// One change of the message or of one inside it, or a few of the same message: what goes wrong where fields of one
    /// message meet, such as the members of a oneof, takes two or three of them.
    public mutating func mutate(_ bytes: [UInt8], schema: MessageSchema) -> [UInt8] {
        var fields = Self.fields(of: bytes.rawSpan, schema)
        change(&fields, schema)
        return Self.encoded(fields)
    }

    // MARK: Tree and bytes

    private static func fields(of bytes: RawSpan, _ schema: MessageSchema) -> [Field] {
        var fields: [Field] = []
        guard var reader = try? WireReader(bytes) else { return fields }
        var whole = 0
        do throws(WireError) {
            while let key = try reader.nextKey() {
                let keyBytes = [UInt8](copying: bytes.extracting(whole..<reader.offset))
                if key.wireType == .lengthDelimited {
                    let content = try reader.rawBytes()
                    if case .message(let inner)? = schema.field(key.number)?.type {
                        fields.append(
                            Field(key: keyBytes, content: .message(Self.fields(of: content, inner()), inner())))
                    } else {
                        fields.append(Field(key: keyBytes, content: .bytes([UInt8](copying: content))))
                    }
                } else {
                    let start = reader.offset
                    try reader.skip(key)
                    let value = [UInt8](copying: bytes.extracting(start..<reader.offset))
                    fields.append(Field(key: keyBytes, content: .plain(value)))
                }
                whole = reader.offset
            }
        } catch {
            fields.append(Field(key: [], content: .plain([UInt8](copying: bytes.extracting(droppingFirst: whole)))))
        }
        return fields
    }

    private static func encoded(_ fields: [Field]) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in fields {
            bytes += field.key
            switch field.content {
            case .plain(let value): bytes += value
            case .bytes(let value): bytes += varint(UInt64(value.count)) + value
            case .message(let inner, _):
                let value = encoded(inner)
                bytes += varint(UInt64(value.count)) + value
            }
        }
        return bytes
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func key(_ number: UInt32, _ wireType: WireType) -> [UInt8] {
        varint(UInt64(FieldKey(number, wireType).rawValue))
    }

    // MARK: Changes

    private mutating func change(_ fields: inout [Field], _ schema: MessageSchema) {
        let messages = fields.indices.filter { if case .message = fields[$0].content { true } else { false } }
        if below(8) > 0, let index = messages.randomElement(using: &generator),
            case .message(var inner, let innerSchema) = fields[index].content
        {
            change(&inner, innerSchema)
            fields[index].content = .message(inner, innerSchema)
            return
        }
        for _ in 0...below(3) { changeHere(&fields, schema) }
    }

    private mutating func changeHere(_ fields: inout [Field], _ schema: MessageSchema) {
        guard let index = fields.indices.randomElement(using: &generator) else {
            fields.append(made(by: schema))
            return
        }
        switch below(8) {
        case 0: fields.remove(at: index)
        case 1: fields.insert(fields[index], at: below(fields.count + 1))
        case 2: fields.swapAt(index, below(fields.count))
        case 3: fields.insert(made(by: schema), at: below(fields.count + 1))
        case 4: fields[index].key = otherKey(of: fields[index], schema)
        case 5: split(&fields, at: index)
        case 6:
            let number = UInt32(1 + below(20))
            let group = Self.key(number, .startGroup) + Self.encoded([fields[index]]) + Self.key(number, .endGroup)
            fields[index] = Field(key: [], content: .plain(group))
        default:
            switch fields[index].content {
            case .plain(var value):
                changeBytes(&value)
                fields[index].content = .plain(value)
            case .bytes(var value):
                changeBytes(&value)
                fields[index].content = .bytes(value)
            case .message(var inner, let innerSchema):
                change(&inner, innerSchema)
                fields[index].content = .message(inner, innerSchema)
            }
        }
    }

    /// A message becomes two of the same key, which a reader has to join, or keep apart where the field is repeated.
    private mutating func split(_ fields: inout [Field], at index: Int) {
        guard case .message(let inner, let schema) = fields[index].content else { return }
        let middle = below(inner.count + 1)
        let rest = Field(key: fields[index].key, content: .message(Array(inner[middle...]), schema))
        fields[index].content = .message(Array(inner[..<middle]), schema)
        fields.insert(rest, at: index + 1)
    }

    /// A field of the schema with a value of its type.
    private mutating func made(by schema: MessageSchema) -> Field {
        guard below(10) > 0, let field = schema.fields.randomElement(using: &generator) else {
            return Field(key: Self.key(99, .varint), content: .plain([1]))
        }
        let key = Self.key(field.number, field.type.wireType)
        switch field.type {
        case .message(let inner): return Field(key: key, content: .message([], inner()))
        case .string: return Field(key: key, content: .bytes(Array(["", "k", "früh", "service.name"][below(4)].utf8)))
        case .bytes: return Field(key: key, content: .bytes([UInt8](repeating: 7, count: [0, 8, 16, 9][below(4)])))
        case .fixed64, .double: return Field(key: key, content: .plain([UInt8](repeating: 0xF8, count: 8)))
        case .fixed32: return Field(key: key, content: .plain([1, 0, 0, 0]))
        case .uint32, .uint64, .int32, .int64, .bool, .enumeration:
            return Field(key: key, content: .plain(Self.varint([0, 1, 3, 1 << 32, .max][below(5)])))
        }
    }

    /// Another number for what has a length; any key for what has none.
    private mutating func otherKey(of field: Field, _ schema: MessageSchema) -> [UInt8] {
        if case .plain = field.content { return anyKey(schema) }
        let others = schema.fields.filter { $0.type.wireType == .lengthDelimited }
        guard below(8) > 0, let other = others.randomElement(using: &generator) else { return anyKey(schema) }
        return Self.key(other.number, .lengthDelimited)
    }

    private mutating func anyKey(_ schema: MessageSchema) -> [UInt8] {
        let number = below(4) == 0 ? 99 : schema.fields.randomElement(using: &generator)?.number ?? 1
        return Self.key(number, WireType(rawValue: UInt8(below(6))) ?? .varint)
    }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }
}

extension MessageMutator where Generator == SmallGenerator {
    /// Changes bytes as a bad line or a bad sender would: a byte more, a byte less, an early end, another bit.
    public init(generator: SmallGenerator) {
        var random = generator
        // Another sequence than the one that chooses the fields.
        random = SmallGenerator(seed: ~random.next())
        self.init(generator: generator) { bytes in
            let position = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
            case 1 where position < bytes.count: bytes.remove(at: position)
            case 2: bytes.removeLast(bytes.count - position)
            default:
                if position < bytes.count { bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
            }
        }
    }
}
