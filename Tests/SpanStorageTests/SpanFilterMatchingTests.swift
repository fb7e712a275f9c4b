import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageTesting
import Testing

@Suite struct SpanFilterMatchingTests {
    static let start = SpanFilterParsingTests.now - 1_000_000_000

    static let span: MergedSpan = {
        var span = SpanRecord(
            traceID: TraceID(hex: "5b8aa5a2d2c872e8321cf37308d69df2")!, spanID: SpanID(0x10),
            parentSpanID: SpanID(0x20),
            name: "GET /cart", kind: .server, startTimeUnixNano: start, endTimeUnixNano: start + 150_000_000)
        span.status = SpanStatus(.error, message: "timed out")
        span.attributes = [
            Attribute("code", .int(503)), Attribute("text", "503"), Attribute("ratio", .double(0.5)),
            Attribute("whole", .double(503)),
            Attribute("nan", .double(.nan)), Attribute("inf", .double(.infinity)), Attribute("yes", .bool(true)),
            Attribute("list", .array(["a", "b", .int(7), .array(["deep"])])), Attribute("none", .array([])),
            Attribute("bytes", .bytes([1])), Attribute("empty", .empty), Attribute("absent", nil),
            Attribute("max", .int(.max)), Attribute("edge", .double(0x1p63)),
        ]
        span.events = [
            SpanEvent(timeUnixNano: 1, name: "exception", attributes: [Attribute("exception.type", "IOError")]),
            SpanEvent(timeUnixNano: 2, name: "retry", attributes: [Attribute("n", .int(2))]),
        ]
        let resource = Resource(attributes: [Attribute("service.name", "checkout"), Attribute("host.name", "a1")])
        return MergedSpan(
            span: span, origin: SpanOrigin(resource: resource, scope: InstrumentationScope(name: "http", version: "1")))
    }()

    static let running = MergedSpan(
        span: SpanRecord(traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "", startTimeUnixNano: 0),
        origin: SpanOrigin())

    @Test(
        arguments: [
            ("service=checkout name~\"GET /.*\" duration>100ms status=error attr.code>=500 since=1h", true),
            ("service=cart", false), ("service!=cart", true), ("service>c service<d", true), ("name~^/cart", false),
            ("name!~^/cart", true),
            ("kind=server", true), ("kind!=server", false), ("kind", true), ("status", true),
            ("status.message=\"timed out\"", true),
            ("duration=150ms", true), ("duration<150ms", false), ("duration<=150ms duration>=150ms", true),
            ("duration!=1s", true),
            ("since=1s", true), ("since=999ms", false), ("until=1s", false), ("until=999ms", true),
            ("end>2026-08-01T11:59:59.149Z end<2026-08-01T11:59:59.151Z", true), ("end=2026-08-01T11:59:59.15Z", true),
            ("trace=5b8aa5a2d2c872e8321cf37308d69df2", true), ("trace!=5b8aa5a2d2c872e8321cf37308d69df2", false),
            ("span=0000000000000010", true), ("parent=0000000000000020", true), ("parent!=0000000000000021", true),
            ("parent", true),
            ("running", false), ("root", false), ("error", true), ("error=false", false), ("scope=http", true),
            ("scope", true),
            ("attr.code", true), ("attr.missing", false), ("not attr.missing", true), ("attr.empty", true),
            ("attr.absent", true),
            ("attr.code=503", true), ("attr.code=503.0", true), ("attr.code>502.5", true), ("attr.code<503", false),
            ("attr.code=\"503\"", false),
            ("attr.code!=\"503\"", false), ("attr.code~503", false), ("attr.code!~503", false), ("attr.code!=7", true),
            ("attr.code=true", false),
            ("attr.text=\"503\"", true), ("attr.text=503", false), ("attr.text!=503", false), ("attr.text~^50.$", true),
            ("attr.text>\"5\"", true),
            ("attr.ratio=0.5", true), ("attr.ratio>0", true), ("attr.ratio<1", true), ("attr.whole=503", true),
            ("attr.whole>=503", true),
            ("attr.nan=0", false), ("attr.nan!=0", false), ("not attr.nan=0", true), ("attr.nan", true),
            ("attr.inf>9e307", true), ("attr.inf>5", true),
            ("attr.yes=true", true), ("attr.yes!=true", false), ("attr.yes=false", false), ("attr.yes!=false", true),
            ("attr.yes=\"true\"", false),
            ("attr.list=a", true), ("attr.list=7", true), ("attr.list=c", false), ("attr.list!=a", false),
            ("attr.list!=c", true),
            ("attr.list=deep", false), ("attr.list~^b", true), ("attr.list!~b", false), ("attr.none=a", false),
            ("attr.none!=a", false), ("attr.none", true),
            ("attr.bytes=1", false), ("attr.bytes", true), ("attr.empty=\"\"", false), ("attr.absent!=1", false),
            ("attr.missing!=1", false),
            ("attr.max=9223372036854775807", true), ("attr.max=9223372036854775808", false),
            ("attr.max<9223372036854775808", true),
            ("attr.edge>9223372036854775807", true), ("attr.edge=9223372036854775807", false),
            ("resource.host.name=a1", true), ("resource.code", false), ("attr.host.name", false),
            ("event=retry", true), ("event=other", false), ("event!=other", true), ("event!=retry", false),
            ("event~^exc", true), ("event", true),
            ("event.exception.type=IOError", true), ("event.n>=2", true), ("event.n>2", false), ("event.x", false),
            ("event.x!=1", false),
            ("", true), ("not ()", false), ("service=cart or error", true), ("not (error root)", true),
            ("error (root or kind=server)", true),
        ])
    func `an ended span with everything`(text: String, matches: Bool) throws {
        #expect(try SpanFilterParsingTests.parse(text).matches(Self.span) == matches)
    }

