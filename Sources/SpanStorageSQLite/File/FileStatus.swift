#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the file system says of what is at a path.
struct FileStatus {
    /// What is at a path.
    enum Kind: Equatable {
        case nothing
        case file
        case folder
        /// Such as a FIFO: reading it may wait for ever.
        case other(String)
    }

    var kind: Kind
    var identity: FileIdentity
    var links: Int
    var bytes: Int64
    var changedUnixSeconds: Int
    /// What is beyond the seconds.
    var changedNanos: Int

    /// Fails where there is nothing, or it may not be looked at: `errno` tells then.
    ///
    /// - Parameter followsLinks: a symbolic link is what it leads to.
    init?(_ path: String, followsLinks: Bool = true) {
        var status = stat()
        // Proof: the pointers are to a local that lives through the calls.
        let result = followsLinks ? unsafe stat(path, &status) : unsafe lstat(path, &status)
        guard result == 0 else { return nil }
        self.init(status)
    }

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFIFO: .other("a FIFO")
            case S_IFSOCK: .other("a socket")
            case S_IFLNK: .other("a symbolic link")
            default: .other("a device")
            }
        identity = FileIdentity(
            device: UInt64(truncatingIfNeeded: status.st_dev), number: UInt64(truncatingIfNeeded: status.st_ino))
        links = Int(clamping: status.st_nlink)
        bytes = Int64(clamping: status.st_size)
        #if canImport(Darwin)
            changedUnixSeconds = status.st_mtimespec.tv_sec
            changedNanos = status.st_mtimespec.tv_nsec
        #else
            changedUnixSeconds = status.st_mtim.tv_sec
            changedNanos = status.st_mtim.tv_nsec
        #endif
    }
}
