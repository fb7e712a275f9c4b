import Foundation
import Testing

@Suite struct BenchCommandTests {
    private struct Figures: Decodable {
        struct Spans: Decodable { var reported, stored, rejected, dropped, pending: Int }
        struct Latency: Decodable {
            var count: Int
            var p50, p99, max: Int?
        }
        var connections: Int
        var bytesPerSpan: Double
        var spansPerSecond: Double
        var cpuSecondsPerMillionSpans: Double
        var ackNanoseconds: Latency
        var deliveryNanoseconds: Latency?
        var spans: Spans
    }

    private static func bench(_ arguments: [String]) throws -> Figures {
        let outcome = try SpanwireCommand.run(
            ["bench", "--duration", "1", "--warm-up", "0", "--format", "json"] + arguments)
        #expect(outcome.exitCode == 0, "\(outcome.words)")
        #expect(outcome.words.isEmpty, "\(outcome.words)")
        return try JSONDecoder().decode(Figures.self, from: outcome.output)
    }

    @Test(
        arguments: [
            ["--connections", "3", "--rate", "2000", "--batch", "10"],
            ["--connections", "1", "--spans", "small", "--compression", "none"],
            ["--spans", "medium.pb", "--compression", "gzip", "--rate", "1000"],
        ])
    func `every span of a load is acknowledged, and the figures agree with each other`(arguments: [String]) throws {
        let figures = try Self.bench(arguments)
        #expect(figures.spans.stored == figures.spans.reported)
        #expect(figures.spans.stored > 0)
        #expect(figures.spans.rejected + figures.spans.dropped + figures.spans.pending == 0)
        #expect(figures.spansPerSecond > 0 && figures.bytesPerSpan > 0 && figures.cpuSecondsPerMillionSpans > 0)
        // Not the bytes of one time and the spans of another.
        if arguments.contains("none") { #expect((130...260).contains(figures.bytesPerSpan)) }
        let ack = figures.ackNanoseconds
        #expect(ack.count > 0 && (ack.p50 ?? 0) <= (ack.p99 ?? 0) && (ack.p99 ?? 0) <= (ack.max ?? 0))
        // What a span waits for begins before its batch is written.
        if arguments.contains("--rate") {
            #expect((figures.deliveryNanoseconds?.p50 ?? 0) >= (ack.p50 ?? 0))
        } else {
            #expect(figures.deliveryNanoseconds == nil)
        }
    }

    @Test func `the rate is held: as many spans as are due, no more`() throws {
        let figures = try Self.bench(["--rate", "3000", "--batch", "100"])
        #expect(figures.spans.reported <= 3000 * 5)
        #expect(figures.spans.reported >= 1000)
    }

    private struct Found: Decodable {
        struct Group: Decodable { var scopeSpans: [Scope] }
        struct Scope: Decodable { var spans: [Item] }
        struct Item: Decodable {
            var traceId, spanId, endTimeUnixNano: String
            var parentSpanId: String?
        }
        var resourceSpans: [Group]
    }

    @Test func `a load of so many spans is spread over the time it is to come from, its traces over all senders`()
        throws
    {
        let collector = try RunningCollector()
        let port = try collector.start([])
        let figures = try Self.bench([
            "--to", "127.0.0.1:\(port)", "--total", "1200", "--spread", "10h", "--shared-traces", "--connections", "3",
            "--duration", "60",
        ])
        #expect(figures.spans.stored == 1200)
        _ = collector.stop()
        let outcome = try SpanwireCommand.run([
            "query", "search", "--limit", "10000", "--format", "json", "--store", collector.path("store.db"),
        ])
        let found = try JSONDecoder().decode(Found.self, from: outcome.output)
        let spans = found.resourceSpans.flatMap(\.scopeSpans).flatMap(\.spans)
        #expect(spans.count == 1200 && Set(spans.map(\.spanId)).count == 1200)
        let ends = spans.compactMap { UInt64($0.endTimeUnixNano) }
        let hours = try Double(#require(ends.max()) - #require(ends.min())) / 3.6e12
        #expect(hours > 9.5 && hours <= 10, "\(hours)")
        // Each sender has two spans of each trace; all but the first sender's have a parent that was sent by another.
        let traces = Dictionary(grouping: spans, by: \.traceId)
        #expect(traces.count == 200)
        for trace in traces.values {
            let ids = Set(trace.map(\.spanId))
            #expect(trace.filter { ($0.parentSpanId ?? "").isEmpty }.count == 1)
            #expect(trace.allSatisfy { ($0.parentSpanId ?? "").isEmpty || ids.contains($0.parentSpanId ?? "") })
        }
    }

    @Test func `without a collector it says so, in one line, and fails`() throws {
        let outcome = try SpanwireCommand.run(
            ["bench", "--to", "127.0.0.1:1", "--duration", "1", "--warm-up", "0", "--rate", "100"])
        #expect(outcome.exitCode == 1)
        #expect(outcome.words.contains("not every span is stored: reported "), "\(outcome.words)")
        let text = String(decoding: outcome.output, as: UTF8.self)
        #expect(text.contains("nothing acknowledged") && !text.contains("per million spans"), "\(text)")
    }

    #if os(Linux)
        @Test func `a collector's process that is not there is told before the load`() throws {
            let outcome = try SpanwireCommand.run(["bench", "--duration", "1", "--collector-pid", "2147483647"])
            #expect(outcome.exitCode == 1)
            #expect(outcome.output.isEmpty && outcome.words.contains("--collector-pid"), "\(outcome.words)")
        }
    #endif
}
