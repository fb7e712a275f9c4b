import SpanStorage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The file of a store, as the file system has it.
enum StoreFile {
    static func kind(_ path: String) -> FileStatus.Kind { FileStatus(path)?.kind ?? .nothing }

    /// Looks at a path before it is opened, and at what lies beside it.
    ///
    /// - Throws: `cannot_open` where something else than a file is there.
    static func check(_ path: String) throws(SpanStoreError) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            switch kind(path + suffix) {
            case .nothing, .file: continue
            case .folder:
                throw SpanStoreError(
                    .cannotOpen,
                    suffix.isEmpty
                        ? "\(path) is a folder; name a file in it"
                        : "\(path + suffix) is a folder, where the store \(path) has a file; remove or move that folder"
                )
            case .other(let words):
                throw SpanStoreError(
                    .cannotOpen,
                    suffix.isEmpty
                        ? "\(path) is \(words), no file; name a file"
                        : "\(path + suffix) is \(words), where the store \(path) has a file; remove or move it")
            }
        }
    }

    /// Why a store cannot be written, by the file or the folder that may not be; `nil` when each of them may.
    static func fault(writing path: String) -> SpanStoreError? {
        func may(_ place: String) -> Bool { unsafe access(place, W_OK) == 0 || errno == ENOENT }
        // SQLite gives the files of the log the permissions of the store: where that is wrong it is the one to name.
        let log = ["-wal", "-shm", "-journal"].map { path + $0 }
        let files = may(path) ? log.filter { !may($0) } : [path]
        if !files.isEmpty {
            let names = files.joined(separator: " and ")
            return SpanStoreError(.cannotOpen, "\(names) may not be written; check the owner and the permissions")
        }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard !may(folder) else { return nil }
        return SpanStoreError(
            .cannotOpen,
            "\(path) needs files beside it, and its folder \(folder) may not be written; check the owner and the permissions"
        )
    }

    /// Looks for the file, for a reader.
    ///
    /// - Throws: `not_found`; `cannot_open` where it may not be looked for.
    static func find(_ path: String) throws(SpanStoreError) {
        if FileStatus(path) != nil { return }
        switch errno {
        case EACCES, EPERM:
            throw SpanStoreError(
                .cannotOpen,
                "the folder of \(path), or one above it, may not be looked into by this user; check their permissions")
        case ELOOP, ENAMETOOLONG:
            throw SpanStoreError(.cannotOpen, "\(path) is no usable path (\(words(errno))); check it")
        default:
            throw SpanStoreError(
                .notFound, "there is no file \(path); check the path or start a collector that writes it")
        }
    }

    /// Where symbolic links lead, also where nothing is there: SQLite finds the log by the name of the file itself.
    static func withoutLinks(_ path: String) -> String {
        var file = path
        var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        // As many as the system follows.
        for _ in 0..<40 {
            let count = unsafe readlink(file, &target, target.count - 1)
            guard count > 0 else { break }
            let name = String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let folder = name.utf8.first == UInt8(ascii: "/") ? nil : file.utf8.lastIndex(of: UInt8(ascii: "/"))
            file = (folder.map { String(file[...$0]) } ?? "") + name
        }
        return file
    }

    /// Refuses the log of a file that is gone, or was emptied: SQLite would play it into the new file, or delete it.
    ///
    /// - Throws: `cannot_open`.
    static func checkNoLogIsLeft(of path: String) throws(SpanStoreError) {
        let file = withoutLinks(path)
        guard let state = stateWithoutPages(file) else { return }
        // A file that is being made is empty beside its journal.
        for log in state == .nothing ? [file + "-wal", file + "-journal"] : [file + "-wal"] {
            guard let status = FileStatus(log), status.kind == .file, status.bytes > 0 else { continue }
            // Another process may have made the file, and written, since it was looked for.
            guard stateWithoutPages(file) == state else { return }
            let words = state == .nothing ? "there is no file \(file)" : "\(file) is empty"
            throw SpanStoreError(
                .cannotOpen,
                "\(words), but its log \(log) is there, with what was stored last; put \(file) back, or remove \(log) to "
                    + "begin anew")
        }
    }

    /// `nil` for a file with something in it.
    private static func stateWithoutPages(_ file: String) -> FileStatus.Kind? {
        guard let status = FileStatus(file) else { return .nothing }
        return status.kind == .file && status.bytes == 0 ? .file : nil
    }

    /// Refuses to write to a file whose log was lost and is kept as a copy: with the first change that copy fits no more.
    ///
    /// - Parameter file: without symbolic links.
    /// - Throws: `cannot_open`.
    static func checkNoLogIsSaved(of file: String) throws(SpanStoreError) {
        let copy = LogCopy.savedName(file)
        guard FileStatus(copy) != nil else { return }
        throw SpanStoreError(
            .cannotOpen,
            "\(copy) has what was acknowledged last, when the log of \(file) was removed; end every process that has \(file) "
                + "open and move \(copy) to \(file)-wal, or remove it to go on without")
    }

    /// For about a second.
    private static let linkLooks = 50
    private static let linkPauseMicroseconds: UInt32 = 20_000

    /// Refuses a file that is reached by several names. SQLite finds the log by the name of the file, so each name would have
    /// a log and locks of its own, and what is stored by way of one would be lost by way of the other.
    ///
    /// - Parameters:
    ///   - path: how the user calls it.
    ///   - file: the same without symbolic links.
    /// - Throws: `cannot_open`.
    static func checkHasOneName(_ path: String, file: String) throws(SpanStoreError) {
        var looks = 0
        while let status = FileStatus(file), status.links > 1 {
            // A process that makes the file gives it a second name for a moment, or for longer where it was killed then.
            let left = StoreFileLeftovers.names(beside: file, of: status.identity).count
            let links = FileStatus(file)?.links ?? 1
            if links <= 1 + left { break }
            // So does a program that makes a backup of links first.
            looks += 1
            if looks > linkLooks {
                throw SpanStoreError(
                    .cannotOpen,
                    "\(path) has \(links) names (hard links), and by way of each it would have a log of its own, so that spans "
                        + "would be lost; remove the other names (find / -xdev -samefile \(path) lists them), or copy it (cp) "
                        + "and use the copy")
            }
            usleep(linkPauseMicroseconds)
        }
        guard let table = mountTable(), isMountPoint(file, in: table) else { return }
        throw SpanStoreError(
            .cannotOpen,
            "\(path) is mounted alone, without its folder, so that its log would lie in another place and spans would be lost; "
                + "mount the folder that it is in (docker run -v FOLDER:FOLDER)")
    }

    /// Whether something is mounted at a path.
    ///
    /// - Parameters:
    ///   - file: a path without symbolic links.
    ///   - table: as `/proc/self/mountinfo` is written.
    static func isMountPoint(_ file: String, in table: String) -> Bool {
        // The fifth field, in which blanks and backslashes are written as octal numbers.
        var escaped = ""
        for byte in file.utf8 {
            switch byte {
            case 0x20: escaped += "\\040"
            case 0x09: escaped += "\\011"
            case 0x0A: escaped += "\\012"
            case UInt8(ascii: "\\"): escaped += "\\134"
            default: escaped.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        let bytes = Array(escaped.unicodeScalars.map { UInt8($0.value) })
        return table.utf8.split(separator: UInt8(ascii: "\n")).contains { line in
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            return fields.count > 4 && fields[4].elementsEqual(bytes)
        }
    }

    /// What this process has mounted; `nil` where the system does not tell.
    private static func mountTable() -> String? {
        guard let file = unsafe fopen("/proc/self/mountinfo", "re") else { return nil }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe fread(&part, 1, part.count, file)
            if count == 0 { break }
            bytes += part.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The operating system's words for an error number.
    static func words(_ errorNumber: Int32) -> String {
        guard let text = unsafe strerror(errorNumber) else { return "error \(errorNumber)" }
        return unsafe String(cString: text)
    }
}
