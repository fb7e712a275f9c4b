import SpanSession

/// Files that are to be forced to the disk, outside the lock that guards the spool: it may take long.
package struct SpoolSyncJob: Sendable {
    let files: [any SpoolFile]
    let journal: SpoolJournal
    let storage: any SpoolStorage
    let bytes: Int
    let marks: [(segment: UInt64, end: Int)]

    /// - Throws: `io_failed`, `disk_full`.
    package func perform() throws(SpoolError) {
        for file in files { try file.sync() }
        try journal.sync()
        try storage.sync()
    }
}

// What survives a crash of the machine.
extension SpanSpool {
    /// The moment at which `nextSync` has something to do; `nil` for not at all, or not before the job at hand is done.
    package var syncDeadline: SessionInstant? {
        // What comes during a job is due when that is done: `synced` is the moment to ask again.
        guard unsyncedBytes > 0, !isSyncing else { return nil }
        switch configuration.sync {
        case .never: return nil
        case .interval(let interval): return unsyncedSince.advanced(by: interval)
        case .everyBatch:
            let isDue = isFlushing || unreadSpans >= batching.maxBatchSpans || unsyncedBytes >= batching.maxBatchBytes
            return isDue ? unsyncedSince : unsyncedSince.advanced(by: batching.maxBatchDelay)
        }
    }

    /// Gives the files that are to be synced, if it is time; the ledger with them. Tell by `synced` when it is done.
    package mutating func nextSync(now: SessionInstant) -> SpoolSyncJob? {
        guard let syncDeadline, syncDeadline <= now else { return nil }
        return makeSync()
    }

    /// Gives the files that are to be synced before the spool is closed, time or not; `nil` where nothing is to be
    /// synced.
    package mutating func lastSync() -> SpoolSyncJob? {
        guard configuration.sync != .never, unsyncedBytes > 0 || !unsynced.isEmpty else { return nil }
        return makeSync()
    }

    private mutating func makeSync() -> SpoolSyncJob {
        defer { unsyncedBytes = 0 }
        isSyncing = true
        var files = unsynced.map(\.file)
        var marks: [(segment: UInt64, end: Int)] = []
        for segment in segments where segment.syncedEnd < segment.end { marks.append((segment.number, segment.end)) }
        if let active { files.append(active.file) }
        return SpoolSyncJob(files: files, journal: journal, storage: storage, bytes: unsyncedBytes, marks: marks)
    }

    /// Notes that a job is done, or failed and is due again after a while.
    package mutating func synced(_ job: SpoolSyncJob, _ error: SpoolError?, now: SessionInstant) {
        isSyncing = false
        if let error {
            problem = error
            if unsyncedBytes == 0 { unsyncedSince = now.advanced(by: .seconds(1)) }
            unsyncedBytes += job.bytes
            return
        }
        for mark in job.marks {
            guard let index = segments.firstIndex(where: { $0.number == mark.segment }) else { continue }
            segments[index].syncedEnd = max(segments[index].syncedEnd, mark.end)
            if segments[index].syncedEnd >= segments[index].end { unsynced.removeAll { $0.segment == mark.segment } }
        }
    }
}
