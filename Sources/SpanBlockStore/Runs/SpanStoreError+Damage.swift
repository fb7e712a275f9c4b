import SpanStorage

extension SpanStoreError {
    /// Makes the error that a store is answered with which contradicts itself.
    ///
    /// - Parameter what: what is wrong, and where; never a value.
    package static func damaged(_ what: String) -> SpanStoreError {
        SpanStoreError(.corrupt, "\(what); restore a copy, or see what spanwire store check says")
    }
}
