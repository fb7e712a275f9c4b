import CSQLite

/// Head of SQLite's shared memory: it says which log the memory describes, and how much of that log is in force.
///
/// The form is the "WAL-index header" of SQLite's file format. Numbers are in the machine's byte order; the salts stand as in
/// the log itself.
struct LogIndexHead: Equatable {
    // Proof for all below: a connection is open while its owner hands it over, and each buffer has the bytes that are copied.

    /// Number of frames in force; at 0 the content of the log does not matter.
    let frames: UInt32
    let pageBytes: Int
    /// Salts of the described log; they differ each time that a log is begun.
    let salts: [UInt8]

    /// Number of bytes of one of the two copies.
    static let byteCount = 48

    /// - Returns: `nil` where there is no such memory, it is not in use, or is being written to just now.
    init?(of connection: OpaquePointer) {
        var bytes = [UInt8](repeating: 0, count: 2 * Self.byteCount)
        guard unsafe spanwire_read_log_index(connection, &bytes) != 0 else { return nil }
        self.init(copies: bytes)
    }

    /// - Parameter bytes: both copies.
    init?(copies bytes: [UInt8]) {
        let (first, second) = (bytes.prefix(Self.byteCount), bytes.dropFirst(Self.byteCount).prefix(Self.byteCount))
        guard first.elementsEqual(second), bytes.count >= 2 * Self.byteCount, bytes[12] == 1 else { return nil }
        func number<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type) -> Number {
            var number: Number = 0
            unsafe withUnsafeMutableBytes(of: &number) { unsafe $0.copyBytes(from: bytes[offset..<offset + $0.count]) }
            return number
        }
        let size = number(at: 14, as: UInt16.self)
        // 65,536 does not fit, and stands as 1.
        pageBytes = size == 1 ? 65_536 : Int(size)
        frames = number(at: 16, as: UInt32.self)
        salts = Array(bytes[32..<40])
    }

    /// Returns `true` for a log that holds what is in force.
    ///
    /// - Parameters:
    ///   - head: the log's first 32 bytes, as many of them as there are.
    ///   - byteCount: the log's size.
    func fits(log head: [UInt8], byteCount: Int64) -> Bool {
        let needed = 32 + Int64(frames) * Int64(pageBytes + 24)
        return frames == 0 || byteCount >= needed && head.count >= 24 && head[16..<24].elementsEqual(salts)
    }

    /// Returns `true` when the log that a connection has open is the one that the shared memory describes.
    ///
    /// Another log was made beside a process whose log was removed. What is read through it is not whole; what is written to
    /// it is lost, or damages the file at the next checkpoint.
    ///
    /// - Returns: `true` too where it cannot be told.
    static func isOfLog(of connection: OpaquePointer) -> Bool {
        // A log may be begun anew between two looks.
        for _ in 0..<10 {
            guard let index = unsafe LogIndexHead(of: connection) else { return true }
            let byteCount = unsafe spanwire_log_bytes(connection)
            guard byteCount >= 0 else { return true }
            var head = [UInt8](repeating: 0, count: 32)
            // Proof: the array has as many bytes as are asked for; of a shorter log the others are zeros.
            let code = unsafe spanwire_read_log(connection, &head, 32, 0)
            guard code == SQLITE_OK || code == SQLiteFault.shortRead else { return true }
            if index.fits(log: head, byteCount: byteCount) { return true }
            if unsafe LogIndexHead(of: connection) == index { return false }
        }
        return true
    }
}
