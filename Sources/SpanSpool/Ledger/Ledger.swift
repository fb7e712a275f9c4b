import ProtoWire
import SpanModel
import SpanSession

/// The record of the numbers of a spool's batches, in two files that take turns: one is in force and grows, and when
/// it is full the other is written anew, in the shortest form, and is in force from when its header is written.
///
/// Both have their size from the start, so that a full disk does not keep the ledger from being written.
struct Ledger: Sendable {
    private let storage: any SpoolStorage
    private(set) var sender: SenderID
    private(set) var state = LedgerState()
    /// The size of either file at first.
    private let fileBytes: Int
    private var files: [any SpoolFile] = []
    private var current = 0
    private var generation: UInt64 = 0
    private var seed: UInt32 = 0
    private var end = 0
    private var capacity = 0
    /// A record could not be written: the next writes all of the state.
    private var needsRewrite = false
    /// The files were removed, for what is not in them makes them say what is wrong.
    private var isGone = false

    static let names = ["ledger.0", "ledger.1"]

    /// The state that was found.
    struct Found: Sendable {
        var header: SpoolHeader?
        var state = LedgerState()
        /// Something in it cannot be relied upon.
        var isDamaged = false
        var current = 0
    }

    /// Reads the files and changes nothing.
    ///
    /// - Throws: `unknown_version`, `io_failed`.
    static func find(in storage: any SpoolStorage, names present: Set<String>) throws(SpoolError) -> Found {
        var found = Found()
        var damaged: [Int] = []
        for (index, name) in names.enumerated() where present.contains(name) {
            let bytes = try storage.open(name, creates: false).read(at: 0, upTo: SpoolHeader.byteCount)
            switch SpoolHeader.read(.ledger, bytes) {
            case .unknownVersion(let version): throw unknownVersion("\(storage.place)/\(name)", version)
            case .damaged:
                // A file that was never in force has nothing but zeros there.
                if bytes.contains(where: { $0 != 0 }) { damaged.append(index) }
            case .valid(let header):
                guard header.number > found.header?.number ?? 0 else { continue }
                found.header = header
                found.current = index
            }
        }
        guard let header = found.header else {
            found.isDamaged = !damaged.isEmpty
            return found
        }
        let content = try read(storage, found.current, header)
        (found.state, found.isDamaged) = (content.state, content.isDamaged)
        // A damaged header is that of the generation before, or of the one behind, in force or about to be: then the records
        // show it, and say at least as much.
        let next = SpoolHeader(.ledger, sender: header.sender, number: header.number + 1)
        for index in damaged {
            let content = try read(storage, index, next)
            guard content.isWhole else { continue }
            found = Found(header: next, state: content.state, isDamaged: content.isDamaged, current: index)
        }
        return found
    }

    /// - Returns: `isWhole`: all of the state is there with which the file began. A record that is damaged at the end
    ///   was never finished; one in the middle may have said anything, so that none can be relied upon.
    private static func read(
        _ storage: any SpoolStorage, _ index: Int, _ header: SpoolHeader
    ) throws(SpoolError) -> (state: LedgerState, isDamaged: Bool, isWhole: Bool) {
        let file = try storage.open(names[index], creates: false)
        let end = max(try file.size(), SpoolHeader.byteCount)
        var state = LedgerState()
        var (isDamaged, isWhole, isDoubtful) = (false, false, false)
        var walk = RecordWalk(file, seed: header.seed, range: SpoolHeader.byteCount..<end)
        while let step = try walk.next({ _ in true }) {
            guard case .record(let head, _, let body?) = step else {
                isDoubtful = true
                continue
            }
            isDamaged = isDamaged || isDoubtful
            guard let record = LedgerRecord(kind: head.kind, body: body) else {
                isDamaged = true
                continue
            }
            if case .position = record { isWhole = true }
            state.apply(record)
        }
        return (state, isDamaged, isWhole)
    }

