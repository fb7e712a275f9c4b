import SpanMerge
import SpanModel
import SpanStorage

/// The tables `origin` and `service`, for a writer: from origins to their rows.
struct OriginTable {
    /// How many origins are remembered at the most; then all are forgotten, so that a sender that never repeats one
    /// costs no memory without bound.
    static let cacheLimit = 4096

    /// What a span's row needs of its origin.
    struct Row {
        var id: Int64
        var serviceID: Int64
    }

    private let findOrigin: Statement
    private let insertOrigin: Statement
    private let findService: Statement
    private let insertService: Statement
    private let connection: Connection
    private var rows: [[UInt8]: Row] = [:]
    /// By object, so that the bytes are hashed once for each `ScopeSpans`; the objects are held as long as the entries.
    private var rowsByObject: [ObjectIdentifier: (origin: SharedOrigin, row: Row)] = [:]

    init(_ connection: Connection) throws(SpanStoreError) {
        self.connection = connection
        findOrigin = try connection.prepare("SELECT id, service_id FROM origin WHERE content = ?1")
        insertOrigin = try connection.prepare("INSERT INTO origin VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
        findService = try connection.prepare("SELECT id FROM service WHERE name = ?1")
        insertService = try connection.prepare("INSERT INTO service VALUES (NULL, ?1)")
    }

    /// Forgets all rows: after a transaction that did not happen.
    mutating func forget() {
        rows.removeAll()
        endTransaction()
    }

    /// Lets go of the objects of the transaction.
    mutating func endTransaction() { rowsByObject.removeAll(keepingCapacity: true) }

    /// The row of an origin, made if there is none.
    mutating func row(of origin: SharedOrigin) throws(SpanStoreError) -> Row {
        if let known = rowsByObject[ObjectIdentifier(origin)] { return known.row }
        let row: Row
        if let known = rows[origin.bytes] {
            row = known
        } else {
            row = try stored(origin)
            if rows.count >= Self.cacheLimit { rows.removeAll() }
            rows[origin.bytes] = row
        }
        rowsByObject[ObjectIdentifier(origin)] = (origin, row)
        return row
    }

    private func stored(_ shared: SharedOrigin) throws(SpanStoreError) -> Row {
        findOrigin.bind(0, blob: shared.bytes)
        defer { findOrigin.reset() }
        if try findOrigin.step() { return Row(id: findOrigin.integer(0), serviceID: findOrigin.integer(1)) }

        let origin = shared.origin
        let serviceID = try serviceRow(origin.service)
        insertOrigin.bind(0, blob: shared.bytes)
        insertOrigin.bind(1, serviceID)
        insertOrigin.bind(2, text: Self.json(origin.resource?.attributes ?? []))
        insertOrigin.bind(3, origin.resourceSchemaURL)
        insertOrigin.bind(4, origin.scope?.name ?? "")
        insertOrigin.bind(5, origin.scope?.version ?? "")
        insertOrigin.bind(6, text: Self.json(origin.scope?.attributes ?? []))
        insertOrigin.bind(7, origin.scopeSchemaURL)
        try insertOrigin.run()
        return Row(id: connection.lastInsertedRow, serviceID: serviceID)
    }

    private func serviceRow(_ name: String) throws(SpanStoreError) -> Int64 {
        findService.bind(0, name)
        defer { findService.reset() }
        if try findService.step() { return findService.integer(0) }
        insertService.bind(0, name)
        try insertService.run()
        return connection.lastInsertedRow
    }

    private static func json(_ attributes: [Attribute]) -> [UInt8] {
        var json = AttributeJSON()
        json.write(attributes)
        return json.bytes
    }
}
