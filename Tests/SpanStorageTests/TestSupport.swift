import Foundation
import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageSQLite
import SpanStorageTesting
import Synchronization

/// The seed of all that is random: `SEED` of the environment, else a new one. Printed.
let seed: UInt64 = {
    let seed = ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) ?? .random(in: 1...1_000_000)
    print("SpanStorageTests: SEED=\(seed)")
    return seed
}()

/// A folder of one test, removed when the test lets go of it.
final class TemporaryFolder: Sendable {
    let path: String

    init(in parent: String = FileManager.default.temporaryDirectory.path) throws {
        path = parent + "/spanwire-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }
}

/// A SQLite file for the contract, of its own in `folder`, which must outlive the stores.
struct SQLitePlace: SpanStorePlace {
    let folder: TemporaryFolder
    private let name = UUID().uuidString + ".db"

    private let mergesEvery: Int?

    /// - Parameter mergesEvery: merges all after so many appends; `nil`: when the store does.
    init(in folder: TemporaryFolder, mergesEvery: Int? = nil) {
        self.folder = folder
        self.mergesEvery = mergesEvery
    }

    var isDurable: Bool { true }

    /// A run is written anew when its oldest span is an hour too old.
    var retentionSlackNano: UInt64 { 3_600_000_000_000 }

    func open() async throws -> any SpanStore {
        let store = try await SQLiteSpanStore.open(path: folder.file(name), mode: .readWrite)
        return mergesEvery.map { CompactedStore(store, every: $0) } ?? store
    }

    func openReader() async throws -> (any SpanStore)? {
        try await SQLiteSpanStore.open(path: folder.file(name), mode: .readOnly)
    }
}

/// A store that merges everything after some appends.
final class CompactedStore: ForwardingStore {
    let inner: SQLiteSpanStore
    private let every: Int
    private let appends = Atomic(0)

    init(_ store: SQLiteSpanStore, every: Int) {
        inner = store
        self.every = every
    }

    func append(_ group: [IncomingBatch]) async throws(SpanStoreError) -> AppendResult {
        let result = try await inner.append(group)
        if appends.wrappingAdd(1, ordering: .relaxed).newValue % every == 0 { try await inner.compact() }
        return result
    }
}

/// Raised once, by any task.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isRaised: Bool { value.load(ordering: .sequentiallyConsistent) }

    func raise() { value.store(true, ordering: .sequentiallyConsistent) }
}

/// A batch of `count` spans in the trace with that number.
func batch(
    trace: UInt64, count: Int = 1, sender: SenderID = .none, sequence: UInt64 = 0
) -> IncomingBatch {
    let spans = (1...count).map { number in
        SpanRecord(
            traceID: TraceID(high: 1, low: trace), spanID: SpanID(UInt64(number)), name: "work",
            startTimeUnixNano: 1_000, endTimeUnixNano: 2_500, attributes: [Attribute("n", .int(Int64(number)))])
    }
    let resource = Resource(attributes: [Attribute("service.name", "test")])
    let scope = ScopeSpans(scope: InstrumentationScope(name: "lib", version: "2"), spans: spans)
    let reports = SpanBatch(resourceSpans: [ResourceSpans(resource: resource, scopeSpans: [scope])])
    return IncomingBatch(sender: sender, sequence: sequence, reports: reports)
}
