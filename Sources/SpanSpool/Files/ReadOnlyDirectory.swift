#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A spool's directory to look into, whoever has it; nothing in it is changed.
final class ReadOnlyDirectory: SpoolStorage {
    let place: String

    init(_ directory: String) { place = directory }

    func names() throws(SpoolError) -> [String] { try DirectoryStorage.names(in: place) }

    func open(_ name: String, creates: Bool) throws(SpoolError) -> any SpoolFile {
        try DirectoryFile(reading: "\(place)/\(name)")
    }

    func remove(_ name: String) throws(SpoolError) {
        throw SpoolError(.ioFailed, "\(place) was opened to be looked into; nothing is removed")
    }

    func sync() throws(SpoolError) {}

    func release() {}

    /// Whether a process has the directory at this moment.
    var isInUse: Bool {
        let descriptor = openFile("\(place)/\(DirectoryStorage.lockName)", O_RDONLY)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }
}
