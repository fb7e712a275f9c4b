import SpanStorageTesting
import Testing

/// The engine over a ledger in memory is a store like every other.
@Suite struct BlockStoreContractTests {
    @Test(arguments: SpanStoreContract.checks)
    func `an engine over a ledger in memory keeps the contract`(check: SpanStoreContract.Check) async throws {
        try await check.run({ MemoryBlockPlace(mergesEvery: 0) }, seed: seed)
    }

    @Test(arguments: SpanStoreContract.checks)
    func `an engine over a ledger in memory keeps the contract when it merges everything after every second append`(
        check: SpanStoreContract.Check
    ) async throws {
        try await check.run({ MemoryBlockPlace(mergesEvery: 2) }, seed: seed)
    }
}
