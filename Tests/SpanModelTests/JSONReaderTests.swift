import Foundation
import ProtoWire
import SpanModel
import Testing

@Suite struct JSONReaderTests {
    // MARK: Both ways

    @Test func `what the printer writes is read as what it was, in either layout`() throws {
        let seed = RandomBatch.seed
        var random = RandomBatch(seed: seed)
        for round in 0..<300 {
            let batch = random.batch()
            let text = try batch.json()
            for layout in [text, try batch.json(style: .pretty)] {
                let read = try SpanBatch(json: layout)
                let agrees = try read.json() == text && read.spanCount == batch.spanCount
                #expect(agrees, "SEED=\(seed) round \(round)")
            }
        }
    }

    @Test(arguments: ["small.pb", "medium.pb"])
    func `what the SDK wrote goes through JSON and comes out byte for byte`(name: String) throws {
        let bytes = try SpanBatchCodecTests.corpus(name)
        let text = try SpanBatch(decoding: bytes).json(style: .pretty)
        #expect(try SpanBatch(json: text).encoded() == bytes)
        #expect(try Self.encoded(text) == bytes)
    }

    @Test func `fields in any order are encoded in the order of their numbers`() throws {
        let seed = RandomBatch.seed
        var random = RandomBatch(seed: seed)
        for round in 0..<100 {
            let batch = try SpanBatch(json: random.batch().json())
            let object = try JSONSerialization.jsonObject(with: Data(try batch.json().utf8))
            // Sorted keys put endTimeUnixNano before kind, scopeSpans before schemaUrl, and so on.
            let sorted = try JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
            let agrees = try Self.encoded(String(decoding: sorted, as: UTF8.self)) == batch.encoded()
            #expect(agrees, "SEED=\(seed) round \(round)")
        }
    }

    // MARK: Rules, one by one

