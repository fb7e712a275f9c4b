import Foundation
import ProtoWire
import SpanMerge
import SpanModel
import SpanStorage

import Testing

@testable import SpanStorageSQLite
@testable import SpanStorageTesting

@Suite struct SQLiteMigrationTests {
    let folder = try! TemporaryFolder()

    /// The tables of the second format, and what went into them.
    static let secondFormat = """
        CREATE TABLE service (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE origin (
            id INTEGER PRIMARY KEY, content BLOB NOT NULL UNIQUE, service_id INTEGER NOT NULL REFERENCES service (id),
            resource_attributes TEXT NOT NULL, resource_schema_url TEXT NOT NULL, scope_name TEXT NOT NULL,
            scope_version TEXT NOT NULL, scope_attributes TEXT NOT NULL, scope_schema_url TEXT NOT NULL
        );
        CREATE TABLE merged_span (
            id INTEGER PRIMARY KEY, trace_id BLOB NOT NULL, span_id BLOB NOT NULL, side INTEGER NOT NULL,
            start_time_unix_nano NOT NULL, live_origin_id INTEGER, ended_origin_id INTEGER, state BLOB NOT NULL,
            UNIQUE (trace_id, span_id, side)
        );
        CREATE INDEX merged_span_start ON merged_span (start_time_unix_nano);
        CREATE TABLE sender (
            id BLOB PRIMARY KEY, agent TEXT NOT NULL, stored_sequence NOT NULL, stored_reports NOT NULL,
            last_seen_unix_nano NOT NULL, rejected_reports NOT NULL DEFAULT 0, presence INTEGER NOT NULL DEFAULT 0
        );
        CREATE TABLE sender_drop (
            sender_id BLOB NOT NULL, reason TEXT NOT NULL, spans NOT NULL, PRIMARY KEY (sender_id, reason)
        );
        CREATE VIEW spans AS SELECT * FROM merged_span;
        CREATE VIEW senders AS SELECT * FROM sender;
        PRAGMA application_id = \(Schema.applicationID);
        PRAGMA user_version = 2;
        INSERT INTO sender VALUES (x'00000000000000010000000000000002', 'old/1', 3, 9, 9, 1, 2);
        INSERT INTO sender_drop VALUES (x'00000000000000010000000000000002', 'queue_full', 7);
        """

    /// Makes the tables of senders what they were before collectors had names.
    static let toFourthFormat = """
        DROP VIEW senders;
        DROP TABLE sender_connection;
        DROP TABLE collector;
        ALTER TABLE sender DROP COLUMN presence_since_unix_nano;
        CREATE VIEW senders AS SELECT agent FROM sender;
        """

    @Test func `of a file of the fourth format whoever was connected is gone, for its collector is no more`()
        async throws
    {
        let path = folder.file("fourth.db")
        let lease = CollectorLease(collector: .random(), renewedAtUnixNano: 1)
        var store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        for number in UInt64(1)...3 {
            try await store.append([batch(trace: number, sender: SenderID(high: 1, low: number), sequence: number)])
        }
        await store.close()
        do {
            let connection = try Connection(path: path, mode: .readWrite)
            try connection.execute(
                """
                \(Self.toFourthFormat) UPDATE sender SET presence = stored_sequence; PRAGMA user_version = 4;
                CREATE INDEX somebodys ON sender (agent);
                """)
        }
        store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        #expect(try await store.senders(nowUnixNano: 1).map(\.presence) == [.gone, .saidGoodbye, .gone])
        #expect(try await store.senders(nowUnixNano: 1).map(\.storedSequence) == [1, 2, 3])
        let change = SenderChange(sender: SenderID(high: 1, low: 1), presence: .connected, atUnixNano: 1)
        try await store.note([change], by: lease)
        #expect(try await store.senders(nowUnixNano: 1).map(\.presence) == [.connected, .saidGoodbye, .gone])
        #expect(try await store.check().faults == [])
        await store.close()
    }

