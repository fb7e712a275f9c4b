extension BinaryInteger {
    /// Returns the number with a noun, in the plural unless it is 1: `1 byte`, `2 bytes`. For nouns that take an s.
    package func counted(_ noun: String) -> String { self == 1 ? "1 \(noun)" : "\(self) \(noun)s" }
}
