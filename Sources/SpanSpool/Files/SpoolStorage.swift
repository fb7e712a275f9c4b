/// The files that a spool lies in: a directory, or for simulations memory.
package protocol SpoolStorage: AnyObject, Sendable {
    /// The place as messages name it.
    var place: String { get }
    /// The names of all files.
    func names() throws(SpoolError) -> [String]
    /// Opens a file; `creates` an empty one where there is none.
    func open(_ name: String, creates: Bool) throws(SpoolError) -> any SpoolFile
    /// Removes a file; one that is open stays readable for who has it.
    func remove(_ name: String) throws(SpoolError)
    /// Forces the names to the disk.
    func sync() throws(SpoolError)
    /// Another process may have the files from now on: nothing more is written, what is under way may still be synced.
    func release()
}

/// A file of a spool.
package protocol SpoolFile: AnyObject, Sendable {
    /// The number of bytes in the file.
    func size() throws(SpoolError) -> Int
    /// Writes all of the bytes, or throws and may have written some.
    func write(_ bytes: borrowing RawSpan, at offset: Int) throws(SpoolError)
    /// - Returns: fewer bytes than asked for where the file ends.
    func read(at offset: Int, upTo count: Int) throws(SpoolError) -> [UInt8]
    /// Cuts what lies behind.
    func truncate(to size: Int) throws(SpoolError)
    /// Forces what was written to the disk.
    func sync() throws(SpoolError)
}
