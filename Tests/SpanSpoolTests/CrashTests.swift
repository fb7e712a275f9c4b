import SpanModel
import SpanSession
import Testing

@testable import SpanSpool

/// A process dies between any two of its writes, and within each.
struct CrashTests {
    /// What was so after a number of operations.
    struct Moment {
        var operations: Int
        var appended: Set<Int> = []
        /// Those for which a receipt was given: stored or given up.
        var settled: Set<Int> = []
        /// Numbers in force, with their spans and drop counts.
        var numbered: [UInt64: ([Int], UInt64)] = [:]
        /// All drops that were known.
        var dropped: UInt64 = 0
        /// Those told under a number that is stored.
        var told: UInt64 = 0
    }

    /// A life with everything in it: full segments, a split, drops, acks, ledgers that take turns.
    final class Life {
        let storage = MemoryStorage()
        let process: Process
        var now = Moment(operations: 0)
        var moments: [Moment] = []
        var sequence: UInt64 = 0
        var next = 0
        var segmentOf: [Int: UInt64] = [:]

        init() throws {
            process = try Process(storage, smallSegments(.dropOldest))
            mark()
        }

        func mark() {
            now.operations = storage.operationCount
            moments.append(now)
        }

        func append(_ count: Int, nameBytes: Int = 8) throws {
            for _ in 0..<count {
                let before = process.report.droppedSpans
                guard try process.append(next, next % 3 == 0 ? cart : shop, nameBytes: nameBytes) == .taken else {
                    continue
                }
                now.appended.insert(next)
                segmentOf[next] = process.spool.segments.last?.number
                let given = process.report.droppedSpans - before
                if given > 0 {
                    let present = Set(process.spool.segments.map(\.number))
                    let gone = segmentOf.filter { !present.contains($0.value) }.map(\.key)
                    let lost = Set(gone).subtracting(now.settled)
                    #expect(lost.count == given)
                    now.settled.formUnion(lost)
                    now.dropped += UInt64(given)
                }
                next += 1
                mark()
            }
        }

        func send(_ batch: EncodedBatch, _ run: Range<Int>? = nil, dropped: UInt64 = 0) {
            sequence += 1
            let order = numbers(batch)
            process.numbered(
                sequence, batch, run,
                dropped: dropped == 0 ? [] : [DropCount(reason: "queue_full", spans: dropped)])
            now.numbered[sequence] = (Array(order[run ?? 0..<order.count]), dropped)
            mark()
        }

        func acknowledge(_ batch: EncodedBatch, _ run: Range<Int>? = nil, through sequence: UInt64) {
            for (number, entry) in now.numbered where number <= sequence {
                now.settled.formUnion(entry.0)
                now.told += entry.1
                now.numbered[number] = nil
            }
            process.acknowledged(through: sequence)
            mark()
            process.settle(batch, run)
            mark()
        }

        func drop(_ spans: UInt64) {
            process.recordDropped([DropCount(reason: "queue_full", spans: spans)])
            now.dropped += spans
            mark()
        }

        func run() throws {
            try append(7)
            drop(5)
            let first = try #require(process.takeBatch())
            send(first, dropped: 5)
            let second = try #require(process.takeBatch())
            send(second)
            acknowledge(first, through: 1)
            drop(2)
            // A collector with smaller frames takes the second batch in parts.
            process.unnumbered(2)
            now.numbered[2] = nil
            mark()
            try append(3)
            send(second, 0..<1, dropped: 2)
            let third = try #require(process.takeBatch())
            send(third)
            now.settled.insert(numbers(second)[1])
            now.dropped += 1
            process.settle(second, 1..<2, .spanTooLarge)
            mark()
            send(second, 2..<3)
            acknowledge(second, 0..<1, through: 3)
            acknowledge(third, through: 4)
            acknowledge(second, 2..<3, through: 5)
            for _ in 0..<8 {
                try append(8, nameBytes: 200)
                while let batch = process.takeBatch() {
                    send(batch)
                    acknowledge(batch, through: sequence)
                }
            }
            try append(2)
            send(try #require(process.takeBatch()))
            try append(80, nameBytes: 200)
            #expect(process.report.droppedSpans > 1)
        }
    }

    @Test func `whatever was taken and not settled is there after a crash at any place`() throws {
        let life = try Life()
        try life.run()
        let operations = life.storage.operations
        #expect(operations.count > 200)
        #expect(operations.contains { if case .remove = $0 { true } else { false } })
        for count in 0...operations.count {
            let before = life.moments.last { $0.operations <= count } ?? Moment(operations: 0)
            let after = life.moments.first { $0.operations > count } ?? life.moments[life.moments.count - 1]
            let next = count < operations.count ? operations[count] : nil
            var cuts = [0]
            if case .write(_, _, let bytes)? = next { cuts = Array(Set([0, 1, 15, 16, bytes.count - 1])) }
            for cut in cuts {
                let storage = MemoryStorage(replaying: operations[..<count], partly: next, bytes: max(cut, 0))
                try check(storage, before, after, "crash at \(count)+\(cut)")
            }
        }
    }

    private func check(_ storage: MemoryStorage, _ before: Moment, _ after: Moment, _ hint: String) throws {
        let process = try Process(storage)
        let (restored, untold) = process.takeRestored()
        let batches = restored.map(\.batch) + process.takeAll()
        let found = batches.flatMap { numbers($0) }
        #expect(Set(found).count == found.count, "\(hint): twice")
        // What happens between two moments may be done or not.
        let must = before.appended.subtracting(after.settled)
        let may = after.appended.subtracting(before.settled)
        #expect(must.isSubset(of: found), "\(hint): lost \(must.subtracting(found))")
        #expect(may.isSuperset(of: found), "\(hint): came back \(Set(found).subtracting(may))")
        let numbered = restored.filter { $0.sequence != 0 }
        #expect(numbered.map(\.sequence) == numbered.map(\.sequence).sorted(), "\(hint)")
        for entry in numbered {
            let then = try #require(before.numbered[entry.sequence] ?? after.numbered[entry.sequence], "\(hint)")
            #expect(numbers(entry.batch) == then.0, "\(hint): number \(entry.sequence)")
            #expect(entry.dropped.reduce(0) { $0 + $1.spans } == then.1, "\(hint): number \(entry.sequence)")
        }
        for sequence in before.numbered.keys where after.numbered[sequence] != nil {
            #expect(numbered.contains { $0.sequence == sequence }, "\(hint): number \(sequence) is forgotten")
        }
        let known = (untold + numbered.flatMap(\.dropped)).reduce(0) { $0 + $1.spans }
        let (least, most) = (before.dropped - min(after.told, before.dropped), after.dropped - before.told)
        #expect((least...most).contains(known), "\(hint): \(known) drops are known, not \(least)...\(most)")
        #expect(process.takeDropped().isEmpty, "\(hint)")
    }
}
