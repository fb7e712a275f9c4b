import SpanStorage
import SpanStorageTesting

/// What happens to a ledger while it is used, as a seed has it: calls fail, exchanges are refused, and others do something in
/// between.
final class LedgerTrouble {
    private var random: SeededGenerator
    /// Of a thousand calls, how many fail.
    private let failing: Int
    /// Of a hundred exchanges, how many are refused.
    private let refusing: Int
    /// Of a hundred calls, how many others use to do something before.
    private let interrupting: Int
    /// What others do.
    var interrupt: (() -> Void)?
    /// Nothing happens any more.
    var isOver = false
    private(set) var failures = 0
    private(set) var refusals = 0
    private(set) var stale = 0
    private(set) var interruptions = 0

    init(seed: UInt64, failing: Int, refusing: Int, interrupting: Int) {
        random = SeededGenerator(seed: seed)
        self.failing = failing
        self.refusing = refusing
        self.interrupting = interrupting
    }

    private func chance(_ most: Int, of all: Int) -> Bool {
        !isOver && most > 0 && Int.random(in: 0..<all, using: &random) < most
    }

    /// Before a call.
    func strike() throws(SpanStoreError) {
        if let interrupt, chance(interrupting, of: 100) {
            interruptions += 1
            interrupt()
        }
        if chance(failing, of: 1000) {
            failures += 1
            throw SpanStoreError(.ioFailed, "a fault that the seed has chosen")
        }
    }

    /// Whether an exchange is refused for nothing.
    func refuses() -> Bool {
        guard chance(refusing, of: 100) else { return false }
        refusals += 1
        return true
    }

    /// An exchange was refused for what others did.
    func noteStale() { stale += 1 }
}