    private func value(_ member: String) throws -> AttributeValue? {
        try Attribute(json: #"{"key":"k","value":\#(member)}"#).value
    }

    @Test func `every kind of value in every spelling`() throws {
        #expect(try Attribute(json: #"{"key":"k"}"#) == Attribute("k", nil))
        #expect(try value("null") == nil)
        #expect(try value("{}") == .empty)
        #expect(try value(#"{"stringValue":null}"#) == .empty)
        #expect(try value(#"{"stringValue":null,"intValue":"7"}"#) == .int(7))
        #expect(try value(#"{"stringValue":""}"#) == "")
        #expect(try value(#"{"boolValue":false}"#) == false)
        for seven in ["7", "\"7\"", "7.0", "7e0", "70e-1", "0.7E+1", "\"7.000\"", "700e-2", "\"\\u0037\""] {
            #expect(try value("{\"intValue\":\(seven)}") == .int(7), "\(seven)")
        }
        #expect(try value(#"{"intValue":"-9223372036854775808"}"#) == .int(.min))
        #expect(try value(#"{"intValue":9223372036854775807}"#) == .int(.max))
        #expect(try value(#"{"intValue":9.223372036854775807e18}"#) == .int(.max))
        #expect(try value(#"{"intValue":-0}"#) == .int(0))
        #expect(try value(#"{"intValue":0e99999999999999999999}"#) == .int(0))
        for half in ["0.5", "\"0.5\"", "5e-1", "0.0005e3", "50000000000000000000000e-23"] {
            #expect(try value("{\"doubleValue\":\(half)}") == .double(0.5), "\(half)")
        }
        #expect(try value(#"{"doubleValue":-0.0}"#) == .double(-0.0))
        #expect(try value(#"{"doubleValue":0.30000000000000004}"#) == .double(0.1 + 0.2))
        #expect(try value(#"{"doubleValue":1.7976931348623157e308}"#) == .double(.greatestFiniteMagnitude))
        #expect(try value(#"{"doubleValue":1e-400}"#) == .double(0))
        #expect(try value(#"{"doubleValue":"NaN"}"#) == .double(.nan))
        #expect(try value(#"{"doubleValue":"Infinity"}"#) == .double(.infinity))
        #expect(try value(#"{"doubleValue":"-Infinity"}"#) == .double(-.infinity))
        #expect(try value(#"{"arrayValue":{}}"#) == .array([]))
        #expect(try value(#"{"arrayValue":{"values":null}}"#) == .array([]))
        #expect(try value(#"{"arrayValue":{"values":[{},{"intValue":1}]}}"#) == .array([.empty, 1]))
        #expect(
            try value(#"{"kvlistValue":{"values":[{"key":"a","value":{"boolValue":true}}]}}"#)
                == .keyValueList([Attribute("a", true)]))
        for spelling in ["+/8=", "+/8", "-_8=", "-_8", "\\u002b/8"] {
            #expect(try value("{\"bytesValue\":\"\(spelling)\"}") == .bytes([0xFB, 0xFF]), "\(spelling)")
        }
        #expect(try value(#"{"bytesValue":""}"#) == .bytes([]))
        #expect(try value(#"{"stringValueStrindex":-1}"#) == .stringIndex(-1))
    }

    @Test func `ids in either case and of any length, zeros too, and enums by number and name`() throws {
        let span = try SpanRecord(
            json: """
                {"traceId":"0AF7651916cd43dd8448eb211c80319c","spanId":"00000000000000FF","parentSpanId":"010203",
                 "kind":"SPAN_KIND_CLIENT","status":{"code":"2"},"flags":"769","startTimeUnixNano":1e3,
                 "links":[{"traceId":"","spanId":"0000000000000000"}],"name":null,"events":null}
                """)
        #expect(span.traceID.hex == "0af7651916cd43dd8448eb211c80319c")
        #expect(span.spanID == SpanID(0xFF) && span.parentSpanID == .invalid)
        #expect(span.irregularIDs[.parentSpanID] == [1, 2, 3])
        #expect(span.kind == .client && span.status?.code == .error)
        #expect(span.flags == 0x301 && span.startTimeUnixNano == 1000)
        #expect(span.links[0].irregularIDs[.spanID] == [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(span.links[0].irregularIDs[.traceID] == nil)
        #expect(try SpanRecord(json: #"{"kind":-7}"#).kind == SpanKind(rawValue: -7))
    }

    @Test func `escapes stand for what they stand for, in keys too`() throws {
        let text = #"{"\u006d\u0065ssage":"\u0000\b\t\n\f\r\"\\\/\u00e9\u20AC\ud83d\ude00é😀\uFFFF"}"#
        let status = try SpanStatus(json: text)
        #expect(status.message == "\0\u{8}\t\n\u{C}\r\"\\/é€😀é😀\u{FFFF}")
    }

    @Test func `keys that the schema does not have are ignored with whatever they hold, and counted`() throws {
        let text = #"""
            {"trace_id":"zz","spanId":"0102030405060708","deep":{"a":[1,{"b":[[],{},null,true,false,-1e5,"\ud83d\ude00"]}]},
             "x":[],"":""}
            """#
        var reader = JSONReader(Array(text.utf8).rawSpan, schema: SpanRecord.schema)
        var output = WireAppender()
        let isRead = try reader.nextDocument(into: &output)
        #expect(isRead && reader.ignoredKeys == 4)
        #expect(reader.firstIgnoredKey == "trace_id")
        #expect(try SpanRecord(decoding: output.bytes).spanID == SpanID(0x0102_0304_0506_0708))
    }

    @Test func `a byte order mark and white space around a document are skipped`() throws {
        #expect(try SpanStatus(json: "\u{FEFF} \t\r\n{ \"code\" :\n2 } \n").code == .error)
    }

    @Test(
        arguments: [
            (#"{"traceId":"secre"}"#, "invalid_id", 11, "traceId"),
            (#"{"traceId":"secrets!"}"#, "invalid_id", 11, "traceId"),
            (#"{"links":[{},{"spanId":"0g"}]}"#, "invalid_id", 23, "links[1].spanId"),
            (#"{"traceId":77}"#, "wrong_type", 11, "traceId"), (#"{"name":true}"#, "wrong_type", 8, "name"),
            (#"{"name":{}}"#, "wrong_type", 8, "name"), (#"{"links":{}}"#, "wrong_type", 9, "links"),
            (#"{"links":[null]}"#, "wrong_type", 10, "links[0]"), (#"{"status":[]}"#, "wrong_type", 10, "status"),
            (#"{"status":{"code":[]}}"#, "wrong_type", 18, "status.code"), ("[]", "wrong_type", 0, ""),
            ("null", "wrong_type", 0, ""), (#"{"flags":"secret"}"#, "wrong_type", 9, "flags"),
            (#"{"flags":""}"#, "wrong_type", 9, "flags"), (#"{"flags":" 1"}"#, "wrong_type", 9, "flags"),
            (#"{"flags":"01"}"#, "wrong_type", 9, "flags"), (#"{"flags":true}"#, "wrong_type", 9, "flags"),
            (#"{"flags":4294967296}"#, "out_of_range", 9, "flags"), (#"{"flags":-1}"#, "out_of_range", 9, "flags"),
            (#"{"flags":1.5}"#, "out_of_range", 9, "flags"), (#"{"flags":1e-1}"#, "out_of_range", 9, "flags"),
            (#"{"startTimeUnixNano":18446744073709551616}"#, "out_of_range", 21, "startTimeUnixNano"),
            (#"{"startTimeUnixNano":"1e99999999999999"}"#, "out_of_range", 21, "startTimeUnixNano"),
            (#"{"kind":2147483648}"#, "out_of_range", 8, "kind"),
            (#"{"kind":"SECRET"}"#, "unknown_enum_name", 8, "kind"),
            (
                #"{"attributes":[{"value":{"intValue":9223372036854775808}}]}"#, "out_of_range", 36,
                "attributes[0].value.intValue"
            ),
            (
                #"{"attributes":[{"value":{"doubleValue":1e309}}]}"#, "out_of_range", 39,
                "attributes[0].value.doubleValue"
            ),
            (#"{"attributes":[{"value":{"doubleValue":"nan"}}]}"#, "wrong_type", 39, "attributes[0].value.doubleValue"),
            (#"{"attributes":[{"value":{"boolValue":"true"}}]}"#, "wrong_type", 37, "attributes[0].value.boolValue"),
            (#"{"attributes":[{"value":{"bytesValue":"A"}}]}"#, "invalid_base64", 38, "attributes[0].value.bytesValue"),
            (
                #"{"attributes":[{"value":{"bytesValue":"AA="}}]}"#, "invalid_base64", 38,
                "attributes[0].value.bytesValue"
            ),
            (
                #"{"attributes":[{"value":{"bytesValue":"A=A="}}]}"#, "invalid_base64", 38,
                "attributes[0].value.bytesValue"
            ),
            (
                #"{"attributes":[{"value":{"bytesValue":"===="}}]}"#, "invalid_base64", 38,
                "attributes[0].value.bytesValue"
            ),
            (
                #"{"attributes":[{"value":{"bytesValue":"AA AA"}}]}"#, "invalid_base64", 38,
                "attributes[0].value.bytesValue"
            ),
            (
                #"{"attributes":[{"value":{"intValue":1,"boolValue":true}}]}"#, "oneof_set_twice", 50,
                "attributes[0].value.boolValue"
            ),
            (#"{"name":"a","name":"b"}"#, "duplicate_key", 12, "name"),
            (#"{"links":[],"links":[]}"#, "duplicate_key", 12, "links"),
            (#"{"name":"\ud800secret"}"#, "lone_surrogate", 9, "name"),
            (#"{"name":"\udc00\ud800"}"#, "lone_surrogate", 9, "name"),
            (#"{"name":"\ud800\u0041"}"#, "lone_surrogate", 9, "name"),
            (#"{"name":"\x41"}"#, "invalid_json", 9, "name"), (#"{"name":"\u12g4"}"#, "invalid_json", 9, "name"),
            ("{\"name\":\"a\u{0}\"}", "invalid_json", 10, "name"), ("{\"name\":\"a\n\"}", "invalid_json", 10, "name"),
            ("{'name':1}", "invalid_json", 1, ""), ("{\"name\"}", "invalid_json", 7, ""),
            ("{\"flags\":01}", "invalid_json", 9, "flags"), ("{\"flags\":1,}", "invalid_json", 11, ""),
            ("{\"flags\":-}", "invalid_json", 9, "flags"), ("{\"flags\":1.}", "invalid_json", 9, "flags"),
            ("{\"flags\":+1}", "wrong_type", 9, "flags"), ("{\"flags\":.5}", "wrong_type", 9, "flags"),
            ("{\"flags\":1e}", "invalid_json", 9, "flags"), ("{\"flags\":0x1}", "invalid_json", 10, ""),
            ("{\"flags\":1 2}", "invalid_json", 11, ""), ("{\"links\":[{},]}", "wrong_type", 13, "links[1]"),
            ("{\"links\":[{}}", "invalid_json", 12, ""), ("{\"a\":nul}", "invalid_json", 5, ""),
            ("{\"a\":[1,2}", "invalid_json", 9, ""), ("{\"a\":NaN}", "invalid_json", 5, ""),
            ("{\"flags\":1}{}", "trailing_text", 11, ""), ("{\"flags\":1}]", "trailing_text", 11, ""),
            ("", "truncated", 0, ""), (" \n", "truncated", 2, ""),
        ])
    func `what is wrong is told with code, byte and path, and without the value`(
        text: String, code: String, offset: Int, path: String
    ) throws {
        let error = #expect(throws: JSONError.self, "\(text)") { try SpanRecord(json: text) }
        #expect(error?.code.rawValue == code, "\(text): \(error?.description ?? "")")
        #expect(error?.offset == offset, "\(text): \(error?.description ?? "")")
        #expect(error?.path == path, "\(text): \(error?.description ?? "")")
        #expect(error?.description.lowercased().contains("secre") == false)
    }

    @Test func `text that is not UTF-8 is an error with the byte, or repaired where that is asked for`() throws {
        for bad: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF5, 0x80, 0x80, 0x80]] {
            let text = Array(#"{"message":"ab"#.utf8) + bad + Array(#""}"#.utf8)
            let error = #expect(throws: JSONError.self) { try SpanStatus(json: text.rawSpan) }
            #expect(error?.code == .invalidUTF8 && error?.offset == 14 && error?.path == "message")
            let repaired = try SpanStatus(json: text.rawSpan, options: DecodeOptions(invalidUTF8: .repair))
            #expect(repaired.message == "ab" + String(decoding: bad, as: UTF8.self))
        }
        let surrogate = try SpanStatus(
            json: #"{"message":"a\ud800b\udc00"}"#, options: DecodeOptions(invalidUTF8: .repair))
        #expect(surrogate.message == "a\u{FFFD}b\u{FFFD}")
    }

    // MARK: Documents

    @Test func `documents follow each other with or without line breaks, and parts are documents in pieces`() throws {
        let seed = RandomBatch.seed
        var random = RandomBatch(seed: seed)
        for round in 0..<60 {
            var text = ""
            var expected: [UInt8] = []
            let count = round % 5
            for index in 0..<count {
                let batch = try SpanBatch(json: random.batch().json())
                text += try batch.json(style: index % 2 == 0 ? .compact : .pretty) + ["\n", "", " \r\n\n"][index % 3]
                expected += batch.encoded()
            }
            let bytes = Array(text.utf8)
            var whole = JSONReader(bytes.rawSpan, schema: SpanBatch.schema)
            var wholeOutput = WireAppender()
            while try whole.nextDocument(into: &wholeOutput) {}
            var parts = JSONReader(bytes.rawSpan, schema: SpanBatch.schema)
            var partOutput = WireAppender()
            while try parts.nextPart(into: &partOutput) {}
            let (wholeBytes, partBytes) = (wholeOutput.byteArray(), partOutput.byteArray())
            #expect(wholeBytes == expected && partBytes == expected, "SEED=\(seed) round \(round)")
            #expect(whole.documents == count && parts.documents == count)
        }
    }

    // MARK: Hostile text

    @Test func `cut anywhere, text is truncated and nothing else, and gives the spans that were whole`() throws {
        var batch = try SpanBatch(decoding: SpanBatchCodecTests.corpus("small.pb"))
        let scopes = batch.resourceSpans[0].scopeSpans
        batch.resourceSpans[0].scopeSpans = [0, 1].map { index in
            var scope = scopes[index % scopes.count]
            scope.spans = [scope.spans[0]]
            return scope
        }
        for style in [JSONStyle.compact, .pretty] {
            let text = Array(try batch.json(style: style).utf8)
            var counts: Set<Int> = []
            for count in 1..<text.count {
                let part = text.rawSpan.extracting(0..<count)
                var output = WireAppender()
                do throws(JSONError) {
                    var reader = JSONReader(part, schema: SpanBatch.schema)
                    if count % 2 == 0 {
                        _ = try reader.nextDocument(into: &output)
                    } else {
                        while try reader.nextPart(into: &output) {}
                    }
                    Issue.record("\(count) bytes were read")
                } catch {
                    #expect(error.code == .truncated, "\(count)")
                }
                let whole = try SpanBatch(decoding: output.bytes)
                counts.insert(whole.spanCount)
                #expect(zip(whole.spans, batch.spans).allSatisfy { $0 == $1 }, "\(count)")
            }
            #expect(counts == Set(0...2))
        }
    }

    @Test func `bytes that are changed, left out or put in never trap, and what is read is a message`() throws {
        let seed = RandomBatch.seed
        var random = RandomBatch(seed: seed)
        var refused = 0
        for _ in 0..<1000 {
            var text = Array(try random.batch().json().utf8)
            for _ in 0...random.below(3) {
                let position = random.below(text.count)
                switch random.below(3) {
                case 0: text[position] ^= 1 << UInt8(random.below(8))
                case 1: text.insert(Array(#"{}[]",:\0-.eu"#.utf8)[random.below(13)], at: position)
                default: if text.count > 1 { text.remove(at: position) }
                }
            }
            do {
                _ = try SpanBatch(json: text.rawSpan).json()
            } catch {
                refused += 1
                #expect((0...text.count).contains((error as? JSONError)?.offset ?? -1))
            }
        }
        #expect(refused > 100, "SEED=\(seed)")
    }

    @Test func `depth is bounded, in what is read and in what is ignored`() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: #"{"arrayValue":{"values":["#, count: levels) + "{}"
                + String(repeating: "]}}", count: levels)
        }
        #expect(throws: Never.self) { try AttributeValue(json: nested(50)) }
        #expect {
            try AttributeValue(json: nested(51))
        } throws: {
            ($0 as? JSONError)?.code == .tooDeep
        }
        let wide = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))
        #expect(throws: Never.self) { try AttributeValue(json: nested(250), options: wide) }
        for opening in ["[", "{\"a\":"] {
            let ignored = "{\"x\":" + String(repeating: opening, count: 200_000)
            let error = #expect(throws: JSONError.self) { try AttributeValue(json: ignored, options: wide) }
            #expect(error?.code == .tooDeep)
        }
    }

    @Test func `a document over the limit is refused where the limit is, the next one counts anew`() throws {
        let options = DecodeOptions(limits: WireLimits(maxPayloadBytes: 12))
        let text = Array(#"{"code":1}  {"code":"1"} {"code":"10"}"#.utf8)
        var reader = JSONReader(text.rawSpan, schema: SpanStatus.schema, options: options)
        var output = WireAppender()
        #expect(try reader.nextDocument(into: &output))
        #expect(try reader.nextDocument(into: &output))
        do throws(JSONError) {
            _ = try reader.nextDocument(into: &output)
            Issue.record("a document of 13 bytes was read")
        } catch {
            #expect(error.code == .payloadTooLarge)
        }
    }

    @Test func `long strings of escapes, long numbers and many keys are read in one go`() throws {
        let count = 100_000
        let escapes = try SpanStatus(
            json: #"{"message":""# + String(repeating: #"\u0041\ud83d\ude00"#, count: count) + #""}"#,
            options: DecodeOptions(limits: WireLimits(maxPayloadBytes: .max)))
        #expect(escapes.message.utf8.count == 5 * count)
        let digits = String(repeating: "123", count: count)
        #expect(try value("{\"doubleValue\":0.\(digits)}") == .double(0.12312312312312313))
        #expect(throws: JSONError.self) { try value("{\"intValue\":\(digits)}") }
        #expect(try value("{\"intValue\":0e-\(digits)}") == .int(0))
        #expect(try value("{\"intValue\":7\(String(repeating: "0", count: count))e-\(count)}") == .int(7))
        let keys = try SpanStatus(json: "{" + (0..<count).map { "\"k\($0)\":0," }.joined() + "\"code\":2}")
        #expect(keys.code == .error)
    }

    private static func encoded(_ text: String) throws -> [UInt8] {
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.rawSpan, schema: SpanBatch.schema)
        var output = WireAppender()
        _ = try reader.nextDocument(into: &output)
        return output.byteArray()
    }
}
