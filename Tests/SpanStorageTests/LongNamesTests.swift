import ProtoWire
import SpanModel
import SpanStorage
import SpanStorageTesting
import Testing

@testable import SpanStorageSQLite

/// Names far longer than names are: what is counted by them takes no more than reading them does.
@Suite(.serialized, .timeLimit(.minutes(10))) struct LongNamesTests {
    let folder = try! TemporaryFolder()

    enum Place: CaseIterable {
        case service
        case name
        case key
        case value
        case exception
        case peer
    }

    /// So many spans, all with one long text in the place, and one span more.
    static func batch(_ place: Place, _ text: String, count: Int) -> IncomingBatch {
        let spans = (1...count).map { number in
            var span = SpanRecord(
                traceID: TraceID(high: 1, low: UInt64(number)), spanID: SpanID(1), name: "work", kind: .client,
                startTimeUnixNano: 1_000_000 * UInt64(number), endTimeUnixNano: 1_000_000 * UInt64(number) + 10)
            span.status = SpanStatus(.error)
            switch place {
            case .service: break
            case .name: span.name = text
            case .key: span.attributes = [Attribute(text, .int(1))]
            case .value: span.attributes = [Attribute("k", .string(text))]
            case .peer: span.attributes = [Attribute("peer.service", .string(text))]
            case .exception:
                span.events = [
                    SpanEvent(
                        timeUnixNano: 1, name: "exception", attributes: [Attribute("exception.type", .string(text))])
                ]
            }
            return span
        }
        let service = place == .service ? text : "s"
        let resource = Resource(attributes: [Attribute("service.name", .string(service))])
        let group = ResourceSpans(resource: resource, scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
        return IncomingBatch(reports: SpanBatch(resourceSpans: [group]))
    }

    static func questions(_ store: any SpanStore) -> [(String, () async throws -> Int)] {
        [
            (
                "scan",
                {
                    try await store.scan(SpanScan(), into: 0) {
                        $0 += $1.count
                        return true
                    }
                }
            ),
            ("operations", { try await store.operations(SpanScan()).groups.count }),
            ("latency", { try await store.latency(LatencyQuery()).groups.count }),
            ("slow", { try await store.slow(SlowQuery()).operations.groups.count }),
            ("errors", { try await store.errors(SpanScan()).groups.count }),
            ("dependencies", { try await store.dependencies(SpanScan()).edges.count }),
            ("attributeKeys", { try await store.attributeKeys(SpanScan()).groups.count }),
            (
                "attributeValues",
                { try await store.attributeValues(of: AttributeKey(.span, "k"), SpanScan()).groups.count }
            ),
            ("search", { try await store.search(SpanQuery(service: "s", limit: 1)).count }),
            ("services", { try await store.services().count }),
        ]
    }

    @Test(arguments: Place.allCases)
    func `a name of 100 kB is counted in the time that reading it takes`(place: Place) async throws {
        let text = String(repeating: "n", count: 100_000)
        let count = 150
        let stores: [any SpanStore] = [
            InMemorySpanStore(), try await SQLiteSpanStore.open(path: folder.file("long.db"), mode: .readWrite),
        ]
        for store in stores {
            try await store.append([Self.batch(place, text, count: count)])
            let clock = ContinuousClock()
            // What no answer can do without: the texts are read, and each is looked up once.
            var scan = Duration.zero
            for (name, ask) in Self.questions(store) {
                let looked = clock.measure {
                    let copy = ExactText(String(decoding: Array(text.utf8), as: UTF8.self))
                    for _ in 0..<count {
                        let table: [ExactText: Int] = [ExactText(text): 1]
                        _ = table[copy]
                    }
                }
                let time = try await clock.measure { _ = try await ask() }
                if name == "scan" { scan = time }
                // One byte after the other takes a hundred times as long.
                let bound: Duration = scan * 3 + looked * 10 + Duration.milliseconds(700)
                #expect(time < bound, "\(name) of \(type(of: store)): looked up in \(looked), read in \(scan)")
            }
            try await store.close()
        }
    }

    @Test func `texts compare by their bytes, wherever they differ and however they are kept`() {
        var generator = SeededGenerator(seed: seed)
        for count in 0...70 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0x61...0x7A, using: &generator) }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(ExactText(text) == ExactText(String(decoding: Array(bytes), as: UTF8.self)))
            #expect(ExactText(text) != ExactText(text + "a") && text.byteOrder(to: text + "a") == -1)
            for place in 0..<count {
                var other = bytes
                other[place] = UInt8.random(in: 0x21...0x7E, using: &generator)
                let changed = String(decoding: other, as: UTF8.self)
                let order = bytes.lexicographicallyPrecedes(other) ? -1 : bytes == other ? 0 : 1
                #expect(text.byteOrder(to: changed) == order && changed.byteOrder(to: text) == -order)
                #expect((ExactText(text) == ExactText(changed)) == (order == 0))
            }
        }
        #expect(ExactText("\u{E9}") != ExactText("e\u{301}"))
        #expect(ExactText("q\u{307}\u{323}") != ExactText("q\u{323}\u{307}"))
    }
}
