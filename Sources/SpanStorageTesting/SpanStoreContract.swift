import SpanStorage

/// Contract that every engine fulfils, as named checks that need no test framework.
///
/// ```swift
/// @Test(arguments: SpanStoreContract.checks)
/// func contract(check: SpanStoreContract.Check) async throws {
///     try await check.run(MyPlace.make, seed: 1)
/// }
/// ```
public enum SpanStoreContract {
    /// Function that makes a new, empty place.
    public typealias MakePlace = @Sendable () async throws -> any SpanStorePlace

    /// Check of one rule of the contract.
    public struct Check: Sendable, CustomStringConvertible {
        /// The rule as a sentence.
        public let name: String
        let body: @Sendable (MakePlace, UInt64) async throws -> Void

        init(_ name: String, _ body: @escaping @Sendable (MakePlace, UInt64) async throws -> Void) {
            self.name = name
            self.body = body
        }

        public var description: String { name }

        /// Checks the rule on stores of its own.
        ///
        /// - Parameters:
        ///   - makePlace: makes each place that the check needs.
        ///   - seed: seed of all random choices; print it, so that a failure can be repeated.
        /// - Throws: `ContractFailure` when the store breaks the rule; the store's own errors.
        public func run(_ makePlace: @escaping MakePlace, seed: UInt64) async throws {
            try await body(makePlace, seed)
        }
    }

    /// Checks of all rules.
    public static let checks: [Check] =
        mergeChecks + senderChecks + presenceChecks + queryChecks + orderChecks + filterChecks + analysisChecks
        + removalChecks + lifeChecks + hourChecks
}
