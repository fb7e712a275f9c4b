import SpanStorage

/// The writing end of a ledger.
package protocol LedgerWriter: AnyObject {
    /// Runs `body`, and stores together all that it asked of the exchange, or nothing where it throws.
    ///
    /// - Parameter body: may be called again where the exchange was refused.
    /// - Returns: `nil` where the exchange was refused, since others have changed what `body` saw: nothing is stored then.
    func exchange<Result>(
        _ body: (any LedgerExchange) throws(SpanStoreError) -> Result
    ) throws(SpanStoreError) -> Result?

    /// Returns a reading end for what is stored, outside of an exchange.
    func view() throws(SpanStoreError) -> any BlockLedger

    /// Returns the number of runs of level 0 of each partition and kind, in no order.
    func appendedRuns() throws(SpanStoreError) -> [Int]

    /// The bytes that the store takes up, but for what is free to be used again.
    func usedBytes() throws(SpanStoreError) -> UInt64
}

extension LedgerWriter {
    /// Runs an exchange, again when it is refused.
    ///
    /// - Throws: `busy` where others change the store all the time.
    package func persist<Result>(
        _ body: (any LedgerExchange) throws(SpanStoreError) -> Result
    ) throws(SpanStoreError) -> Result {
        for _ in 0..<LedgerAttempts.most {
            if let result = try exchange(body) { return result }
        }
        throw SpanStoreError(.busy, "others change the store all the time; try again")
    }
}

/// Attempts at an exchange.
enum LedgerAttempts {
    static let most = 16
}
