// What a store answers with, and how fast: `store-bench STORE SEED TRACES [ROUNDS]` prints JSON. The store was filled by
// `spanwire bench --shared-traces --seed SEED`; TRACES is how many traces that made. With SPANWIRE_SLOW_SEARCHES it writes the
// slowest searches to that file.
import Foundation
import SpanLoad
import SpanModel
import SpanSession
import SpanStorage
import SpanStorageSQLite

guard CommandLine.arguments.count >= 4, let seed = UInt64(CommandLine.arguments[2]),
    let traces = UInt64(CommandLine.arguments[3]), traces > 0
else {
    FileHandle.standardError.write(Data("usage: store-bench STORE SEED TRACES [ROUNDS]\n".utf8))
    exit(2)
}
let rounds = CommandLine.arguments.count > 4 ? Int(CommandLine.arguments[4]) ?? 400 : 400
let store = try await SQLiteSpanStore.open(path: CommandLine.arguments[1], mode: .readOnly)

/// What some calls took, in milliseconds, and what they gave.
struct Figures {
    private var milliseconds: [Double] = []
    private var found = 0

    mutating func add(_ seconds: Double, _ count: Int) {
        milliseconds.append(seconds * 1e3)
        found += count
    }

    /// The slowest calls, the slowest first.
    func slowest(_ count: Int) -> [(index: Int, milliseconds: Double)] {
        milliseconds.enumerated().map { ($0, $1) }.sorted { $0.1 > $1.1 }.prefix(count).map { $0 }
    }

    private func percentile(_ share: Double) -> Double {
        let sorted = milliseconds.sorted()
        return sorted[min(Int(Double(sorted.count) * share), sorted.count - 1)]
    }

    var json: String {
        String(
            format: #"{"count": %d, "found": %d, "p50": %.3f, "p90": %.3f, "p99": %.3f, "max": %.3f}"#,
            milliseconds.count, found, percentile(0.5), percentile(0.9), percentile(0.99), percentile(1))
    }
}

/// Asks once for each input.
func measured<Input: Sendable>(_ inputs: [Input], _ ask: (Input) async throws -> Int) async throws -> Figures {
    var figures = Figures()
    for input in inputs {
        let start = DispatchTime.now().uptimeNanoseconds
        let found = try await ask(input)
        figures.add(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9, found)
    }
    return figures
}

let services = try await store.services()
let newest = services.map(\.newestStartUnixNano).max() ?? 0
let hour: UInt64 = 3_600_000_000_000
let hourAgo = newest - min(hour, newest)

/// What is asked; the same for the same seed.
struct Questions {
    var generator: SplitMix64
    let seed: UInt64
    let services: [String]

    mutating func known(_ count: Int, of traces: UInt64) -> [TraceID] {
        (0..<count).map { _ in LoadSpans.sharedTrace(.random(in: 0..<traces, using: &generator), seed: seed) }
    }

    mutating func absent(_ count: Int) -> [TraceID] {
        (0..<count).map { _ in TraceID(high: generator.next() | 1, low: generator.next()) }
    }

    /// What is common, what is rare, and what is nowhere.
    mutating func searches(_ count: Int) -> [String] {
        (0..<count).map { _ in
            let attribute = pick([
                "attr.db.collection.name=orders", "attr.db.collection.name=cart_items",
                #"attr.http.route="/cart/{id}""#, #"attr.http.route="/checkout""#,
                "attr.messaging.destination.name=orders.placed", "attr.http.response.status_code>=500",
                #"attr.server.address="pg-2.db.internal""#,
                "attr.network.peer.address=\"10.0.3.\(Int.random(in: 0..<256, using: &generator))\"",
                #"attr.app.order.id="000000000000000000000000""#, "attr.app.warehouse=hamburg",
            ])
            return "service=\"\(pick(services))\" \(attribute) duration>\(pick([1, 10, 40, 70, 79]))ms"
        }
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &generator)]
    }
}

// The first of each opens files and makes plans.
_ = try await store.trace(LoadSpans.sharedTrace(0, seed: seed))
var questions = Questions(
    generator: SplitMix64(seed: seed ^ 0x5EED), seed: seed, services: services.map(\.name))
let known = try await measured(questions.known(rounds, of: traces)) { try await store.trace($0).count }
let absent = try await measured(questions.absent(rounds)) { try await store.trace($0).count }
let (since, now) = (hourAgo, newest)
_ = try await store.search(SpanQuery(sinceUnixNano: since, limit: 20))
let asked = questions.searches(rounds)
let searches = try await measured(asked) { text in
    let filter = try SpanFilter(parsing: text, nowUnixNano: now)
    return try await store.search(SpanQuery(sinceUnixNano: since, filter: filter, limit: 20)).count
}
if let file = ProcessInfo.processInfo.environment["SPANWIRE_SLOW_SEARCHES"] {
    let lines = searches.slowest(10).map { String(format: "%7.2f ms  ", $0.milliseconds) + asked[$0.index] }
    try (lines.joined(separator: "\n") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
}
let graphs = try await measured(Array(0..<max(rounds / 40, 5))) { _ in
    Int(try await store.dependencies(SpanScan(starts: since...now)).edges.reduce(0) { $0 + $1.calls })
}
print(
    """
    {"services": \(services.count), "spans": \(services.reduce(0) { $0 + $1.spans }),
     "trace": \(known.json),
     "absentTrace": \(absent.json),
     "search": \(searches.json),
     "dependencies": \(graphs.json)}
    """)
await store.close()
