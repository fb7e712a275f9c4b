/// Start of a text in the pieces that a terminal shows as one, each with its columns, safe to show.
///
/// Columns are counted as by terminals that know emoji: a base with its marks has the columns of the base, a sequence
/// of emoji with joiners 2, a flag 2, a character followed by the emoji selector 2. Everything that could drive the
/// terminal becomes an escape. An escape, new or already in the text, is a piece of its own, so that none is cut in
/// two.
struct TerminalClusters {
    struct Cluster {
        /// Range in `scalars`.
        var range: Range<Int>
        var columns: Int

        /// Cost against a bound: the columns, or more when so many marks are on a base that they would be the text.
        var cost: Int { max(columns, (range.count + 7) / 8) }
    }

    private(set) var scalars: [Unicode.Scalar] = []
    private(set) var clusters: [Cluster] = []

    init(_ text: some Sequence<Unicode.Scalar>) {
        for scalar in text {
            if TerminalText.isUnsafe(scalar.value) {
                scalars += TerminalText.escaped(String(scalar)).unicodeScalars
            } else {
                scalars.append(scalar)
            }
        }
        var start = 0
        while start < scalars.count {
            let cluster = cluster(from: start)
            clusters.append(cluster)
            start = cluster.range.upperBound
        }
    }

    var columns: Int { clusters.reduce(0) { $0 + $1.columns } }
    var cost: Int { clusters.reduce(0) { $0 + $1.cost } }

    func text(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        if let first = range.first, let last = range.last {
            view.append(contentsOf: scalars[clusters[first].range.lowerBound..<clusters[last].range.upperBound])
        }
        return String(view)
    }

    /// Greatest number of scalars in one piece. A mark after the 30th belongs to no text of any language, and is a
    /// piece of its own.
    private static let maxScalars = 32

    private func cluster(from start: Int) -> Cluster {
        if let end = endOfEscape(from: start) { return Cluster(range: start..<end, columns: end - start) }
        let base = scalars[start]
        var columns = Self.isRegional(base) ? 2 : ScalarColumns.columns(of: base)
        var end = start + 1
        if Self.isRegional(base), end < scalars.count, Self.isRegional(scalars[end]) { end += 1 }
        var hasBase = columns > 0
        var isNarrowEmoji = columns == 1 && base.properties.isEmoji
        var isModifiable = base.properties.isEmoji && base.value > 0xFF
        var isVirama = false
        var hasConjunct = false
        while end < scalars.count, end - start < Self.maxScalars {
            let scalar = scalars[end]
            switch scalar.value {
            // A joiner takes in what is behind it, but behind a virama, where it only says how to draw that.
            case 0x200D: end += isVirama || end + 1 == scalars.count ? 1 : 2
            case 0xFE0F:
                if isNarrowEmoji { columns += 1 }
                isNarrowEmoji = false
                end += 1
            // Colours of skin.
            case 0x1F3FB...0x1F3FF where isModifiable: end += 1
            default:
                let own = Self.isRegional(scalar) ? 2 : ScalarColumns.columns(of: scalar)
                if own == 0 {
                    let category = scalar.properties.generalCategory
                    // Marks with a width of their own are drawn beside the base, once.
                    if category == .spacingMark, hasBase, !hasConjunct { columns += 1 }
                    if category == .spacingMark { hasBase = false }
                    isVirama = scalar.properties.canonicalCombiningClass.rawValue == 9
                } else if isVirama, scalar.properties.generalCategory == .otherLetter {
                    if !hasConjunct { columns += 1 }
                    hasConjunct = true
                    isVirama = false
                } else {
                    return Cluster(range: start..<end, columns: columns)
                }
                isModifiable = false
                end += 1
            }
        }
        return Cluster(range: start..<min(end, scalars.count), columns: columns)
    }

    /// Returns the end of the escape, such as `\n`, `\\` or `\u{1b}`, that begins at `start`; `nil` when none does.
    private func endOfEscape(from start: Int) -> Int? {
        guard scalars[start] == "\\", start + 1 < scalars.count else { return nil }
        switch scalars[start + 1] {
        case "n", "r", "t", "\"", "'", "\\": return start + 2
        case "u":
            guard start + 2 < scalars.count, scalars[start + 2] == "{" else { return nil }
            let end = scalars[start..<min(start + 11, scalars.count)].firstIndex(of: "}")
            return end.map { $0 + 1 }
        default: return nil
        }
    }

    private static func isRegional(_ scalar: Unicode.Scalar) -> Bool { (0x1F1E6...0x1F1FF).contains(scalar.value) }
}
