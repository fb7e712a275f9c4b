/// Which of the names that there are was meant by one that is not among them.
package enum NearName {
    /// The one that was meant: without quotes or punctuation around it, in another case, the start of a longer one, or
    /// with a slip. O(names · length of the name).
    ///
    /// - Returns: `nil` where nobody can tell.
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

    /// The word that differs least, by so many characters at the most, and by less than half of them.
    static func word(_ name: String, among words: [String], distance most: Int) -> String? {
        let lowercased = Array(name.lowercased().unicodeScalars.prefix(64))
        let near = words.map { (word: $0, distance: distance(lowercased, Array($0.unicodeScalars.prefix(65)))) }
            .min { $0.distance < $1.distance }
        // Of a short name nothing would be left.
        guard let near, near.distance <= min(most, (lowercased.count - 1) / 2) else { return nil }
        return near.word
    }

    /// More names would take seconds.
    private static let maxCompared = 2_000

    private static func withoutQuotes(_ name: String) -> String {
        var scalars = name.unicodeScalars[...]
        func isAround(_ scalar: Unicode.Scalar) -> Bool {
            FilterSpelling.isQuote(scalar) || FilterSpelling.isTypographicQuote(scalar)
                || scalar.properties.isWhitespace || [",", ";", "*"].contains(scalar)
        }
        while let first = scalars.first, isAround(first) { scalars.removeFirst() }
        while let last = scalars.last, isAround(last) { scalars.removeLast() }
        return String(scalars)
    }

    /// Levenshtein's: how many scalars have to be put in, taken out or replaced. O(product of the lengths).
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