    @Test(
        arguments: [
            ("running", true), ("root", true), ("error", false), ("service=\"\"", true), ("service", false),
            ("service!=a", true),
            ("name=\"\"", true), ("name", false), ("name~\"^$\"", true), ("duration", false), ("duration>0ns", false),
            ("not duration>0ns", true),
            ("duration!=1s", false), ("start", false), ("start<2030-01-01", false), ("start!=2030-01-01", false),
            ("end", false),
            ("end<2030-01-01", false), ("parent", false), ("parent!=0000000000000001", false), ("kind", false),
            ("kind=unspecified", true),
            ("status=unset", true), ("status!=error", true), ("scope=\"\"", true), ("event", false),
            ("event!=a", false), ("resource.a", false),
            ("status.message=\"\"", true), ("span trace", true),
        ])
    func `a running span with nothing`(text: String, matches: Bool) throws {
        #expect(try SpanFilterParsingTests.parse(text).matches(Self.running) == matches)
    }

    @Test func `not is the exact opposite, all and any are what they say, for any filter and span`() {
        let spans = Self.randomSpans()
        var generator = FilterGenerator(seed: seed)
        for _ in 0..<500 {
            let (one, two) = (generator.filter(depth: 2), generator.filter(depth: 2))
            for span in spans.prefix(40) {
                let (a, b) = (one.matches(span), two.matches(span))
                #expect(SpanFilter.not(one).matches(span) == !a)
                #expect(SpanFilter.all([one, two]).matches(span) == (a && b))
                #expect(SpanFilter.any([one, two]).matches(span) == (a || b))
            }
        }
    }

    @Test func `what an engine narrows its search by holds for every span that matches`() {
        let spans = Self.randomSpans()
        var generator = FilterGenerator(seed: seed)
        var (matching, narrowed) = (0, 0)
        for _ in 0..<4000 {
            var query = SpanQuery(filter: generator.filter(depth: 3))
            query.order = generator.values.pick(SpanOrder.allCases)
            if generator.values.chance(20) {
                query.after = SpanCursor(generator.values.pick(spans), order: query.order)
            }
            if generator.values.chance(20) { query.minDurationNano = generator.values.pick([.min, 0, 1000]) }
            let conditions = query.conditions
            for span in spans {
                let holds = conditions.hold(for: span)
                if query.matches(span) {
                    matching += 1
                    #expect(holds, "\(query.filter) of \(span.span): \(conditions)")
                }
                if !holds { narrowed += 1 }
            }
        }
        #expect(matching > 5000 && narrowed > 5000, "\(matching) spans matched, \(narrowed) were left out")
    }

    @Test func `conditions say what they can`() throws {
        func conditions(_ text: String) throws -> SpanConditions { try SpanFilterParsingTests.parse(text).conditions }
        var expected = SpanConditions()
        expected.service = "a"
        expected.status = .error
        expected.durationNano = 1_000_001...(.max)
        expected.isRunning = false
        expected.start = 1...(.max)
        expected.end = 1...(.max)
        expected.attributes = [.init(.span, "k", .integer(5))]
        #expect(try conditions("service=a error duration>1ms attr.k=5 attr.k=5 not name=x attr.z>1") == expected)
        #expect(try conditions("service=a (name=x or name=x root)").name == "x")
        #expect(try conditions("service=a or service=b") == SpanConditions())
        #expect(try conditions("service=a service=b").isImpossible)
        #expect(try conditions("service=a service=b or service=c").service == "c")
        #expect(try conditions("duration>2s duration<1s").isImpossible)
        #expect(try conditions("duration>1s or duration>=3s").durationNano == 1_000_000_001...(.max))
        #expect(
            try conditions("start>=1970-01-01T00:00:00.000000005Z start<1970-01-01T00:00:00.000000009Z").start == 5...8)
        #expect(try conditions("start<1970-01-01").isImpossible)
        #expect(try conditions("not ()").isImpossible)
        #expect(try conditions("not (service=a)") == SpanConditions())
        #expect(try conditions("not running").isRunning == false)
        #expect(try conditions("root").parent == .invalid)
    }

    private static func randomSpans() -> [MergedSpan] {
        var generator = ReportGenerator(seed: seed)
        return (0..<80).map { _ in
            let origin = SharedOrigin(SpanOrigin(resource: generator.resource(), scope: generator.scope()))
            let traceID = TraceID(high: 7, low: generator.pick([1, 2, 3, 9]))
            let report = generator.report(traceID, SpanID(generator.pick([1, 2, 3, 9])))
            return SpanState(report, origin: origin).merged()
        }
    }
}
