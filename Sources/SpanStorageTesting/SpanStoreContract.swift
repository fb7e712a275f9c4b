import SpanStorage

/// What every engine must do, as named checks that know no test framework.
///
/// ```swift
/// @Test(arguments: SpanStoreContract.checks)
/// func contract(check: SpanStoreContract.Check) async throws {
///     try await check.run(MyPlace.make, seed: 1)
/// }
/// ```
public enum SpanStoreContract {
    /// Makes a new, empty place.
    public typealias MakePlace = @Sendable () async throws -> any SpanStorePlace

    /// One rule.
    public struct Check: Sendable, CustomStringConvertible {
        /// The rule, as a sentence.
        public let name: String
        let body: @Sendable (MakePlace, UInt64) async throws -> Void

        init(_ name: String, _ body: @escaping @Sendable (MakePlace, UInt64) async throws -> Void) {
            self.name = name
            self.body = body
        }

        public var description: String { name }

        /// Checks the rule on stores of its own.
        ///
        /// - Parameter seed: of what is random; print it, so that a failure can be had again.
        /// - Throws: `ContractFailure` where the store breaks the rule, and what the store throws.
        public func run(_ makePlace: @escaping MakePlace, seed: UInt64) async throws {
            try await body(makePlace, seed)
        }
    }

    /// All rules.
    public static let checks: [Check] =
        mergeChecks + senderChecks + presenceChecks + queryChecks + orderChecks + filterChecks + analysisChecks
        + removalChecks + lifeChecks + hourChecks
}
