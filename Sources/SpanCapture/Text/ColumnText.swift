/// A text fitted into a number of terminal columns, safe to show; a longer one has `…` in its middle.
package struct ColumnText: Sendable, Hashable {
    /// Fitted text.
    package let text: String
    /// Width in columns; for a whole text wider than `countedColumns`, some greater number.
    package let columns: Int
    /// `true` when something was left out.
    package let isShortened: Bool

    /// Number of columns up to which a whole text is measured.
    package static let countedColumns = 200

    /// Fits a text. The cost depends on what is shown, not on the length of the text.
    ///
    /// - Parameters:
    ///   - text: text from outside; everything in it that could drive a terminal is escaped.
    ///   - limit: width in columns, at least 1; `nil` for all of the text.
    package init(_ text: String, atMost limit: Int?) {
        self = limit.map { Self.shortened(text, max($0, 1)) } ?? Self.whole(text)
    }

    private init(_ text: String, _ columns: Int, isShortened: Bool) {
        self.text = text
        self.columns = columns
        self.isShortened = isShortened
    }

    private static func shortened(_ text: String, _ limit: Int) -> ColumnText {
        let count = text.utf8.count
        if count <= limit, TerminalText.isPrintable(text) { return ColumnText(text, count, isShortened: false) }
        // No piece costs less than an eighth of its scalars, so that more of them do not fit.
        let scalars = 8 * limit
        let isLong = count > scalars && text.unicodeScalars.dropFirst(scalars).first != nil
        let head = TerminalClusters(text.unicodeScalars.prefix(scalars))
        if !isLong, head.cost <= limit {
            return ColumnText(head.text(head.clusters.indices), head.columns, isShortened: false)
        }
        let tail = isLong ? TerminalClusters(text.unicodeScalars.suffix(scalars)) : head
        var cost = 1
        var end = 0
        while end < head.clusters.count, cost + head.clusters[end].cost <= (limit + 2) / 2 {
            cost += head.clusters[end].cost
            end += 1
        }
        var start = tail.clusters.count
        while start > 0, isLong || start > end, cost + tail.clusters[start - 1].cost <= limit {
            start -= 1
            cost += tail.clusters[start].cost
        }
        // A mark without its base would be drawn onto the ellipsis.
        while start < tail.clusters.count, tail.clusters[start].columns == 0 { start += 1 }
        let shown = head.clusters[..<end] + tail.clusters[start...]
        return ColumnText(
            head.text(0..<end) + "…" + tail.text(start..<tail.clusters.count),
            shown.reduce(1) { $0 + $1.columns }, isShortened: true)
    }

    private static func whole(_ text: String) -> ColumnText {
        if TerminalText.isPrintable(text) { return ColumnText(text, text.utf8.count, isShortened: false) }
        let safe = TerminalText.line(text)
        let most = 8 * (countedColumns + 1)
        let isLong = safe.utf8.count > most && safe.unicodeScalars.dropFirst(most).first != nil
        let counted = TerminalClusters(safe.unicodeScalars.prefix(most)).columns
        return ColumnText(safe, isLong ? max(counted, countedColumns + 1) : counted, isShortened: false)
    }
}

/// Space for a command's output to people.
package struct TextRoom: Sendable, Hashable {
    /// Width of the terminal in columns; `nil` when the output is no terminal.
    package var lineColumns: Int?
    /// Greatest width of a value in columns; `nil` for all of it.
    package var valueColumns: Int?

    /// Creates a space from its widths.
    package init(lineColumns: Int?, valueColumns: Int?) {
        self.lineColumns = lineColumns
        self.valueColumns = valueColumns
    }

    /// Space in which everything is shown whole.
    package static let unlimited = TextRoom(lineColumns: nil, valueColumns: nil)

    /// Space of a file or another program: lines of any length, values of at most 200 columns.
    package static let file = TextRoom(lineColumns: nil, valueColumns: 200)

    /// Returns the space of a terminal with a number of columns.
    package static func terminal(columns: Int) -> TextRoom {
        TextRoom(lineColumns: max(columns, 1), valueColumns: max(columns, 1))
    }

    /// Returns lines of words that fit the terminal: a wider line is broken at spaces, and its rest is indented by two.
    /// A word that is wider than a line, such as an id, stays whole.
    ///
    /// - Parameter text: lines in which control characters are escaped already.
    package func folded(_ text: String) -> String {
        guard let lineColumns else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { Self.folded($0, lineColumns) }.joined(separator: "\n")
    }

    private static func folded(_ line: Substring, _ columns: Int) -> String {
        var folded = ""
        var (used, hasWord) = (0, false)
        for (index, word) in line.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
            let width = ColumnText(String(word), atMost: nil).columns
            if hasWord, width > 0, used + 1 + width > columns {
                folded += "\n  " + word
                used = 2 + width
            } else {
                folded += (index > 0 ? " " : "") + word
                used += (index > 0 ? 1 : 0) + width
            }
            hasWord = hasWord || width > 0
        }
        return folded
    }

    /// Returns a name fitted into a line of words: at most half of a terminal's line.
    package func name(_ text: String) -> String {
        ColumnText(text, atMost: lineColumns.map { max($0 / 2, 16) } ?? valueColumns).text
    }
}