    static let sender = SenderSummary(
        sender: SenderID(high: 1, low: 2), agent: "old/1", storedSequence: 3, storedReports: 9,
        dropped: [DropCount(reason: "queue_full", spans: 7)], rejectedReports: 1, presence: .saidGoodbye,
        lastSeenUnixNano: 9)

    /// A file of the second format with the states of spans that got one to four random reports.
    func makeFile(spans: Int) throws -> (path: String, states: [SpanKey: SpanState]) {
        let path = folder.file("old.db")
        let connection = try Connection(path: path, mode: .readWrite)
        try connection.execute(Self.secondFormat)
        let insertOrigin = try connection.prepare(
            "INSERT OR IGNORE INTO origin VALUES (NULL, ?1, 1, '', '', '', '', '', '')")
        let findOrigin = try connection.prepare("SELECT id FROM origin WHERE content = ?1")
        let insert = try connection.prepare("INSERT INTO merged_span VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        func row(_ origin: SharedOrigin) throws -> Int64 {
            insertOrigin.bind(0, blob: origin.bytes)
            try insertOrigin.run()
            findOrigin.bind(0, blob: origin.bytes)
            defer { findOrigin.reset() }
            _ = try findOrigin.step()
            return findOrigin.integer(0)
        }
        var generator = ReportGenerator(seed: seed)
        var states: [SpanKey: SpanState] = [:]
        for number in 1...spans {
            var state = SpanState()
            for _ in 0..<Int.random(in: 1...4, using: &generator.random) {
                let report = generator.batch(
                    of: generator.report(
                        TraceID(high: 1, low: UInt64(number / 3 + 1)), SpanID(UInt64(number)), kinds: [.client]))
                let resource = report.resourceSpans[0]
                let origin = SharedOrigin(SpanOrigin(resource, resource.scopeSpans[0]))
                state.join(SpanState(resource.scopeSpans[0].spans[0], origin: origin))
            }
            states[state.key] = state
            insert.bind(0, blob: state.key.traceID.high, state.key.traceID.low)
            insert.bind(1, blob: state.key.spanID.value)
            insert.bind(2, Int64(state.key.side.rawValue))
            insert.bind(3, unsigned: state.merged().span.startTimeUnixNano)
            insert.bind(4, try state.live.map { try row($0.origin) })
            insert.bind(5, try state.ended.map { try row($0.origin) })
            var writer = WireWriter()
            state.encodeWithoutOrigins(to: &writer)
            insert.bind(6, blob: writer)
            try insert.run()
        }
        return (path, states)
    }

    func expectAll(_ states: [SpanKey: SpanState], in path: String) async throws {
        let store = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        #expect(try await store.senders(nowUnixNano: 0) == [Self.sender])
        for trace in Set(states.keys.map(\.traceID)) {
            let expected = states.filter { $0.key.traceID == trace }.sorted { $0.key < $1.key }.map {
                $0.value.merged()
            }
            try expectSame(try await store.trace(trace), expected, "SEED=\(seed)")
        }
        await store.close()
        let connection = try Connection(path: path, mode: .readOnly)
        #expect(try connection.integer("SELECT count(*) FROM sqlite_master WHERE name = 'merged_span'") == 0)
    }

