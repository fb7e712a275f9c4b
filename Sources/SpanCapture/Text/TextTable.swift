/// Table of text in aligned columns, two spaces apart, without spaces at the ends of lines.
///
/// Every table of every command is printed by it. When the room has a line width, the table fits: texts are shortened
/// in the middle, times lose the fraction of their seconds, and columns that tell least are left out; numbers and ids
/// are whole or not there. Memory and output are bounded by what is printed, whatever the values are.
package struct TextTable: Sendable {
    /// Column of a table: its title, and the way it gives way when room is short.
    package struct Column: Sendable {
        enum Kind: Sendable {
            /// A text, which may be shortened in the middle.
            case text
            /// A cell that is shown whole or not at all.
            case whole
            /// A cell with shorter forms, which are tried one after the other.
            case forms([@Sendable (String) -> String])
        }

        var title: String
        var kind: Kind
        var isRight: Bool
        /// Rank of the column, 1 for what tells most. When room is short, columns are kept in this order, as far as
        /// each still fits.
        var rank: Int

        /// Returns a column of texts, which may be shortened.
        package static func text(_ title: String, _ rank: Int) -> Column {
            Column(title: title, kind: .text, isRight: false, rank: rank)
        }

        /// Returns a column of ids or of the project's own words, which are whole or not there.
        package static func word(_ title: String, _ rank: Int) -> Column {
            Column(title: title, kind: .whole, isRight: false, rank: rank)
        }

        /// Returns a column of numbers, aligned at the right, which are whole or not there.
        package static func number(_ title: String, _ rank: Int) -> Column {
            Column(title: title, kind: .whole, isRight: true, rank: rank)
        }

        /// Returns a column of times as `UTCTime.text` writes them, or of words. When room is short, times lose
        /// nanoseconds, then milliseconds.
        package static func time(_ title: String, _ rank: Int) -> Column {
            Column(
                title: title, kind: .forms([{ shortTime($0, fraction: 3) }, { shortTime($0, fraction: 0) }]),
                isRight: false, rank: rank)
        }

        /// Returns a column of the project's own words with commas between them. When room is short, each word loses
        /// the part behind its colon.
        package static func remark(_ title: String, _ rank: Int) -> Column {
            Column(
                title: title,
                kind: .forms([
                    { $0.split(separator: ",").map { $0.prefix { $0 != ":" } }.joined(separator: ",") }
                ]), isRight: false, rank: rank)
        }

        private static func shortTime(_ text: String, fraction: Int) -> String {
            guard text.utf8.count == 30, text.utf8.last == UInt8(ascii: "Z") else { return text }
            return text.prefix(fraction == 0 ? 19 : 20 + fraction) + "Z"
        }
    }

    private struct Row {
        var cells: [ColumnText]
        /// Branches of the tree that stand before the cell's text, one column for each character.
        var lead: String
    }

    private let columns: [Column]
    private let treeColumn: Int
    private let room: TextRoom
    private var rows: [Row] = []

    /// Creates a table with a row of titles.
    ///
    /// - Parameters:
    ///   - columns: columns of the table; every row has as many cells.
    ///   - room: space into which the table is fitted.
    ///   - treeColumn: index of the column whose texts have leads.
    package init(_ columns: [Column], in room: TextRoom, treeColumn: Int = 0) {
        self.columns = columns
        self.treeColumn = treeColumn
        self.room = room
        add(columns.map(\.title))
    }

    /// Adds a row.
    ///
    /// - Parameters:
    ///   - cells: one text for each column; everything in them that could drive a terminal is escaped.
    ///   - lead: branches of a tree, or spaces, before the text of the tree's column.
    package mutating func add(_ cells: [String], lead: String = "") {
        rows.append(
            Row(
                cells: zip(columns, cells).map { column, cell in
                    if case .text = column.kind { return ColumnText(cell, atMost: room.valueColumns) }
                    return ColumnText(cell, atMost: nil)
                }, lead: lead))
    }

    /// Parts of a table that were left out.
    package struct Omissions: Sendable, Hashable {
        /// Titles of columns that are left out.
        package var columns: [String] = []
        /// `true` when a text is shortened.
        package var hasShortened = false

        /// Creates the omissions of a table that is shown whole.
        package init() {}
    }

    /// Writes the table line by line, each with a newline at its end, and returns what was left out.
    package func write(_ line: (String) -> Void) -> Omissions {
        var omissions = Omissions()
        let layout = layout()
        for (index, column) in columns.enumerated() where layout.places[index] == nil {
            if layout.isEmpty(index) { continue }
            let title = column.title.isEmpty ? "remarks" : column.title
            if !omissions.columns.contains(title) { omissions.columns.append(title) }
        }
        for row in rows {
            var text = ""
            var missing = 0
            for index in columns.indices {
                guard let place = layout.places[index] else { continue }
                let cell = fitted(row, index, place, &omissions)
                let padding = max(place.columns - cell.columns, 0)
                let isRight = columns[index].isRight
                // Spaces at the end of a line are never written, so they wait for what may follow.
                missing += isRight ? padding : 0
                if !cell.text.isEmpty {
                    text += String(repeating: " ", count: missing) + cell.text
                    missing = 0
                }
                missing += (isRight ? 0 : padding) + Self.gap
            }
            while text.utf8.last == UInt8(ascii: " ") { text.removeLast() }
            line(text + "\n")
        }
        return omissions
    }

    /// The table as one text.
    package var text: String {
        var text = ""
        _ = write { text += $0 }
        return text
    }
}

