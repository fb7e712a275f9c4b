import SpanModel
import Testing

/// What a caller writes first: attributes of variables, a resource of a literal, a status by its name.
@Suite struct ConvenienceTests {
    @Test func `variables of the usual types become attribute values of the same kind`() {
        let (text, whole, wide, number, flag) = ("cart", 3, Int64.min, 0.5, true)
        let items = ["a", "b"]
        #expect(Attribute("k", text).value == .string("cart"))
        #expect(Attribute("k", whole).value == .int(3))
        #expect(Attribute("k", wide).value == .int(.min))
        #expect(Attribute("k", number).value == .double(0.5))
        #expect(Attribute("k", flag).value == .bool(true))
        #expect(Attribute("k", items).value == .array([.string("a"), .string("b")]))
    }

    @Test func `literals, values and absent values mean what they meant`() {
        #expect(Attribute("k", "cart").value == .string("cart"))
        #expect(Attribute("k", 3).value == .int(3))
        #expect(Attribute("k", 3.0).value == .double(3))
        #expect(Attribute("k", false).value == .bool(false))
        #expect(Attribute("k", ["a", 1]).value == .array([.string("a"), .int(1)]))
        #expect(Attribute("k", .empty).value == .empty)
        #expect(Attribute("k", nil).value == nil)
    }

    @Test func `a resource of a dictionary literal keeps its order`() {
        let resource = Resource(attributes: ["service.name": "checkout", "host.cpus": 8])
        #expect(resource == Resource(attributes: [Attribute("service.name", "checkout"), Attribute("host.cpus", 8)]))
        #expect(resource.serviceName == "checkout")
    }

    @Test func `a status is set by its name`() {
        var span = SpanRecord(
            traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), name: "pay", startTimeUnixNano: 1)
        span.status = .error
        #expect(span.status == SpanStatus(.error))
        #expect(SpanStatus.ok.code == .ok && SpanStatus.unset.code == .unset)
    }
}
