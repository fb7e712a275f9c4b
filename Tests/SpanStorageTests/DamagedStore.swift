import Foundation
import ProtoWire
import SpanModel
import SpanStorage

@testable import SpanBlocks
@testable import SpanStorageSQLite
@testable import SpanStorageTesting

/// Damages a store's file as a disk, another program or somebody who means harm could: one row, or the schema, at a time.
struct StoreDamage {
    var random: SeededGenerator
    /// What was done, for a failure's words.
    private(set) var done: [String] = []
    /// A block is another under a right checksum: what it says may be what somebody could have said.
    private(set) var isForged = false

    /// Tables with the columns that can be damaged.
    static let tables: [(name: String, columns: [String])] = [
        (
            "run",
            [
                "id", "partition", "kind", "level", "blocks", "spans", "reports", "raw_bytes", "bytes", "from_start",
                "to_start", "min_start", "max_start", "min_duration", "max_duration", "flags", "term_bits",
                "trace_chunks", "trace_segment",
            ]
        ),
        ("block", ["id", "spans", "reports", "min_start", "max_start", "min_duration", "max_duration", "flags"]),
        ("block_data", ["id", "data", "data", "data"]),
        ("term_index", ["id", "slices"]),
        ("span_columns", ["id", "blocks", "data", "data", "data", "data"]),
        ("trace_index", ["id", "entries", "entries"]),
        ("trace_segment", ["id", "runs", "chunks"]),
        ("trace_segment_index", ["id", "entries"]),
        ("run_service", ["run_id", "service", "spans", "newest_start"]),
        (
            "sender",
            [
                "id", "agent", "stored_sequence", "stored_reports", "last_seen_unix_nano", "rejected_reports",
                "presence", "running_sources", "has_more_running_sources", "presence_since_unix_nano",
            ]
        ),
        ("sender_drop", ["sender_id", "reason", "spans"]),
        ("collector", ["id", "holds_from_unix_nano", "lapses_at_unix_nano"]),
        ("deleted_trace", ["id", "trace_id", "deleted_at_unix_nano"]),
        ("sqlite_sequence", ["name", "seq"]),
    ]

    /// The same of the second format.
    static let oldTables: [(name: String, columns: [String])] = [
        (
            "merged_span",
            ["id", "start_time_unix_nano", "live_origin_id", "ended_origin_id", "state", "state", "state"]
        ),
        ("origin", ["id", "content", "content"]), ("sender", ["id", "agent", "stored_sequence", "presence"]),
        ("sender_drop", ["sender_id", "reason", "spans"]),
    ]

    private enum Value {
        case null
        case integer(Int64)
        case real(Double)
        case text(String)
        case blob([UInt8])

        func bind(_ statement: Statement, _ index: Int) {
            switch self {
            case .null: statement.bindNull(index)
            case .integer(let value): statement.bind(index, value)
            case .real: statement.bindNull(index)
            case .text(let value): statement.bind(index, value)
            case .blob(let value): statement.bind(index, blob: value)
            }
        }

        /// As an expression of SQL; its parameter is `?1`.
        var sql: String { if case .real(let value) = self { "\(value)" } else { "?1" } }
    }

    /// Does one thing, in a file that nobody has open.
    mutating func strike(_ path: String, tables: [(name: String, columns: [String])] = tables) throws {
        let connection = try Connection(path: path, mode: .readWrite)
        defer { connection.close() }
        // Not for ever: the store's own settings do not depend on it.
        try connection.execute("PRAGMA synchronous = OFF")
        if chance(25) { return try strikeSchema(connection, tables) }
        let (table, columns) = tables[Int(random.next() % UInt64(tables.count))]
        let column = columns[Int(random.next() % UInt64(columns.count))]
        let key = table == "run_service" ? "(run_id || service)" : "rowid"
        let rows = try strings("SELECT quote(\(key)) FROM \(table)", connection)
        guard let row = rows.randomElement(using: &random), let other = rows.randomElement(using: &random) else {
            return
        }
        let place = "\(table) WHERE \(key) = \(row)"
        switch random.next() % 12 {
        case 0:
            done.append("DELETE FROM \(place)")
            try attempt(connection, "DELETE FROM \(place)")
        case 1:
            done.append("a copy of \(place)")
            let list = Set(columns).sorted()
            let values = list.map { $0 == list.first(where: { $0.hasSuffix("id") }) ? "\($0) + 1" : $0 }
            try attempt(
                connection,
                "INSERT OR REPLACE INTO \(table) (\(list.joined(separator: ","))) SELECT \(values.joined(separator: ",")) FROM \(place)"
            )
        case 2, 3:
            done.append("\(column) of \(place) is that of \(other)")
            let from = "(SELECT \(column) FROM \(table) WHERE \(key) = \(other))"
            let back = try strings("SELECT quote(\(column)) FROM \(place)", connection).first ?? "NULL"
            try attempt(connection, "UPDATE \(table) SET \(column) = \(from) WHERE \(key) = \(row)")
            try attempt(connection, "UPDATE \(table) SET \(column) = \(back) WHERE \(key) = \(other)")
        default:
            let value = try newValue(column, place, connection)
            done.append("UPDATE \(table) SET \(column) of \(row): \(value.words)")
            if case .null = value.value { return try setNull(connection, table, column, "\(key) = \(row)") }
            guard
                let update = try? connection.prepare(
                    "UPDATE \(table) SET \(column) = \(value.value.sql) WHERE \(key) = \(row)")
            else { return }
            if case .real = value.value {} else { value.value.bind(update, 0) }
            try? update.run()
        }
    }

