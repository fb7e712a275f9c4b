import SpanModel

/// Guesses the existing name that an unknown name was meant to be.
package enum NearName {
    /// Returns the existing name that `name` stands for: without the quotes or punctuation around it, in another case,
    /// the start of a longer name, or with a typing error. O(names · length of the name).
    ///
    /// - Returns: `nil` when no name is near enough.
    package static func of(_ name: String, among names: [String]) -> String? {
        let bare = withoutQuotes(name)
        guard !bare.isEmpty else { return nil }
        if let same = names.first(where: { $0.utf8.elementsEqual(bare.utf8) }) { return same }
        let lowercased = bare.lowercased()
        if let same = names.first(where: { $0.lowercased() == lowercased }) { return same }
        if bare.unicodeScalars.count > 1 {
            let longer = names.filter { $0.lowercased().utf8.starts(with: lowercased.utf8) }
            if let shortest = longer.min(by: { $0.utf8.count < $1.utf8.count }) { return shortest }
        }
        return word(bare, among: Array(names.prefix(maxCompared)), distance: 2)
    }

    /// Returns the word with the least edit distance, when that is at most `most` and less than half of the name's
    /// length.
    static func word(_ name: String, among words: [String], distance most: Int) -> String? {
        let lowercased = Array(name.lowercased().unicodeScalars.prefix(64))
        let near = words.map { (word: $0, distance: distance(lowercased, Array($0.unicodeScalars.prefix(65)))) }
            .min { $0.distance < $1.distance }
        // Of a short name nothing would be left.
        guard let near, near.distance <= min(most, (lowercased.count - 1) / 2) else { return nil }
        return near.word
    }

    /// Number of names that are compared by distance; more would take seconds.
    private static let maxCompared = 2_000

    private static func withoutQuotes(_ name: String) -> String {
        var scalars = name.unicodeScalars[...]
        func isAround(_ scalar: Unicode.Scalar) -> Bool {
            FilterSpelling.isQuote(scalar) || NameText.isTypographicQuote(scalar)
                || scalar.properties.isWhitespace || [",", ";", "*"].contains(scalar)
        }
        while let first = scalars.first, isAround(first) { scalars.removeFirst() }
        while let last = scalars.last, isAround(last) { scalars.removeLast() }
        return String(scalars)
    }

    /// Returns the Levenshtein distance: the number of scalars to insert, delete or replace. O(product of the lengths).
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var row = Array(0...right.count)
        for (index, scalar) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (place, other) in right.enumerated() {
                let replaced = diagonal + (scalar == other ? 0 : 1)
                diagonal = row[place + 1]
                row[place + 1] = min(replaced, row[place] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
