import SpanStorageTesting
import Testing

@Suite struct SpanStoreContractTests {
    @Test("the in-memory engine keeps the contract", arguments: SpanStoreContract.checks)
    func inMemory(check: SpanStoreContract.Check) async throws {
        try await check.run({ InMemoryPlace() }, seed: seed)
    }

    @Test("the SQLite engine keeps the contract", arguments: SpanStoreContract.checks)
    func sqlite(check: SpanStoreContract.Check) async throws {
        try await check.run({ try SQLitePlace() }, seed: seed)
    }
}