    /// Goes on with what was found; the file that was not in force is written at once and is.
    init(_ storage: any SpoolStorage, _ found: Found, sender: SenderID, fileBytes: Int) throws(SpoolError) {
        self.storage = storage
        self.sender = sender
        self.fileBytes = fileBytes
        state = found.isDamaged ? found.state.withoutNumbers : found.state
        current = found.current
        generation = found.header?.number ?? 0
        files = try Ledger.files(in: storage, bytes: fileBytes)
        try rewrite()
        // A second damaged header would take the trust from the next ones.
        if found.isDamaged { try rewrite() }
    }

    private static func files(
        in storage: any SpoolStorage, bytes: Int
    ) throws(SpoolError) -> [any SpoolFile] {
        var files: [any SpoolFile] = []
        for name in names {
            let file = try storage.open(name, creates: true)
            let size = try file.size()
            if size < bytes {
                let zeros = [UInt8](repeating: 0, count: bytes - size)
                try file.write(zeros.rawSpan, at: size)
            }
            files.append(file)
        }
        return files
    }

    /// Changes the state, and writes the records down.
    ///
    /// - Throws: what the files throw; the state is changed all the same, and written with the next records.
    mutating func write(_ records: [LedgerRecord]) throws(SpoolError) {
        do throws(SpoolError) {
            try writeDown(records)
        } catch {
            // A number that is skipped, and not known to be: were a later one stored, the next process would take the spans
            // of this one for stored as well. Without a ledger it sends all that is there anew.
            if records.contains(where: { if case .unnumbered = $0 { true } else { false } }) {
                for name in Ledger.names { try? storage.remove(name) }
                isGone = true
            }
            throw error
        }
    }

    private mutating func writeDown(_ records: [LedgerRecord]) throws(SpoolError) {
        for record in records { state.apply(record) }
        var writer = WireAppender(capacity: 256)
        Ledger.append(records, seed: seed, offset: end, to: &writer)
        if needsRewrite || end + writer.count > capacity { return try rewrite() }
        do throws(SpoolError) {
            try files[current].write(writer.bytes, at: end)
            end += writer.count
        } catch {
            needsRewrite = true
            throw error
        }
    }

    /// The file in force.
    var file: any SpoolFile { files[current] }

    /// Writes records like `write`, but changes the state only if they could be written.
    mutating func writeOrLeave(_ records: [LedgerRecord]) throws(SpoolError) {
        let before = state
        do throws(SpoolError) {
            try write(records)
        } catch {
            // Whatever of them stands in the file, the next write goes to the other one.
            state = before
            throw error
        }
    }

    private mutating func rewrite() throws(SpoolError) {
        needsRewrite = true
        if isGone {
            files = try Ledger.files(in: storage, bytes: fileBytes)
            isGone = false
        }
        let other = 1 - current
        let header = SpoolHeader(.ledger, sender: sender, number: generation + 1)
        var writer = WireAppender(capacity: 4096)
        Ledger.append(state.records, seed: header.seed, offset: SpoolHeader.byteCount, to: &writer)
        try files[other].write(writer.bytes, at: SpoolHeader.byteCount)
        try files[other].write(header.bytes.rawSpan, at: 0)
        current = other
        generation += 1
        seed = header.seed
        end = SpoolHeader.byteCount + writer.count
        // A state that fills its file would be written anew with every record.
        capacity = max(fileBytes, 2 * end)
        needsRewrite = false
    }

    private static func append(
        _ records: [LedgerRecord], seed: UInt32, offset: Int, to writer: inout WireAppender
    ) {
        for record in records {
            RecordHead.append(
                record.body.rawSpan, kind: record.kind, tag: 0, seed: seed, offset: offset + writer.count, to: &writer)
        }
    }

    static func unknownVersion(_ path: String, _ version: UInt32) -> SpoolError {
        SpoolError(
            .unknownVersion,
            "\(path) has version \(version), this program knows version \(SpoolHeader.version); use the program that wrote "
                + "it, or name another directory")
    }
}
