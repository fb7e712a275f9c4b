import Foundation
import ProtoWire
import SpanModel
import Testing

@Suite struct JSONPrinterTests {
    private func json(_ value: AttributeValue?) throws -> String { try Attribute("k", value).json() }

    @Test func `every kind of value has its form, members of the oneof are printed when they hold the default`() throws
    {
        #expect(try json(nil) == #"{"key":"k"}"#)
        #expect(try json(.empty) == #"{"key":"k","value":{}}"#)
        #expect(try json("") == #"{"key":"k","value":{"stringValue":""}}"#)
        #expect(try json(false) == #"{"key":"k","value":{"boolValue":false}}"#)
        #expect(try json(.int(.min)) == #"{"key":"k","value":{"intValue":"-9223372036854775808"}}"#)
        #expect(try json(.int(0)) == #"{"key":"k","value":{"intValue":"0"}}"#)
        #expect(try json(.double(0.1)) == #"{"key":"k","value":{"doubleValue":0.1}}"#)
        #expect(try json(.double(.nan)) == #"{"key":"k","value":{"doubleValue":"NaN"}}"#)
        #expect(try json(.double(-.infinity)) == #"{"key":"k","value":{"doubleValue":"-Infinity"}}"#)
        #expect(try json(.array([])) == #"{"key":"k","value":{"arrayValue":{}}}"#)
        #expect(
            try json(.array([1, .empty])) == #"{"key":"k","value":{"arrayValue":{"values":[{"intValue":"1"},{}]}}}"#)
        #expect(
            try json(.keyValueList([Attribute("a", true)]))
                == #"{"key":"k","value":{"kvlistValue":{"values":[{"key":"a","value":{"boolValue":true}}]}}}"#)
        #expect(try json(.bytes([0xFB, 0xFF])) == #"{"key":"k","value":{"bytesValue":"+/8="}}"#)
        #expect(try json(.bytes([])) == #"{"key":"k","value":{"bytesValue":""}}"#)
        #expect(try json(.stringIndex(-1)) == #"{"key":"k","value":{"stringValueStrindex":-1}}"#)
    }

    @Test func `ids are hexadecimal whatever their length, 64-bit numbers strings, enums numbers, defaults left out`()
        throws
    {
        var span = SpanRecord(
            traceID: TraceID(hex: "0AF7651916CD43DD8448EB211C80319C")!, spanID: SpanID(0xFF), name: "GET /",
            kind: .client, startTimeUnixNano: .max, status: SpanStatus(.unset), revision: 7)
        span.irregularIDs[.parentSpanID] = [1, 2, 3]
        #expect(
            try span.json()
                == #"{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00000000000000ff","parentSpanId":"010203","#
                + #""name":"GET /","kind":3,"startTimeUnixNano":"18446744073709551615","status":{},"revision":7}"#)
        #expect(try SpanBatch().json() == "{}")
    }

    @Test func `what JSON cannot hold in a string is escaped, everything else is as it was`() throws {
        let text = "\u{0}\u{8}\t\n\u{C}\r\u{1F}\"\\/\u{7F}\u{2028}é😀"
        #expect(
            try SpanStatus(.unset, message: text).json()
                == "{\"message\":\"\\u0000\\b\\t\\n\\f\\r\\u001f\\\"\\\\/\u{7F}\u{2028}é😀\"}")
    }

    @Test func `the pretty form has a line for each value`() throws {
        let batch = SpanBatch(resourceSpans: [
            ResourceSpans(resource: Resource(), scopeSpans: [ScopeSpans(scope: nil), ScopeSpans(scope: nil)])
        ])
        #expect(
            try batch.json(style: .pretty) == """
                {
                  "resourceSpans": [
                    {
                      "resource": {},
                      "scopeSpans": [
                        {},
                        {}
                      ]
                    }
                  ]
                }
                """)
    }

    @Test func `of a key index that came twice the last counts, and the default is left out`() throws {
        var attribute = Attribute("k", nil)
        attribute.unknownFields = UnknownFields(bytes: [0x18, 7, 0xF8, 0x3F, 5, 0x18, 9])
        #expect(try attribute.json() == #"{"key":"k","keyStrindex":9}"#)
        attribute.unknownFields = UnknownFields(bytes: [0x18, 7, 0x18, 0])
        #expect(try attribute.json() == #"{"key":"k"}"#)
    }

    @Test func `the printer and its naive twin agree on batches of every shape`() throws {
        let seed = RandomBatch.seed
        var random = RandomBatch(seed: seed)
        for round in 0..<300 {
            let batch = random.batch()
            for style in [JSONStyle.compact, .pretty] {
                let agree = try agreesWithTwin(batch, style)
                #expect(agree, "SEED=\(seed) round \(round)")
            }
        }
    }

    @Test(arguments: ["small.pb", "medium.pb"])
    func `the printer and its naive twin agree on what the SDK wrote`(name: String) throws {
        let batch = try SpanBatch(decoding: SpanBatchCodecTests.corpus(name))
        #expect(try agreesWithTwin(batch, .compact))
    }

    /// Both as text with sorted keys, the twin's read back once so that numbers have one spelling.
    private func agreesWithTwin(_ batch: SpanBatch, _ style: JSONStyle) throws -> Bool {
        func sorted(_ text: Data) throws -> Data {
            try JSONSerialization.data(
                withJSONObject: try JSONSerialization.jsonObject(with: text), options: .sortedKeys)
        }
        let twin = try JSONSerialization.data(withJSONObject: NaiveJSON.value(batch))
        return try sorted(Data(try batch.json(style: style).utf8)) == sorted(twin)
    }

    @Test func `output comes in chunks of the size asked for, and together they are the text`() throws {
        let batch = try SpanBatch(decoding: SpanBatchCodecTests.corpus("medium.pb"))
        let chunks = Chunks()
        do {
            var output = ByteOutput(chunkBytes: 1000) { chunks.all.append($0) }
            try JSONPrinter(SpanBatch.schema).print(batch, to: &output)
        }
        #expect(chunks.all.count > 100)
        #expect(chunks.all.allSatisfy { $0.count < 1500 })
        #expect(String(decoding: chunks.all.joined(), as: UTF8.self) == (try batch.json()))
    }

    private final class Chunks {
        var all: [[UInt8]] = []
    }

    @Test func `a value nested deeper than any decoder reads is an error, not an overflow`() throws {
        var value: AttributeValue = 1
        for _ in 0..<600 { value = .array([value]) }
        #expect { try json(value) } throws: { ($0 as? WireError)?.code == .tooDeep }
    }
}
