// How long a store takes to answer: storage-bench FILE [ROUNDS]. The file is one that `spanwire bench` filled. What is asked
// for is drawn from the store itself: traces, ids that are absent, and searches for a service with an attribute's value and a
// least duration in the hour before the newest span.
import Foundation
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageSQLite
import Synchronization

guard CommandLine.arguments.count >= 2 else {
    FileHandle.standardError.write(Data("usage: storage-bench FILE [ROUNDS]\n".utf8))
    exit(2)
}
let rounds = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 200 : 200
let store = try await SQLiteSpanStore.open(path: CommandLine.arguments[1], mode: .readOnly)
let statistics = try await store.statistics()
print("\(statistics.total.spans) spans, \(statistics.total.runs) runs, \(statistics.fileBytes) bytes")

let newest = try await store.services().map(\.newestStartUnixNano).max() ?? 0
let since = newest - min(newest, 3_600_000_000_000)
// Spans from all over the store, so that what is asked for lies anywhere.
var samples: [(trace: TraceID, service: String, attributes: [Attribute])] = []
func older(than start: UInt64, _ limit: Int) async throws -> [MergedSpan] {
    let cursor = SpanCursor(startUnixNano: start, key: .init(traceID: .invalid, spanID: .invalid, side: .other))
    return try await store.search(SpanQuery(after: cursor, limit: limit))
}
var (oldest, late) = (since, newest)
while late - oldest > 1_000_000_000 {
    let middle = oldest + (late - oldest) / 2
    if try await older(than: middle, 1).isEmpty { oldest = middle } else { late = middle }
}
for step in 0..<32 {
    for span in try await older(than: oldest + (newest - oldest) / 32 * UInt64(step + 1), 20) {
        samples.append((span.key.traceID, span.service, span.span.attributes))
    }
}
print("\(samples.count) samples")

func measure(_ what: String, _ body: (Int) async throws -> Int) async throws {
    var times: [Double] = []
    var found = 0
    for round in 0..<rounds {
        let clock = ContinuousClock()
        let begin = clock.now
        found += try await body(round)
        let took = clock.now - begin
        times.append(Double(took.components.seconds) * 1e3 + Double(took.components.attoseconds) / 1e15)
    }
    times.sort()
    func at(_ share: Double) -> String { String(format: "%8.2f", times[min(rounds - 1, Int(Double(rounds) * share))]) }
    let name = what.padding(toLength: 44, withPad: " ", startingAt: 0)
    print("\(name) p50 \(at(0.5)) ms  p99 \(at(0.99)) ms  max \(at(1)) ms  \(found) spans")
}

var generator = SystemRandomNumberGenerator()
try await measure("trace by id") { round in
    try await store.trace(samples[(round * 37) % samples.count].trace).count
}
try await measure("absent trace") { _ in try await store.trace(TraceID.random(using: &generator)).count }
try await measure("newest 100") { _ in try await store.search(SpanQuery()).count }
try await measure("newest 100 of a service") { round in
    try await store.search(SpanQuery(service: samples[(round * 37) % samples.count].service)).count
}
let keys = [
    "a frequent value": ["http.response.status_code", "db.operation.name", "http.request.method"],
    "a rare value": ["url.path", "messaging.message.id", "user.id"],
]
for (what, keys) in keys.sorted(by: { $0.key < $1.key }) {
    let chosen = samples.compactMap { sample in
        sample.attributes.first { keys.contains($0.key) }.map { (sample.service, $0) }
    }
    guard !chosen.isEmpty else { continue }
    for duration: Int64 in [1_000_000, 100_000_000] {
        try await measure("service + \(what) + >\(duration / 1_000_000) ms, hour") { round in
            let (service, attribute) = chosen[(round * 37) % chosen.count]
            let value: SpanFilter.Value
            switch attribute.value {
            case .string(let text): value = .text(ExactText(text))
            case .int(let number): value = .integer(number)
            default: return 0
            }
            guard let filter = SpanFilter.compare(.attribute(ExactText(attribute.key)), .equal, value) else { return 0 }
            return try await store.search(
                SpanQuery(service: service, minDurationNano: duration, sinceUnixNano: since, filter: filter)
            ).count
        }
    }
}
let absent = SpanFilter.compare(.attribute("url.path"), .equal, .text("/no/such/path"))!
try await measure("a value that is nowhere") { _ in try await store.search(SpanQuery(filter: absent)).count }
let scanned = Mutex((spans: 0, batches: 0))
for (what, from) in [("sketches of the newest 7.5 s", newest - 7_500_000_000), ("sketches of the hour", since)] {
    let clock = ContinuousClock()
    let took = try await clock.measure {
        try await store.forEachSketch(startingIn: from...UInt64.max) { sketches in
            scanned.withLock { $0.spans += sketches.spans.count }
        }
    }
    print("\(what): \(scanned.withLock { $0.spans }) spans in \(took)")
    scanned.withLock { $0.spans = 0 }
}
await store.close()
