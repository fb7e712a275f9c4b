import SpanModel
import ProtoWire

/// Bytes that follow a schema in the small and in no order in the large: fields in any order and number, sub-messages in
/// pieces, members of a oneof that replace each other, unknown fields and groups, known numbers with another wire type,
/// over-long varints, texts that are none. Some of it is malformed.
struct WildMessage {
    private var generator: SplitMix64
    /// How often, of a thousand fields, one is malformed.
    private let faults: Int

    init(seed: UInt64, faults: Int) {
        generator = SplitMix64(seed: seed)
        self.faults = faults
    }

    mutating func bytes(of schema: MessageSchema, depth: Int = 0) -> [UInt8] {
        var bytes: [UInt8] = []
        let count = below(depth == 0 ? 3 : 5)
        for _ in 0..<count {
            let field = schema.fields[below(schema.fields.count)]
            switch below(24) {
            case 0: bytes += unknownField()
            case 1: bytes += key(field.number, UInt8(below(6)))
            default: bytes += known(field, depth: depth)
            }
            if below(1000) < faults { bytes += [[0x80], [0x07], [0x02, 0xFF], [0x0C], [0x0A, 0x7F, 1]][below(5)] }
        }
        return bytes
    }

    private mutating func known(_ field: FieldSchema, depth: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<(below(4) == 0 ? 2 + below(2) : 1) {
            switch field.type {
            case .message(let inner):
                guard depth < 14 else { continue }
                let content = self.bytes(of: inner(), depth: depth + 1)
                bytes += key(field.number, 2) + length(content.count) + content
            case .string:
                let content = text()
                bytes += key(field.number, 2) + length(content.count) + content
            case .bytes:
                let content = (0..<[0, 1, 8, 8, 16, 16, 16, 17][below(8)]).map { _ in UInt8(below(3) * 80) }
                bytes += key(field.number, 2) + length(content.count) + content
            case .double, .fixed64: bytes += key(field.number, 1) + (0..<8).map { _ in UInt8(below(256)) }
            case .fixed32: bytes += key(field.number, 5) + (0..<4).map { _ in UInt8(below(256)) }
            default: bytes += key(field.number, 0) + number()
            }
        }
        return bytes
    }

    private mutating func unknownField() -> [UInt8] {
        switch below(5) {
        case 0: key(1500, 0) + number()
        case 1: key(20, 3) + [0x08, 0x01] + key(20, 4)
        case 2: key(20, 3) + unknownField() + key(20, 4)
        case 3: key(17, 2) + [3, 1, 2, 3]
        default: key(19, 5) + [1, 2, 3, 4]
        }
    }

    private mutating func key(_ number: UInt32, _ wireType: UInt8) -> [UInt8] {
        let bytes = varint(UInt64(number) << 3 | UInt64(wireType))
        return below(40) == 0 ? overlong(bytes) : bytes
    }

    private mutating func length(_ count: Int) -> [UInt8] {
        let bytes = varint(UInt64(count))
        return below(40) == 0 ? overlong(bytes) : bytes
    }

    private mutating func number() -> [UInt8] {
        let values: [UInt64] = [0, 1, 2, 127, 128, 300, 16_383, 16_384, 1 << 31, 1 << 32 + 5, .max]
        let bytes = varint(values[below(values.count)])
        return below(20) == 0 ? overlong(bytes) : bytes
    }

    /// One byte more than needed, where ten are not yet there.
    private func overlong(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count < 4 else { return bytes }
        return bytes.dropLast() + [bytes[bytes.count - 1] | 0x80, 0]
    }

    private func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private mutating func text() -> [UInt8] {
        if below(1000) < faults { return [0x61, 0xC3] }
        let texts = [
            "", "a", "key", "http.request.method", "Gr\u{FC}\u{DF}e", "\u{1F600}", "0123456789abcdef0123456789abcdef",
        ]
        let text = Array(texts[below(texts.count)].utf8)
        return below(30) == 0 ? (0..<(1 + below(9))).flatMap { _ in text } : text
    }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }
}
