import SpanStorage
import Synchronization

/// What last kept a store from its upkeep, until somebody asks.
final class StoreFailure: Sendable {
    private let last = Mutex<SpanStoreError?>(nil)

    func note(_ error: SpanStoreError) { last.withLock { $0 = error } }

    func take() -> SpanStoreError? {
        last.withLock { last in
            defer { last = nil }
            return last
        }
    }
}
