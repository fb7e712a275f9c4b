import SpanStorageTesting
import Testing

@Suite struct SpanStoreContractTests {
    @Test("the in-memory engine keeps the contract", arguments: SpanStoreContract.checks)
    func inMemory(check: SpanStoreContract.Check) async throws {
        try await check.run({ InMemoryPlace() }, seed: seed)
    }

    @Test("the SQLite engine keeps the contract", arguments: SpanStoreContract.checks)
    func sqlite(check: SpanStoreContract.Check) async throws {
        let folder = try TemporaryFolder()
        try await check.run({ SQLitePlace(in: folder) }, seed: seed)
        // To the end of the check, for its stores are open in it.
        withExtendedLifetime(folder) {}
    }
}
