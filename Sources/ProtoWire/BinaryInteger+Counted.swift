extension BinaryInteger {
    /// A number with its noun, as people say it: `1 byte`, `2 bytes`. For nouns that take an s.
    package func counted(_ noun: String) -> String { self == 1 ? "1 \(noun)" : "\(self) \(noun)s" }
}
