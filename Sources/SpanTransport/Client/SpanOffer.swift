/// The outcome of offering a span to a client. Nothing is counted of a span that was `full` or `closed`.
package enum SpanOffer: Sendable {
    /// The span is in the queue or in the spool.
    case taken
    /// The span was given up and counted.
    case dropped
    /// The span found no room; it may be offered again.
    case full
    /// The span came after the shutdown.
    case closed
}