    private mutating func newValue(
        _ column: String, _ place: String, _ connection: Connection
    ) throws -> (value: Value, words: String) {
        let odd: [Value] = [
            .null, .integer(-1), .integer(0), .integer(1), .integer(.min), .integer(.max), .integer(1 << 47),
            .integer(1 << 32), .integer((1 << 47) - 1), .integer(2), .integer(9), .real(1.5), .real(-1e300), .text(""),
            .text("x"), .text("18446744073709551615"), .text("00000000000000000001"), .text("99999999999999999999"),
            .text("1,,2"), .blob([]), .blob([0xFF, 0, 0x80]), .blob([UInt8](repeating: 0xFF, count: 16)),
        ]
        let select = try connection.prepare("SELECT \(column) FROM \(place)")
        guard try select.step() else { return (.null, "nothing") }
        switch (select.type(0), random.next() % 3) {
        case (1, 0):
            let bit = random.next() % 64
            return (.integer(select.integer(0) ^ 1 << Int64(bit)), "bit \(bit)")
        case (1, 1):
            let step = Int64(random.next() % 3) - 1
            return (.integer(select.integer(0) &+ step), "\(step) more")
        case (3, 0), (3, 1):
            var bytes = select.bytes(0)
            if bytes.isEmpty { return (.text("x"), "x") }
            bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 7)
            return (.text(String(decoding: bytes, as: UTF8.self)), "a bit")
        case (4, 0), (4, 1):
            return damaged(select.bytes(0), isFrame: column == "data" && place.hasPrefix("block_data"))
        default:
            let number = Int(random.next() % UInt64(odd.count))
            return (odd[number], "\(odd[number])")
        }
    }

    private mutating func damaged(_ bytes: [UInt8], isFrame: Bool) -> (value: Value, words: String) {
        var bytes = bytes
        if bytes.isEmpty { return (.blob([1]), "a byte") }
        switch random.next() % 8 {
        case 0:
            bytes.removeLast(1 + Int(random.next() % UInt64(bytes.count)))
            return (.blob(bytes), "\(bytes.count) bytes of it")
        case 1:
            bytes.append(UInt8(truncatingIfNeeded: random.next()))
            return (.blob(bytes), "a byte more")
        case 2 where isFrame:
            // The size that a frame says it has, in its head.
            for place in 5..<min(bytes.count, 9) where chance(2) { bytes[place] = 0xFF }
            return (.blob(bytes), "a head of a frame")
        case 3, 4, 5:
            // With a right checksum: what is below it has to be looked at, too.
            if isFrame, let content = BlockDecompressor().decompress(bytes) {
                isForged = true
                return (.blob(BlockCompressor(level: 1).compress(struck(content))), "a frame of other content")
            }
            if let parts = columns(bytes) { return (.blob(parts), "columns of other content") }
            fallthrough
        default:
            let (place, bit) = (Int(random.next() % UInt64(bytes.count)), UInt8(random.next() % 8))
            bytes[place] ^= 1 << bit
            return (.blob(bytes), "bit \(bit) of byte \(place) of \(bytes.count)")
        }
    }

    /// Some bytes are others, gone, or there twice.
    private mutating func struck(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        if bytes.isEmpty { return [UInt8(truncatingIfNeeded: random.next())] }
        for _ in 0...Int(random.next() % 3) where !bytes.isEmpty {
            let place = Int(random.next() % UInt64(bytes.count))
            switch random.next() % 6 {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(bytes[place], at: place)
            case 2: bytes[place] = 0xFF
            case 3:
                let end = min(place + 1 + Int(random.next() % 40), bytes.count)
                bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
            default: bytes[place] ^= 1 << UInt8(random.next() % 8)
            }
        }
        return bytes
    }

    /// Columns of which one part has other content, or is there twice, under a right checksum.
    private mutating func columns(_ bytes: [UInt8]) -> [UInt8]? {
        var parts: [(key: FieldKey, content: [UInt8])] = []
        do {
            var reader = try WireReader(bytes.rawSpan, options: SpanColumns.options)
            while let key = try reader.nextKey() {
                guard key.wireType == .lengthDelimited else { return nil }
                parts.append((key, try reader.byteArray()))
            }
        } catch {
            return nil
        }
        guard let number = parts.indices.randomElement(using: &random) else { return nil }
        if let content = BlockDecompressor().decompress(parts[number].content) {
            parts[number].content = BlockCompressor(level: 1).compress(
                chance(2) ? struck(content) : shuffled(content))
        } else {
            parts[number].content = struck(parts[number].content)
        }
        var all: [UInt8] = []
        for part in parts {
            all.append(UInt8(truncatingIfNeeded: part.key.rawValue))
            all.append(varint: part.content.count)
            all += part.content
        }
        return all
    }

    /// Fields of a message in another order, some of them twice and some with the content of others.
    private mutating func shuffled(_ bytes: [UInt8]) -> [UInt8] {
        var fields: [[UInt8]] = []
        do {
            var reader = try WireReader(bytes.rawSpan, options: SpanColumns.options)
            var start = 0
            while let key = try reader.nextKey() {
                try reader.skip(key)
                fields.append(Array(bytes[start..<reader.offset]))
                start = reader.offset
            }
        } catch {
            return bytes
        }
        guard let one = fields.randomElement(using: &random), let place = fields.indices.randomElement(using: &random)
        else { return bytes }
        switch random.next() % 4 {
        case 0: fields.shuffle(using: &random)
        case 1: fields.insert(struck(one), at: place)
        case 2: fields.remove(at: place)
        default: fields.append(one)
        }
        return fields.flatMap { $0 }
    }

    private mutating func strikeSchema(
        _ connection: Connection, _ tables: [(name: String, columns: [String])]
    ) throws {
        let all = try strings("SELECT type || ' ' || name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'", connection)
        let object = all.randomElement(using: &random) ?? ""
        let sql: String
        switch random.next() % 5 {
        case 0: sql = "PRAGMA user_version = \([-1, 0, 1, 2, 3, 99][Int(random.next() % 6)])"
        case 1: sql = "PRAGMA application_id = \(random.next() % 2)"
        case 2:
            let table = tables[Int(random.next() % UInt64(min(tables.count, 12)))]
            sql = "ALTER TABLE \(table.name) RENAME COLUMN \(table.columns[table.columns.count - 1]) TO other"
        case 3: sql = "DROP VIEW senders; CREATE VIEW senders AS SELECT 1 AS sender_id"
        default: sql = "DROP \(object)"
        }
        done.append(sql)
        try attempt(connection, sql)
    }

    /// Takes the constraint away that keeps a column from being null, and puts it back.
    private func setNull(_ connection: Connection, _ table: String, _ column: String, _ row: String) throws {
        let sql = try strings("SELECT sql FROM sqlite_master WHERE name = '\(table)'", connection).first
        guard let sql else { return }
        func rewrite(_ text: String) throws {
            let change = try connection.prepare("UPDATE sqlite_master SET sql = ?1 WHERE name = '\(table)'")
            change.bind(0, text)
            try change.run()
            let version = try connection.integer("PRAGMA schema_version")
            try connection.execute("PRAGMA schema_version = \(version + 1)")
        }
        try connection.execute("PRAGMA writable_schema = ON")
        defer { try? connection.execute("PRAGMA writable_schema = OFF") }
        try rewrite(sql.replacingOccurrences(of: " NOT NULL", with: ""))
        try attempt(connection, "UPDATE \(table) SET \(column) = NULL WHERE \(row)")
        try rewrite(sql)
    }

    /// What SQLite does not let be done is not done.
    private func attempt(_ connection: Connection, _ sql: String) throws {
        do { try connection.execute(sql) } catch { return }
    }

    private func strings(_ sql: String, _ connection: Connection) throws -> [String] {
        let select = try connection.prepare(sql)
        var strings: [String] = []
        while try select.step() { strings.append(select.text(0)) }
        return strings
    }

    private mutating func chance(_ one: UInt64) -> Bool { random.next() % one == 0 }
}