// MARK: Layout

extension TextTable {
    private static let gap = 2
    /// Greatest width to which rows are aligned; a wider cell stands over into what follows instead of widening all
    /// rows.
    private static let maxAligned = ColumnText.countedColumns

    private struct Place {
        var columns: Int
        /// Number of the column's shorter form that is used; 0 for the whole one.
        var form = 0
    }

    private struct Layout {
        /// Places by column; `nil` for a column that is left out.
        var places: [Place?]
        /// Columns that have neither a title nor a text.
        var empty: Set<Int> = []

        func isEmpty(_ index: Int) -> Bool { empty.contains(index) }
    }

    private func layout() -> Layout {
        let widths = columns.indices.map { index in forms(of: index).map { width(of: index, $0) } }
        guard let line = room.lineColumns else {
            return Layout(places: widths.map { Place(columns: $0[0]) })
        }
        func least(_ index: Int) -> Int {
            guard case .text = columns[index].kind else { return widths[index].min() ?? 0 }
            return min(widths[index][0], columns[index].rank == 1 ? 20 : 12)
        }
        func sum(_ widths: [Int]) -> Int { widths.reduce(0, +) + Self.gap * max(widths.count - 1, 0) }
        let ranked = columns.indices.filter { widths[$0][0] > 0 }
            .sorted { (columns[$0].rank, $0) < (columns[$1].rank, $1) }
        var kept: [Int] = []
        for index in ranked where kept.isEmpty || sum((kept + [index]).map(least)) <= line { kept.append(index) }
        var places = [Place?](repeating: nil, count: columns.count)
        for index in kept { places[index] = Place(columns: least(index), form: forms(of: index).count - 1) }
        if kept.count == 1, case .text = columns[kept[0]].kind {
            places[kept[0]]?.columns = min(widths[kept[0]][0], line)
        }
        var free = max(line - sum(kept.map { places[$0]?.columns ?? 0 }), 0)
        func widen(_ index: Int, to columns: Int) {
            guard let place = places[index] else { return }
            let more = min(max(columns - place.columns, 0), free)
            places[index]?.columns += more
            free -= more
        }
        // First so much that a text can be told from others, then times in full, then texts in full.
        for index in kept where forms(of: index).count == 1 { widen(index, to: min(widths[index][0], 24)) }
        for index in kept {
            for form in widths[index].indices where widths[index].count > 1 {
                guard let place = places[index], form < place.form, widths[index][form] - place.columns <= free
                else { continue }
                widen(index, to: widths[index][form])
                places[index]?.form = form
            }
        }
        for index in kept where forms(of: index).count == 1 { widen(index, to: widths[index][0]) }
        return Layout(places: places, empty: Set(columns.indices.filter { widths[$0][0] == 0 }))
    }

    /// Returns the functions from a cell's text to each of its forms, the whole one first.
    private func forms(of index: Int) -> [@Sendable (String) -> String] {
        guard case .forms(let shorter) = columns[index].kind else { return [{ $0 }] }
        return [{ $0 }] + shorter
    }

    private func width(of index: Int, _ form: @Sendable (String) -> String) -> Int {
        var width = 0
        let hasForms = if case .forms = columns[index].kind { true } else { false }
        for row in rows {
            let cell = row.cells[index]
            let columns = hasForms ? ColumnText(form(cell.text), atMost: nil).columns : cell.columns
            width = max(width, columns + (index == treeColumn ? row.lead.unicodeScalars.count : 0))
        }
        return min(width, Self.maxAligned)
    }

    private func fitted(
        _ row: Row, _ index: Int, _ place: Place, _ omissions: inout Omissions
    ) -> (text: String, columns: Int) {
        var cell = row.cells[index]
        if case .forms = columns[index].kind, place.form > 0 {
            cell = ColumnText(forms(of: index)[place.form](cell.text), atMost: nil)
        }
        var lead = index == treeColumn ? row.lead : ""
        var leadColumns = lead.unicodeScalars.count
        if room.lineColumns != nil, case .text = columns[index].kind, leadColumns + cell.columns > place.columns {
            // Of a deep branch the end, next to the text, tells where it belongs.
            let most = place.columns / 2
            if leadColumns > most {
                lead = most == 0 ? "" : "…" + String(lead.suffix(most - 1))
                leadColumns = most
            }
            cell = ColumnText(cell.text, atMost: max(place.columns - leadColumns, 1))
            if cell.isShortened { omissions.hasShortened = true }
        }
        if row.cells[index].isShortened { omissions.hasShortened = true }
        return (lead + cell.text, leadColumns + cell.columns)
    }
}
