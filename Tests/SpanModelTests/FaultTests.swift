import ProtoWire
import SpanModel
import Testing

/// What malformed bytes are answered with: code, byte offset, field path.
@Suite struct FaultTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        var code: WireError.Code
        var offset: Int
        var path: String

        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "a torn key", bytes: [0x80], code: .truncated, offset: 0, path: ""),
        Case(name: "field number 0", bytes: [0x02, 0x00], code: .invalidKey, offset: 0, path: ""),
        Case(
            name: "a key of six bytes", bytes: [0x8A, 0x80, 0x80, 0x80, 0x80, 0x00, 0], code: .varintTooLong,
            offset: 0, path: ""),
        Case(
            name: "a key above 32 bits", bytes: [0x8A, 0x80, 0x80, 0x80, 0x10, 0], code: .invalidKey, offset: 0,
            path: ""),
        Case(name: "wire type 6", bytes: [0x0E], code: .invalidWireType, offset: 0, path: ""),
        Case(name: "wire type 7 in an unknown field", bytes: [0x7F], code: .invalidWireType, offset: 0, path: ""),
        Case(
            name: "a length past the end", bytes: [0x0A, 0x05, 0x12, 0x00], code: .invalidLength, offset: 1,
            path: "resource_spans[0]"),
        Case(
            name: "a length above 2^31 - 1", bytes: [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], code: .invalidLength,
            offset: 1, path: "resource_spans[0]"),
        Case(
            name: "an inner length past the message around it", bytes: [0x0A, 0x02, 0x12, 0x01, 0x00],
            code: .invalidLength, offset: 3, path: "resource_spans[0].scope_spans[0]"),
        Case(name: "a torn varint", bytes: [0x78, 0x80], code: .truncated, offset: 1, path: "15"),
        Case(
            name: "a varint of eleven bytes", bytes: [0x78] + [UInt8](repeating: 0x80, count: 10) + [0],
            code: .varintTooLong, offset: 1, path: "15"),
        Case(name: "a torn fixed32", bytes: [0x7D, 1, 2, 3], code: .truncated, offset: 1, path: "15"),
        Case(name: "an end of a group that is not open", bytes: [0x7C], code: .unmatchedGroup, offset: 0, path: ""),
        Case(
            name: "an end of another group", bytes: [0x7B, 0x74], code: .unmatchedGroup, offset: 1, path: "15"),
        Case(name: "a group without end", bytes: [0x7B, 0x08, 0x01], code: .truncated, offset: 0, path: ""),
        Case(
            name: "the second attribute of the second resource",
            bytes: [0x0A, 0x00, 0x0A, 0x09, 0x0A, 0x07, 0x0A, 0x00, 0x0A, 0x03, 0x0A, 0x01, 0xFF],
            code: .invalidUTF8, offset: 12, path: "resource_spans[1].resource.attributes[1].key"),
    ]

    @Test(arguments: cases)
    func `malformed bytes are refused with code, offset and path`(_ example: Case) throws {
        let error = try #require(throws: WireError.self) { try SpanBatch(decoding: example.bytes) }
        #expect(error.code == example.code)
        #expect(error.offset == example.offset)
        #expect(error.path == example.path)
    }

    @Test func `a payload cut at any byte is refused, or is what was whole, and a flipped bit never traps`() throws {
        let bytes = try SpanBatchCodecTests.corpus("small.pb")
        var refused = 0
        for end in 0..<bytes.count {
            do {
                _ = try SpanBatch(decoding: Array(bytes[..<end]))
            } catch {
                refused += 1
                #expect(error.offset <= end)
            }
        }
        #expect(refused > bytes.count - 3)
        var outcomes: Set<Bool> = []
        for position in bytes.indices {
            var flipped = bytes
            flipped[position] ^= 1 << UInt8(position % 8)
            do {
                let batch = try SpanBatch(decoding: flipped)
                #expect(try SpanBatch(decoding: batch.encoded()) == batch)
                outcomes.insert(true)
            } catch {
                #expect((0...bytes.count).contains(error.offset))
                outcomes.insert(false)
            }
        }
        #expect(outcomes == [true, false])
    }
}
