// What the tests of an engine of your own are: here those of the engine in memory.
import SpanStorageTesting
import Testing

@Test(arguments: SpanStoreContract.checks)
func contract(check: SpanStoreContract.Check) async throws {
    try await check.run({ InMemoryPlace() }, seed: 1)
}
