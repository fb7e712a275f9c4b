import Synchronization

/// Why files are looked at again.
package enum ReloadOccasion: Sendable {
    /// Somebody asked for it: they are read.
    case asked
    /// Time has passed: they are read if they have changed.
    case poll
}

/// The outcome of looking at files again.
package enum ReloadOutcome: Sendable {
    /// They were not read.
    case unchanged
    /// They were read and are in use; what it says, for a log.
    case reloaded(String)
    /// They cannot be used; what was read before stays in use.
    case failed(TransportError)
}

/// A value that is read from files, and anew when they change; the last good one stays in use until then.
package final class FileBacked<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var watch: FileWatch
    }

    private let paths: [String]
    private let load: @Sendable (_ current: Value?) throws(TransportError) -> Value
    private let state: Mutex<State>

    /// Reads for the first time. Blocks for as long as that takes, as every reload does.
    ///
    /// - Parameters:
    ///   - paths: what is looked at for changes.
    ///   - load: makes the value, and is handed the one in use, `nil` for the first.
    /// - Throws: what `load` does.
    package init(
        paths: [String], load: @escaping @Sendable (_ current: Value?) throws(TransportError) -> Value
    ) throws(TransportError) {
        self.paths = paths
        self.load = load
        // Before the value: what changes while it is read is read again.
        let watch = FileWatch(stamps: paths.map(FileStamp.init))
        state = Mutex(State(value: try load(nil), watch: watch))
    }

    /// The value in use.
    package var value: Value { state.withLock(\.value) }

    /// Reads the files again, if there is reason to.
    ///
    /// - Parameter words: what to say of the new value.
    package func reload(_ occasion: ReloadOccasion, words: (Value) -> String) -> ReloadOutcome {
        let stamps = paths.map(FileStamp.init)
        let current = state.withLock { state -> Value? in
            switch occasion {
            case .asked: state.watch.read(stamps)
            case .poll: guard state.watch.polled(stamps) else { return nil }
            }
            return state.value
        }
        guard let current else { return .unchanged }
        do throws(TransportError) {
            let value = try load(current)
            state.withLock { $0.value = value }
            return .reloaded(words(value))
        } catch {
            return .failed(error)
        }
    }
}

/// The rule by which files that are looked at now and then are read again.
///
/// A certificate and its key are two files, and whoever replaces them does so one after the other: a change counts when
/// two looks in a row find the same. Files that could not be used are read once, not at every look.
struct FileWatch: Sendable {
    /// The files' stamps when they were read.
    private var stamps: [FileStamp]
    /// The files' stamps at the last look, where those were different.
    private var changed: [FileStamp]?

    init(stamps: [FileStamp]) { self.stamps = stamps }

    /// - Returns: whether they are to be read, which then counts as done.
    mutating func polled(_ now: [FileStamp]) -> Bool {
        guard now != stamps else {
            changed = nil
            return false
        }
        guard now == changed else {
            changed = now
            return false
        }
        read(now)
        return true
    }

    /// They are read for another reason.
    mutating func read(_ now: [FileStamp]) {
        stamps = now
        changed = nil
    }
}
