import SpanStorage
import SpanStorageSQLite
import SpanStorageTesting
import Testing

@Suite struct SpanStoreContractTests {
    @Test(arguments: SpanStoreContract.checks)
    func `the in-memory engine keeps the contract`(check: SpanStoreContract.Check) async throws {
        try await check.run({ InMemoryPlace() }, seed: seed)
    }

    @Test(arguments: SpanStoreContract.checks)
    func `the SQLite engine keeps the contract`(check: SpanStoreContract.Check) async throws {
        let folder = try TemporaryFolder()
        try await check.run({ SQLitePlace(in: folder) }, seed: seed)
        // To the end of the check, for its stores are open in it.
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: SpanStoreContract.checks)
    func `the SQLite engine keeps the contract when it merges everything after each append`(
        check: SpanStoreContract.Check
    ) async throws {
        let folder = try TemporaryFolder()
        try await check.run({ SQLitePlace(in: folder, mergesEvery: 1) }, seed: seed)
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: SpanStoreContract.checks)
    func `the SQLite engine keeps the contract when it merges everything after every third append`(
        check: SpanStoreContract.Check
    ) async throws {
        let folder = try TemporaryFolder()
        try await check.run({ SQLitePlace(in: folder, mergesEvery: 3) }, seed: seed)
        withExtendedLifetime(folder) {}
    }
}
