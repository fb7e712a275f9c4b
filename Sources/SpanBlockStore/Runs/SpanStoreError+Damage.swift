import SpanStorage

extension SpanStoreError {
    /// What a store that contradicts itself is answered with.
    ///
    /// - Parameter what: what is wrong, and where; never a value.
    package static func damaged(_ what: String) -> SpanStoreError {
        SpanStoreError(.corrupt, "\(what); restore a copy, or see what spanwire store check says")
    }
}
