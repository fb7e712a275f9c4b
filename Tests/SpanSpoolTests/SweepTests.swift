import ProtoWire
import SpanModel
import SpanSession
import Testing

@testable import SpanSpool

/// Every byte of every file wrong, and every file cut at every length: what is delivered and what is told as lost are all
/// spans, and something is told if, and only if, a span or its origin is lost.
struct SweepTests {
    /// Some 500 bytes a segment.
    static let configuration = SpanSpoolConfiguration(
        unclamped: 1 << 30, segmentBytes: 500, directory: "", sync: .never, whenFull: .dropNewest)
    static let total = 6

    /// Spans of two origins in two segments, left by a process that ended (`closes`), or was killed.
    func files(closes: Bool, sends: Bool = false) throws -> [String: [UInt8]] {
        let storage = MemoryStorage()
        let process = try Process(storage, Self.configuration)
        for number in 0..<Self.total { _ = try process.append(number, number % 2 == 0 ? shop : cart) }
        if sends { process.numbered(1, try #require(process.takeBatch())) }
        if closes { process.close() }
        let segments = storage.files.keys.filter { Segment.number(of: $0) != nil }
        #expect(segments.count == 2, "\(segments)")
        return storage.files
    }

    /// What became of a spool in which something is wrong.
    struct Outcome {
        var delivered: Set<Int> = []
        /// Of these, without an origin.
        var bare = 0
        var lost = 0
        var report = DeliveryReport()

        var isHurt: Bool { delivered.count < SweepTests.total || bare > 0 }
        var isTold: Bool { lost > 0 || report.spansWithoutResource > 0 || report.uncountedLosses > 0 }
    }

    func outcome(_ files: [String: [UInt8]], _ hint: String) throws -> Outcome {
        let storage = MemoryStorage(files)
        let process = try Process(storage, Self.configuration)
        var outcome = Outcome()
        for batch in process.takeRestored().batches.map(\.batch) + process.takeAll() {
            for resource in try SpanBatch(decoding: batch.payload).resourceSpans {
                for found in resource.scopeSpans.flatMap(\.spans) {
                    let number = Int(found.spanID.value) - 1
                    let service = resource.resource?.attributes.first?.value
                    if service == nil { outcome.bare += 1 }
                    let isRight = found == span(number) && [nil, number % 2 == 0 ? "shop" : "cart"].contains(service)
                    #expect(isRight, "\(hint): span \(number) of \(String(describing: service))")
                    outcome.delivered.insert(number)
                }
            }
        }
        let dropped = process.takeDropped()
        outcome.lost = dropped.reduce(0) { $0 + Int($1.spans) }
        outcome.report = process.report
        #expect(dropped.allSatisfy { $0.reason == "spool_damaged" }, "\(hint)")
        #expect(outcome.report.spansWithoutResource == outcome.bare, "\(hint)")
        #expect(outcome.report.recoveredSpans == outcome.delivered.count + outcome.lost, "\(hint)")
        // What was told is not told again.
        let next = try Process(storage, Self.configuration)
        #expect(next.takeRestored().dropped == dropped, "\(hint)")
        #expect(next.takeDropped().isEmpty, "\(hint)")
        return outcome
    }

    @Test(arguments: [false, true])
    func `a wrong byte anywhere in a spool that was closed is told exactly`(sends: Bool) throws {
        let files = try files(closes: true, sends: sends)
        for (name, whole) in files {
            for place in whole.indices {
                for mask in [UInt8(1) << UInt8(place % 8), 0xFF] {
                    var wrong = files
                    wrong[name]![place] ^= mask
                    let found = try outcome(wrong, "\(name), byte \(place)")
                    #expect(found.delivered.count + found.lost == Self.total, "\(name), byte \(place): \(found)")
                    #expect(found.isTold == found.isHurt, "\(name), byte \(place): \(found)")
                    #expect(found.report.uncountedLosses == 0, "\(name), byte \(place)")
                }
            }
        }
    }

    @Test(arguments: [false, true])
    func `a file of a spool that was closed, cut at any length or gone, is told exactly`(sends: Bool) throws {
        let files = try files(closes: true, sends: sends)
        for (name, whole) in files {
            for count in -1..<whole.count {
                var wrong = files
                wrong[name] = count < 0 ? nil : Array(whole[..<count])
                let found = try outcome(wrong, "\(name), \(count) bytes")
                #expect(found.delivered.count + found.lost == Self.total, "\(name), \(count) bytes: \(found)")
                #expect(found.isTold == found.isHurt, "\(name), \(count) bytes: \(found)")
                #expect(found.report.uncountedLosses == 0, "\(name), \(count) bytes")
            }
        }
    }

    @Test(arguments: [false, true])
    func `both copies of an origin damaged: its spans go without, and no span is called lost`(closes: Bool) throws {
        let files = try files(closes: closes)
        // The one that was written to when the process was killed.
        let number: UInt64 = closes ? 1 : 2
        let name = Segment.name(number)
        let header = SpoolHeader(.segment, sender: bob, number: number)
        var walk = RecordWalk(
            try MemoryStorage(files).open(name, creates: false), seed: header.seed, range: 48..<files[name]!.count)
        var copies: [Range<Int>] = []
        while case .record(let head, let offset, _)? = try walk.next({ _ in false }) {
            if head.kind == Segment.originKind { copies.append(offset..<walk.offset) }
        }
        #expect(copies.count == 4, "\(copies)")
        for start in stride(from: 0, to: copies.count, by: 2) {
            let (first, second) = (copies[start], copies[start + 1])
            for place in first {
                for other in stride(from: second.lowerBound + place % 5, to: second.upperBound, by: 5) {
                    var wrong = files
                    wrong[name]![place] ^= 0x41
                    wrong[name]![other] ^= 0x41
                    let found = try outcome(wrong, "bytes \(place) and \(other)")
                    #expect(found.delivered.count == Self.total && found.lost == 0, "\(place), \(other): \(found)")
                    #expect(found.bare > 0 && found.isTold, "\(place), \(other): \(found)")
                }
            }
            // All of both: it cannot be known, of a spool that was not closed, that no span was there.
            var wrong = files
            for place in first.lowerBound..<second.upperBound { wrong[name]![place] = UInt8(place & 0x3F) }
            let found = try outcome(wrong, "all of both")
            #expect(found.delivered.count == Self.total && found.lost == 0 && found.bare > 0, "\(found)")
            #expect(found.report.uncountedLosses == (closes ? 0 : 1), "\(found)")
        }
    }

    @Test func `of a spool whose process was killed no more is called lost than is, and a short file is told`() throws {
        let files = try files(closes: false)
        for name in [Segment.name(1), Segment.name(2)] {
            for count in 0..<files[name]!.count {
                var wrong = files
                wrong[name] = Array(files[name]![..<count])
                let found = try outcome(wrong, "\(name), \(count) bytes")
                #expect(found.delivered.count + found.lost <= Self.total, "\(name), \(count) bytes: \(found)")
                if count < SpoolHeader.byteCount { #expect(found.isTold, "\(name), \(count) bytes") }
            }
        }
    }

    /// The files as they were written before ledgers told what segments hold (kind 8).
    private func withoutAccounts(_ files: [String: [UInt8]]) throws -> [String: [UInt8]] {
        var older = files
        for name in Ledger.names {
            let whole = try #require(files[name])
            guard case .valid(let header) = SpoolHeader.read(.ledger, Array(whole.prefix(48))) else { continue }
            var writer = WireAppender(capacity: 4096)
            var walk = RecordWalk(
                try MemoryStorage(files).open(name, creates: false), seed: header.seed, range: 48..<whole.count)
            var accounts = 0
            while let step = try walk.next({ _ in true }) {
                guard case .record(let head, _, let body?) = step else { continue }
                if head.kind == 8 {
                    accounts += 1
                    continue
                }
                RecordHead.append(
                    body.rawSpan, kind: head.kind, tag: 0, seed: header.seed, offset: 48 + writer.count, to: &writer)
            }
            older[name] = whole.prefix(48) + writer.byteArray()
            older[name]! += [UInt8](repeating: 0, count: whole.count - older[name]!.count)
            #expect(accounts > 0 || header.number == 1, "\(name)")
        }
        return older
    }

    @Test(arguments: [false, true], [false, true])
    func `a spool whose ledger tells nothing of its segments is sent whole, and nothing is told as lost`(
        closes: Bool, sends: Bool
    ) throws {
        let found = try outcome(try withoutAccounts(try files(closes: closes, sends: sends)), "\(closes) \(sends)")
        #expect(found.delivered.count == Self.total && found.lost == 0 && !found.isTold, "\(found)")
    }

    @Test func `a segment that a crash left without a header is no loss`() throws {
        let storage = MemoryStorage()
        _ = try Process(storage)
        for count in [0, 1, 40, 47] {
            var files = storage.files
            files[Segment.name(1)] = Array(SpoolHeader(.segment, sender: bob, number: 1).bytes[..<count])
            let process = try Process(MemoryStorage(files))
            #expect(process.findings.isEmpty && process.takeDropped().isEmpty, "\(count)")
            #expect(process.report.uncountedLosses == 0, "\(count)")
        }
    }

    @Test func `a segment that nothing can be read of is told, and stays`() throws {
        var files = try files(closes: true)
        for name in Ledger.names { files[name] = nil }
        for name in files.keys { files[name] = Array(files[name]!.prefix(30)) }
        let storage = MemoryStorage(files)
        let process = try Process(storage, newSender: bob)
        #expect(process.report.uncountedLosses == 2 && process.findings.count == 2, "\(process.findings)")
        _ = try process.append(1)
        #expect(storage.files[Segment.name(1)] == files[Segment.name(1)])
        // Nor does a later start take what nobody can read for its own.
        process.close()
        let next = try Process(storage, newSender: bob)
        #expect(next.takeEverything().numbers == [1])
        #expect(next.takeDropped().isEmpty && next.report.uncountedLosses == 2, "\(next.findings)")
        for number in UInt64(1)...2 {
            #expect(storage.files[Segment.name(number)] == files[Segment.name(number)], "\(number)")
        }
    }
}
