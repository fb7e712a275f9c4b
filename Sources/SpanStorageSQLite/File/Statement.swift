import CSQLite
import ProtoWire
import SpanStorage

/// A prepared statement. Columns and parameters count from 0 here.
///
/// Proof for all below: `handle` is a statement that SQLite has prepared, which `deinit` alone finalizes. A buffer that is
/// bound lives through the call, in which SQLite copies it. Bytes of a column are copied before the next step, at most as many
/// as SQLite says that there are.
@safe
final class Statement {
    private let handle: OpaquePointer
    private let connection: Connection

    init(_ handle: OpaquePointer, connection: Connection) {
        unsafe self.handle = unsafe handle
        self.connection = connection
    }

    deinit { unsafe sqlite3_finalize(handle) }

    // MARK: Parameters. A bind can only fail for want of memory or beyond SQLite's size limit; the step then says so.

    private var bindFault: Int32 = SQLITE_OK

    private func note(_ code: Int32) {
        if code != SQLITE_OK { bindFault = code }
    }

    func bind(_ index: Int, _ value: Int64) { note(unsafe sqlite3_bind_int64(handle, Int32(index + 1), value)) }

    func bindNull(_ index: Int) { note(unsafe sqlite3_bind_null(handle, Int32(index + 1))) }

    func bind(_ index: Int, _ value: Int64?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    func bind(_ index: Int, _ text: String) {
        var text = text
        text.withUTF8 { buffer in
            note(unsafe spanwire_bind_text(handle, Int32(index + 1), buffer.baseAddress, Int32(clamping: buffer.count)))
        }
    }

    /// - Parameter utf8: valid UTF-8.
    func bind(_ index: Int, text utf8: [UInt8]) {
        unsafe utf8.withUnsafeBytes { buffer in
            note(unsafe spanwire_bind_text(handle, Int32(index + 1), buffer.baseAddress, Int32(clamping: buffer.count)))
        }
    }

    func bind(_ index: Int, blob: [UInt8]) {
        unsafe blob.withUnsafeBytes { buffer in
            note(unsafe spanwire_bind_blob(handle, Int32(index + 1), buffer.baseAddress, Int32(clamping: buffer.count)))
        }
    }

    /// What a writer holds.
    func bind(_ index: Int, blob writer: borrowing WireWriter) {
        unsafe writer.bytes.withUnsafeBytes { buffer in
            note(unsafe spanwire_bind_blob(handle, Int32(index + 1), buffer.baseAddress, Int32(clamping: buffer.count)))
        }
    }

    /// Two numbers as 16 bytes, big-endian.
    func bind(_ index: Int, blob high: UInt64, _ low: UInt64) {
        // Proof: a tuple of two UInt64 is 16 bytes without padding, read while it lives.
        unsafe withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { buffer in
            note(unsafe spanwire_bind_blob(handle, Int32(index + 1), buffer.baseAddress, 16))
        }
    }

    /// A number as 8 bytes, big-endian.
    func bind(_ index: Int, blob value: UInt64) {
        unsafe withUnsafeBytes(of: value.bigEndian) { buffer in
            note(unsafe spanwire_bind_blob(handle, Int32(index + 1), buffer.baseAddress, 8))
        }
    }

    // MARK: Steps

    /// Goes to the next row.
    ///
    /// - Returns: `false` when there is none.
    func step() throws(SpanStoreError) -> Bool {
        guard bindFault == SQLITE_OK else {
            defer { bindFault = SQLITE_OK }
            throw connection.error(bindFault, "bind")
        }
        let code = unsafe sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        unsafe sqlite3_reset(handle)
        guard code == SQLITE_DONE else { throw connection.error(code, "step") }
        return false
    }

    /// Runs a statement that returns no rows.
    func run() throws(SpanStoreError) { _ = try step() }

    /// Ends a walk over rows early.
    func reset() { unsafe sqlite3_reset(handle) }

    // MARK: Columns of the current row

    /// The type of the value, such as `SQLITE_INTEGER`; asked for before the value, which is converted to what it is read as.
    func type(_ column: Int) -> Int32 { unsafe sqlite3_column_type(handle, Int32(column)) }

    func isNull(_ column: Int) -> Bool { type(column) == SQLITE_NULL }

    func integer(_ column: Int) -> Int64 { unsafe sqlite3_column_int64(handle, Int32(column)) }

    /// The bytes of a blob or a text.
    func bytes(_ column: Int) -> [UInt8] {
        // Proof: SQLite keeps the bytes until the next step, and there are column_bytes of them.
        guard let start = unsafe sqlite3_column_blob(handle, Int32(column)) else { return [] }
        let count = Int(unsafe sqlite3_column_bytes(handle, Int32(column)))
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    /// A part of a blob; `nil` when it is none, or has not so many bytes.
    func bytes(_ column: Int, from offset: Int, count: Int) -> [UInt8]? {
        // Proof: SQLite keeps the bytes until the next step, and there are column_bytes of them.
        guard type(column) == SQLITE_BLOB, let start = unsafe sqlite3_column_blob(handle, Int32(column)),
            offset + count <= Int(unsafe sqlite3_column_bytes(handle, Int32(column)))
        else { return nil }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start + offset, count: count))
    }

    func text(_ column: Int) -> String { String(decoding: bytes(column), as: UTF8.self) }

    /// A text that is UTF-8, else `nil`.
    func validText(_ column: Int) -> String? { String(validating: bytes(column), as: UTF8.self) }
}
