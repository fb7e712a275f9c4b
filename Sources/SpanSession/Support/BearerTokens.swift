extension [String] {
    /// Whether `token` is one of these, in a time that depends on lengths alone, not on where bytes differ.
    package func containsInConstantTime(_ token: String) -> Bool {
        let presented = [UInt8](token.utf8)
        var found = false
        for candidate in self {
            // Not `||` with the call on its right: every candidate is compared to its end.
            let isEqual = [UInt8](candidate.utf8).isEqualInConstantTime(to: presented)
            found = isEqual || found
        }
        return found
    }
}

extension [UInt8] {
    /// Whether both hold the same bytes, in a time that depends on the lengths alone.
    @inline(never)
    package func isEqualInConstantTime(to other: [UInt8]) -> Bool {
        var difference: UInt8 = count == other.count ? 0 : 1
        for index in 0..<Swift.min(count, other.count) { difference |= self[index] ^ other[index] }
        return difference == 0
    }
}
