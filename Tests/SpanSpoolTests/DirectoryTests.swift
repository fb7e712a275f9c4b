import Foundation
import ProtoWire
import SpanModel
import SpanSession
import Testing

@testable import SpanSpool

/// A spool in a real directory.
struct DirectoryTests {
    func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    static let settings = SpanSpoolConfiguration(directory: "")

    /// Appends spans until one is not taken.
    func append(_ numbers: Range<Int>, _ spool: inout SpanSpool, nameBytes: Int = 8) throws(SpoolError) -> Int {
        var writer = WireAppender()
        for number in numbers {
            let bytes = span(number, nameBytes: nameBytes).encoded()
            let outcome = try spool.append(bytes.rawSpan, origin: shop, writer: &writer, now: .at(.zero))
            if outcome != .taken { return number - numbers.lowerBound }
        }
        return numbers.count
    }

    func takeAll(_ spool: inout SpanSpool) throws -> [Int] {
        var found: [Int] = []
        while let read = spool.nextRead(now: .at(.seconds(10))) {
            if let batch = spool.finish(try read.perform(), now: .at(.seconds(10))) { found += numbers(batch) }
        }
        return found
    }

    func open(_ folder: String) throws(SpoolError) -> SpanSpool {
        try SpanSpool.open(
            in: try DirectoryStorage(folder), Self.settings, batching: SpanQueueLimits(maxBatchDelay: .zero),
            newSender: bob)
    }

    @Test func `spans survive in a directory, which is the user's alone`() throws {
        try withFolder { folder in
            do {
                var spool = try open(folder)
                #expect(try append(0..<100, &spool) == 100)
            }
            var spool = try open(folder)
            let found = try takeAll(&spool)
            #expect(found == Array(0..<100))
            let attributes = try FileManager.default.attributesOfItem(atPath: folder)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let file = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
                #expect(file[.posixPermissions] as? Int == 0o600, "\(name)")
            }
        }
    }

    @Test func `a directory is one spool's at a time`() throws {
        try withFolder { folder in
            do {
                let spool = try open(folder)
                do throws(SpoolError) {
                    _ = try open(folder)
                    Issue.record("two spools have one directory")
                } catch {
                    #expect(error.code == .inUse)
                    #expect(error.message.contains("(process \(getpid()))"))
                    #expect(error.message.contains("a directory of its own"))
                }
                _ = spool.sender
            }
            _ = try open(folder)
        }
    }

    @Test func `a spool that is released may be opened, though a read of the one before is under way`() throws {
        try withFolder { folder in
            var first = try open(folder)
            #expect(try append(0..<10, &first) == 10)
            let next = first.nextRead(now: .at(.seconds(1)))
            let read = try #require(next)
            first.close()
            #expect(throws: SpoolError.self) { _ = try open(folder) }
            first.release()
            var second = try open(folder)
            _ = try read.perform()
            let found = try takeAll(&second)
            #expect(found == Array(0..<10))
            // And what the first one held does not unlock the second's when it goes.
            _ = consume first
            _ = consume read
            #expect(throws: SpoolError.self) { _ = try open(folder) }
        }
    }

    @Test func `a directory that cannot be made is an error in words`() throws {
        for path in ["", "/nowhere/at/all", "/dev/null/spool"] {
            do throws(SpoolError) {
                _ = try open(path)
                Issue.record("\(path) was opened")
            } catch {
                #expect(error.code == .cannotOpen)
            }
        }
    }

    @Test func `a forked child cannot write into its parent's spool`() throws {
        #if canImport(Glibc)
            try withFolder { folder in
                var spool = try open(folder)
                #expect(try append(0..<1, &spool) == 1)
                // Swift hides `fork`; the child does nothing but what this test is about, and leaves.
                typealias Fork = @convention(c) () -> pid_t
                let symbol = unsafe dlsym(nil, "fork")
                let fork = unsafe unsafeBitCast(symbol, to: Fork.self)
                let file = try DirectoryStorageProbe.file(in: folder)
                let child = fork()
                if child == 0 {
                    do throws(SpoolError) {
                        try file.write([1, 2, 3].rawSpan, at: 0)
                        _exit(1)
                    } catch {
                        _exit(error.code == .forked ? 0 : 2)
                    }
                }
                var status: Int32 = -1
                unsafe waitpid(child, &status, 0)
                #expect(status == 0)
                #expect(try append(1..<2, &spool) == 1)
                let found = try takeAll(&spool)
                #expect(found == [0, 1])
            }
        #endif
    }

    /// Mounts a tmpfs of 256 KiB.
    ///
    /// - Returns: `false` where that is not permitted.
    static func smallDisk(_ folder: String) throws -> Bool {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        #if os(Linux)
            return unsafe mount("tmpfs", folder, "tmpfs", 0, "size=256k") == 0
        #else
            return false
        #endif
    }

    /// Whether this user may mount: mostly root alone.
    static let canMount: Bool = {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        guard (try? smallDisk(folder)) == true else { return false }
        #if os(Linux)
            unsafe umount2(folder, Int32(MNT_DETACH))
        #endif
        return true
    }()

    @Test(.enabled(if: canMount, "a small disk takes the right to mount"))
    func `a full disk takes nothing more, loses nothing, and is used again when there is room`() throws {
        #if os(Linux)
            try withFolder { folder in
                try #require(try Self.smallDisk(folder))
                defer { unsafe umount2(folder, Int32(MNT_DETACH)) }
                var spool = try open(folder + "/spool")
                var taken: [Int] = []
                var writer = WireAppender()
                var failure: SpoolError?
                for number in 0..<1000 where failure == nil {
                    let bytes = span(number, nameBytes: 1000).encoded()
                    do throws(SpoolError) {
                        _ = try spool.append(bytes.rawSpan, origin: shop, writer: &writer, now: .at(.zero))
                        taken.append(number)
                    } catch {
                        failure = error
                    }
                }
                #expect(failure?.code == .diskFull)
                #expect(taken.count > 20 && taken.count < 256)
                // The ledger has its room since it was made.
                guard let read = spool.nextRead(now: .at(.seconds(1))),
                    let batch = spool.finish(try read.perform(), now: .at(.seconds(1)))
                else {
                    Issue.record("no batch")
                    return
                }
                #expect(numbers(batch) == taken)
                spool.numbered(
                    NumberedBatch(
                        sequence: 1, source: .spool, ordinal: batch.ordinal, firstSpan: 0, spanCount: batch.spanCount))
                #expect(spool.takeProblem() == nil)
                #expect(throws: SpoolError.self) { try append(1000..<1001, &spool, nameBytes: 1000) }
                // A spool without room for a new segment goes on once the old one is gone.
                spool.close()
                spool.acknowledged(through: 1)
                spool.settle(
                    BatchReceipt(source: .spool, ordinal: batch.ordinal, spans: batch.spanCount, queuedBytes: 0))
                #expect(spool.takeProblem() == nil)
                #expect(try append(1001..<1011, &spool, nameBytes: 1000) == 10)
                let found = try takeAll(&spool)
                #expect(found == Array(1001..<1011))
            }
        #endif
    }
}

enum DirectoryStorageProbe {
    /// A file of a spool that another object has locked.
    static func file(in folder: String) throws(SpoolError) -> DirectoryFile {
        let path = "\(folder)/\(Segment.name(1))"
        let descriptor = unsafe Foundation.open(path, O_RDWR)
        return DirectoryFile(descriptor, path: path, forks: ForkCount.current)
    }
}
