import SpanStorage

/// Compares the tables, indexes and views of a file with those that a new one gets.
enum SchemaCheck {
    private struct Object: Hashable {
        var type: String
        var name: String
    }

    /// What is missing or another, in words that name it; what somebody added beside it is no fault, but for triggers, which
    /// change what is written.
    static func faults(_ connection: Connection) throws(SpanStoreError) -> [String] {
        let made = try Connection.inMemory()
        try made.execute(Schema.creation)
        let (expected, found) = (try objects(made), try objects(connection))
        var faults: [String] = []
        for (object, sql) in expected.sorted(by: { $0.key.name < $1.key.name }) {
            guard let own = found[object] else {
                faults.append("\(object.type) \(object.name) is missing")
                continue
            }
            if words(own) == words(sql) { continue }
            // Columns that a table got later are written otherwise, and are the same.
            if object.type == "table", try shape(of: object.name, own, connection) == shape(of: object.name, sql, made)
            {
                continue
            }
            faults.append("\(object.type) \(object.name) is not the one that Spanwire makes")
        }
        for object in found.keys.sorted(by: { $0.name < $1.name }) where object.type == "trigger" {
            faults.append("trigger \(object.name) is none of Spanwire's")
        }
        return faults
    }

    /// By type and name, what made each of them; indexes that SQLite makes by itself are in their tables' shapes.
    private static func objects(_ connection: Connection) throws(SpanStoreError) -> [Object: String] {
        let select = try connection.prepare(
            "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
        var objects: [Object: String] = [:]
        while try select.step() { objects[Object(type: select.text(0), name: select.text(1))] = select.text(2) }
        return objects
    }

    /// A statement's words, however it is set.
    private static func words(_ sql: String) -> [Substring] {
        sql.split { $0.isWhitespace }
    }

    /// The columns of a table and the indexes that it has by itself: those that somebody made are another matter.
    private static func shape(
        of table: String, _ sql: String, _ connection: Connection
    ) throws(SpanStoreError) -> [String] {
        var shape: [String] = []
        let quoted = "\"\(table)\""
        let columns = try connection.prepare("PRAGMA table_info(\(quoted))")
        while try columns.step() { shape.append((1...5).map { columns.text($0) }.joined(separator: " ")) }
        let indexes = try connection.prepare("PRAGMA index_list(\(quoted))")
        var names: [String] = []
        while try indexes.step() {
            if indexes.text(3) == "c" { continue }
            names.append(indexes.text(1))
            shape.append((1...4).map { indexes.text($0) }.joined(separator: " "))
        }
        for name in names {
            let parts = try connection.prepare("PRAGMA index_info(\"\(name)\")")
            while try parts.step() { shape.append(parts.text(2)) }
        }
        for word in ["AUTOINCREMENT", "ROWID", "CHECK"] where words(sql).contains(where: { $0.contains(word) }) {
            shape.append(word)
        }
        return shape
    }
}