    @Test func `a file of the third format, which has no columns, answers as before once it was opened for writing`()
        async throws
    {
        let path = folder.file("third.db")
        let options = SQLiteSpanStore.Options(compactsInBackground: false)
        let oracle = InMemorySpanStore()
        var store = try await SQLiteSpanStore.open(path: path, mode: .readWrite, options: options)
        var generator = ReportGenerator(seed: seed)
        for number in 1...200 {
            let report = generator.report(
                TraceID(high: 1, low: UInt64(number % 30 + 1)), SpanID(UInt64(number)), kinds: SpanKind.some)
            let batch = IncomingBatch(reports: generator.batch(of: report))
            try await store.append([batch])
            try await oracle.append([batch])
        }
        try await store.compact()
        await store.close()
        do {
            let connection = try Connection(path: path, mode: .readWrite)
            #expect(try connection.integer("SELECT count(*) FROM span_columns") > 0)
            try connection.execute(
                """
                UPDATE run SET bytes = bytes - coalesce(
                    (SELECT sum(length(data)) FROM span_columns c WHERE c.id >> 16 = run.id), 0);
                DROP TABLE span_columns; \(Self.toFourthFormat) PRAGMA user_version = 3
                """)
        }
        let error = await #expect(throws: SpanStoreError.self) {
            _ = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        }
        #expect(error?.code == .olderFormat)
        store = try await SQLiteSpanStore.open(path: path, mode: .readWrite, options: options)
        for order in SpanOrder.allCases {
            let query = SpanQuery(
                filter: try SpanFilter(parsing: "duration>=0s", nowUnixNano: 0), order: order, limit: 50)
            #expect(try await store.search(query) == oracle.search(query), "\(order), SEED=\(seed)")
        }
        let everything = SpanScan()
        #expect(try await store.dependencies(everything) == oracle.dependencies(everything), "SEED=\(seed)")
        #expect(try await store.check().faults == [])
        await store.close()
    }

    @Test
    func `a file of the second format is refused for reading, and moved to this one when it is opened for writing`()
        async throws
    {
        let (path, states) = try makeFile(spans: 300)
        let error = await #expect(throws: SpanStoreError.self) {
            try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        }
        #expect(error?.code == .olderFormat)
        #expect(error?.message.contains("spanwire store compact") == true)
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        await store.close()
        try await expectAll(states, in: path)
    }

    @Test func `a file of the first format is moved too`() async throws {
        let (path, states) = try makeFile(spans: 10)
        do {
            let connection = try Connection(path: path, mode: .readWrite)
            try connection.execute(
                """
                DROP VIEW senders;
                ALTER TABLE sender DROP COLUMN rejected_reports;
                ALTER TABLE sender DROP COLUMN presence;
                CREATE VIEW senders AS SELECT agent FROM sender;
                PRAGMA user_version = 1;
                """)
        }
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        var sender = Self.sender
        sender.rejectedReports = 0
        sender.presence = .unknown
        #expect(try await store.senders(nowUnixNano: 0) == [sender])
        for (key, state) in states {
            let found = try await store.trace(key.traceID)
            #expect(found.contains { $0.span.encoded() == state.merged().span.encoded() })
        }
        await store.close()
    }

    @Test func `a move that was interrupted is finished at the next opening`() async throws {
        let (path, states) = try makeFile(spans: 100)
        do {
            // What is left when a process ends behind the first transactions.
            let connection = try Connection(path: path, mode: .readWrite)
            try Migration.begin(connection)
            var migration = try Migration(connection, nowUnixNano: 1 << 60, rowsPerTransaction: 40)
            #expect(try migration.step())
            #expect(try connection.integer("SELECT count(*) FROM merged_span") == 60)
        }
        let error = await #expect(throws: SpanStoreError.self) {
            try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        }
        #expect(error?.code == .olderFormat)
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        await store.close()
        try await expectAll(states, in: path)
    }

    /// Files of an earlier format that are not what they should be: what was done to one of the fourth, and what is said.
    private static let unusual: [(change: String, words: String)] = [
        ("CREATE TABLE collector (a)", "there is a table collector already"),
        ("DROP TABLE sender", "there is no table sender"),
        (
            "ALTER TABLE sender ADD COLUMN presence_since_unix_nano NOT NULL DEFAULT 0",
            "has a column presence_since_unix_nano already"
        ),
        ("DROP TABLE span_columns", "there is no table span_columns"), ("DROP TABLE block", "there is no table block"),
        ("PRAGMA user_version = 3", "there is a table span_columns already"),
        ("PRAGMA user_version = 2", "has a column running_sources already"),
        ("PRAGMA user_version = 1", "has a column rejected_reports already"),
    ]

    @Test(arguments: 0..<8)
    func `a file that cannot be brought to this format is left as it was, and all say so alike`(number: Int)
        async throws
    {
        let (change, words) = Self.unusual[number]
        let path = folder.file("unusual.db")
        try await SQLiteSpanStore.open(path: path, mode: .readWrite).close()
        try Connection(path: path, mode: .readWrite).execute(
            "\(Self.toFourthFormat) PRAGMA user_version = 4; \(change)")
        func content() throws -> [String] {
            let connection = try Connection(path: path, mode: .readOnly)
            let select = try connection.prepare("SELECT coalesce(sql, '') FROM sqlite_master ORDER BY name")
            var all = [String(try connection.integer("PRAGMA user_version"))]
            while try select.step() { all.append(select.text(0)) }
            return all
        }
        let before = try content()
        var messages: Set<String> = []
        for mode in [.readOnly, .readWrite, .readOnly] as [SQLiteSpanStore.Mode] {
            let error = await #expect(throws: SpanStoreError.self) {
                try await SQLiteSpanStore.open(path: path, mode: mode)
            }
            #expect(error?.code == .corrupt)
            messages.insert(error?.message ?? "")
        }
        #expect(messages.count == 1, "\(messages)")
        let message = messages.first ?? ""
        #expect(message.contains(path) && message.contains(words), "\(message)")
        #expect(message.contains("it is left as it was") && message.contains("sqlite3 \(path)"), "\(message)")
        #expect(!message.contains("spanwire store compact"), "\(message)")
        #expect(try content() == before)
    }

    @Test func `views that are missing, or that somebody added, hinder nothing`() async throws {
        for (number, change) in [
            "DROP VIEW senders", "CREATE VIEW mine AS SELECT * FROM senders",
            "CREATE VIEW mine AS SELECT no_such FROM sender",
        ].enumerated() {
            let path = folder.file("views\(number).db")
            try await SQLiteSpanStore.open(path: path, mode: .readWrite).close()
            try Connection(path: path, mode: .readWrite).execute(
                "\(Self.toFourthFormat) PRAGMA user_version = 4; \(change)")
            let error = await #expect(throws: SpanStoreError.self) {
                try await SQLiteSpanStore.open(path: path, mode: .readOnly)
            }
            #expect(error?.code == .olderFormat && error?.message.contains("spanwire store compact \(path)") == true)
            let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
            #expect(try await store.check().faults == [])
            await store.close()
        }
        let (path, states) = try makeFile(spans: 10)
        try Connection(path: path, mode: .readWrite).execute("DROP VIEW spans; DROP VIEW senders")
        try await SQLiteSpanStore.open(path: path, mode: .readWrite).close()
        try await expectAll(states, in: path)
    }

    @Test(arguments: ["x'FF'", "x''", "'text'"])
    func `a row of an earlier format that cannot be read is named with its file, and the others stay where they are`(
        state: String
    ) async throws {
        let (path, _) = try makeFile(spans: 20)
        try Connection(path: path, mode: .readWrite).execute("UPDATE merged_span SET state = \(state) WHERE id = 7")
        let error = await #expect(throws: SpanStoreError.self) {
            try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        }
        #expect(error?.code == .corrupt)
        let message = error?.message ?? ""
        #expect(message.contains("\(path): row 7 of merged_span"), "\(message)")
        #expect(message.contains("DELETE FROM merged_span WHERE id = 7"), "\(message)")
        let connection = try Connection(path: path, mode: .readOnly)
        #expect(try connection.integer("SELECT count(*) FROM merged_span") == 20)
        connection.close()
        try Connection(path: path, mode: .readWrite).execute("DELETE FROM merged_span WHERE id = 7")
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        #expect(try await store.check().faults == [])
        await store.close()
    }
}
