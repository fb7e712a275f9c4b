import Foundation
import SpanModel
import SpanStorage
import SpanStorageSQLite
import Testing

@testable import SpanStorageSQLite

@Suite struct SQLiteViewTests {
    let folder = try! TemporaryFolder()

    /// The columns of the only row of a query, as text; `nil` for NULL.
    func row(_ sql: String, _ columns: Int) throws -> [String?] {
        let connection = try Connection(path: folder.file("spans.db"), mode: .readOnly)
        let statement = try connection.prepare(sql)
        guard try statement.step() else { return [] }
        defer { statement.reset() }
        return (0..<columns).map { statement.isNull($0) ? nil : statement.text($0) }
    }

    func store(_ spans: [SpanRecord]) async throws {
        let store = try await SQLiteSpanStore.open(path: folder.file("spans.db"), mode: .readWrite)
        let resource = Resource(attributes: [Attribute("service.name", "cart"), Attribute("pid", 7)])
        let scope = ScopeSpans(scope: InstrumentationScope(name: "lib", version: "2"), spans: spans)
        let reports = SpanBatch(resourceSpans: [ResourceSpans(resource: resource, scopeSpans: [scope])])
        try await store.append([IncomingBatch(reports: reports)])
        await store.close()
    }

    @Test("the view has one plain row for a merged span")
    func plainRow() async throws {
        let span = SpanRecord(
            traceID: TraceID(high: 0x4BF9_2F35_77B3_4DA6, low: 0xA3CE_929D_0E0E_4736),
            spanID: SpanID(0x00F0_67AA_0BA9_02B7),
            parentSpanID: SpanID(1), name: "GET /cart", kind: .server, startTimeUnixNano: 1_000, endTimeUnixNano: 900,
            attributes: [
                Attribute("http.method", "GET"), Attribute("n", .int(.max)), Attribute("d", 1.5),
                Attribute("nan", .double(.nan)),
                Attribute("b", .bytes([1, 2, 3, 4])), Attribute("list", [1, "x", [true]]), Attribute("none", nil),
                Attribute("map", .keyValueList([Attribute("q\"\n", "\u{0}")])),
            ],
            events: [SpanEvent(timeUnixNano: .max, name: "e")],
            links: [SpanLink(traceID: TraceID(high: 0, low: 1), spanID: SpanID(2))],
            status: SpanStatus(.error, message: "no"))
        try await store([span])
        let columns = """
            trace_id, span_id, parent_span_id, service, name, kind, start_time_unix_nano, end_time_unix_nano,
            duration_nano, status, status_message, running, conflicted, scope_name, scope_version
            """
        #expect(
            try row("SELECT \(columns) FROM spans", 15) == [
                "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "0000000000000001", "cart", "GET /cart",
                "server",
                "1000", "900", "-100", "error", "no", "0", "0", "lib", "2",
            ])
        #expect(
            try row("SELECT attributes, resource_attributes, events, links, conflicts FROM spans", 5) == [
                #"{"b":"AQIDBA==","d":1.5,"http.method":"GET","list":[1,"x",[true]],"map":{"q\"\u000a":"\u0000"},"#
                    + #""n":9223372036854775807,"nan":"NaN","none":null}"#,
                #"{"pid":7,"service.name":"cart"}"#,
                #"[{"time_unix_nano":18446744073709551615,"name":"e","attributes":{}}]"#,
                #"[{"trace_id":"00000000000000000000000000000001","span_id":"0000000000000002","attributes":{}}]"#,
                "[]",
            ])
    }

    @Test("a running root has neither end, duration nor parent, and clashes are listed")
    func runningRow() async throws {
        let first = SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "a", startTimeUnixNano: 1 << 63)
        var second = first
        second.name = "b"
        try await store([first, second])
        #expect(
            try row(
                "SELECT parent_span_id, start_time_unix_nano, end_time_unix_nano, duration_nano, status, running, conflicts "
                    + "FROM spans",
                7) == [nil, "09223372036854775808", nil, nil, "unset", "1", #"["name"]"#])
    }

    @Test("a trace is found through an index, by its bytes")
    func indexedTrace() async throws {
        try await store([
            SpanRecord(traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "a", startTimeUnixNano: 1)
        ])
        let plan = try row(
            "EXPLAIN QUERY PLAN SELECT * FROM spans WHERE trace_id_bytes = x'00000000000000010000000000000001'", 4)
        #expect(plan.last??.contains("USING INDEX") == true)
    }
}
