import ProtoWire
import Synchronization

@testable import SpanSpool

/// A spool's files in memory, with all that was done to them, so that a crash can be put anywhere.
final class MemoryStorage: SpoolStorage {
    /// One change.
    enum Operation: Sendable {
        case create(String)
        case write(String, at: Int, [UInt8])
        case truncate(String, Int)
        case remove(String)
    }

    struct State: Sendable {
        var files: [String: [UInt8]] = [:]
        var operations: [Operation] = []
        /// Thrown by every change; a write leaves so many of its bytes first.
        var failure: (error: SpoolError, bytes: Int)?
        /// What all files together may have.
        var room = Int.max
        var syncs = 0
    }

    let state = Mutex(State())
    let place = "memory"

    init(_ files: [String: [UInt8]] = [:]) { state.withLock { $0.files = files } }

    /// What a process finds after one that did these operations, and so many bytes of the next write.
    init(replaying operations: ArraySlice<Operation>, partly next: Operation? = nil, bytes: Int = 0) {
        state.withLock { state in
            for operation in operations { state.apply(operation) }
            if case .write(let name, let offset, let content)? = next {
                state.apply(.write(name, at: offset, Array(content.prefix(bytes))))
            }
            state.operations = []
        }
    }

    /// As a process leaves it that dies after so many operations of all.
    func rewind(to count: Int) {
        state.withLock { state in
            let done = state.operations.prefix(count)
            (state.files, state.operations) = ([:], [])
            for operation in done { state.apply(operation) }
        }
    }

    var files: [String: [UInt8]] { state.withLock(\.files) }
    var operationCount: Int { state.withLock(\.operations.count) }
    var operations: [Operation] { state.withLock(\.operations) }

    /// Changes fail from now on, writes after so many bytes; `nil` ends that.
    func fail(_ code: SpoolError.Code?, after bytes: Int = 0) {
        state.withLock { $0.failure = code.map { (SpoolError($0, "as the test wants it"), bytes) } }
    }

    var syncs: Int { state.withLock(\.syncs) }

    func names() throws(SpoolError) -> [String] { state.withLock { Array($0.files.keys) } }

    func open(_ name: String, creates: Bool) throws(SpoolError) -> any SpoolFile {
        let failure = state.withLock { state -> SpoolError? in
            if state.files[name] != nil { return nil }
            guard creates else { return SpoolError(.ioFailed, "no file \(name)") }
            if let failure = state.failure { return failure.error }
            state.apply(.create(name))
            return nil
        }
        if let failure { throw failure }
        return MemoryFile(self, name)
    }

    func remove(_ name: String) throws(SpoolError) { state.withLock { $0.apply(.remove(name)) } }

    func sync() throws(SpoolError) { state.withLock { $0.syncs += 1 } }

    func release() {}
}

extension MemoryStorage.State {
    mutating func apply(_ operation: MemoryStorage.Operation) {
        operations.append(operation)
        switch operation {
        case .create(let name): files[name] = []
        case .write(let name, let offset, let bytes):
            var content = files[name] ?? []
            if content.count < offset + bytes.count {
                content += [UInt8](repeating: 0, count: offset + bytes.count - content.count)
            }
            content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            files[name] = content
        case .truncate(let name, let size): files[name] = Array((files[name] ?? []).prefix(size))
        case .remove(let name): files[name] = nil
        }
    }
}

final class MemoryFile: SpoolFile {
    private let storage: MemoryStorage
    private let name: String

    init(_ storage: MemoryStorage, _ name: String) {
        self.storage = storage
        self.name = name
    }

    func size() throws(SpoolError) -> Int { storage.files[name]?.count ?? 0 }

    func write(_ bytes: borrowing RawSpan, at offset: Int) throws(SpoolError) {
        let copy = [UInt8](copying: bytes)
        let failure = storage.state.withLock { state -> SpoolError? in
            let size = state.files.values.reduce(0) { $0 + $1.count }
            let grows = max(offset + copy.count - (state.files[name]?.count ?? 0), 0)
            if let failure = state.failure {
                state.apply(.write(name, at: offset, Array(copy.prefix(failure.bytes))))
                return failure.error
            }
            if size + grows > state.room { return SpoolError(.diskFull, "no room for \(name)") }
            state.apply(.write(name, at: offset, copy))
            return nil
        }
        if let failure { throw failure }
    }

    func read(at offset: Int, upTo count: Int) throws(SpoolError) -> [UInt8] {
        Array((storage.files[name] ?? []).dropFirst(offset).prefix(count))
    }

    func truncate(to size: Int) throws(SpoolError) {
        let failure = storage.state.withLock { state -> SpoolError? in
            if let failure = state.failure { return failure.error }
            state.apply(.truncate(name, size))
            return nil
        }
        if let failure { throw failure }
    }

    func sync() throws(SpoolError) { storage.state.withLock { $0.syncs += 1 } }
}
