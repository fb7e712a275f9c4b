import NIOCore
import SpanSession
import Testing

@testable import SpanTransport

@Suite struct ReceiveBudgetTests {
    private typealias Holding = ReceiveBudget.Holding

    private static func id(_ number: UInt64) -> ConnectionID { ConnectionID(rawValue: number) }
    private static let start = NIODeadline.uptimeNanoseconds(1)

    private static func partial(_ bytes: Int) -> Holding { Holding(unreadBytes: bytes, isInsideFrame: true) }

    @Test("below the limit everybody reads; above it nobody, until the store has answered")
    func limit() {
        let budget = ReceiveBudget(limit: 100)
        budget.storeTakes(90)
        #expect(budget.update(Self.id(1), Holding(), now: Self.start) == .init(mayRead: true))
        #expect(budget.update(Self.id(2), Self.partial(15), now: Self.start) == .init(mayRead: false))
        #expect(budget.update(Self.id(1), Holding(), now: Self.start) == .init(mayRead: false))
        #expect(budget.heldBytes == 105)
        #expect(budget.storeAnswered(4, now: Self.start) == [])
        #expect(budget.storeAnswered(1, now: Self.start) == [Self.id(2), Self.id(1)])
        #expect(budget.storeAnswered(85, now: Self.start) == [])
    }

    @Test("parts of frames that fill the limit are completed in turns, the longest wait first")
    func turns() {
        let budget = ReceiveBudget(limit: 100)
        #expect(budget.update(Self.id(1), Self.partial(60), now: Self.start).mayRead)
        // The second exceeds the limit; nothing is at the store, so it is its turn at once.
        #expect(budget.update(Self.id(2), Self.partial(60), now: Self.start) == .init(mayRead: true))
        #expect(budget.update(Self.id(1), Self.partial(61), now: Self.start) == .init(mayRead: false))
        #expect(budget.update(Self.id(3), Holding(), now: Self.start) == .init(mayRead: false))
        #expect(budget.update(Self.id(2), Self.partial(300), now: Self.start) == .init(mayRead: true))
        // Its frame is complete and with the store: no other turn before the store has answered.
        budget.storeTakes(300)
        #expect(budget.update(Self.id(2), Holding(), now: Self.start) == .init(mayRead: false))
        #expect(budget.storeAnswered(300, now: Self.start) == [Self.id(1), Self.id(3), Self.id(2)])
    }

    @Test("who does not get done in its turn is found out, and the next one's turn comes")
    func tooSlow() {
        let budget = ReceiveBudget(limit: 100, turnLength: .seconds(30))
        _ = budget.update(Self.id(1), Self.partial(60), now: Self.start)
        #expect(budget.update(Self.id(2), Self.partial(60), now: Self.start).mayRead)
        #expect(!budget.update(Self.id(1), Self.partial(60), now: Self.start).mayRead)
        let soon = Self.start + .seconds(29)
        #expect(budget.update(Self.id(2), Self.partial(61), now: soon) == .init(mayRead: true))
        let late = Self.start + .seconds(30)
        let verdict = budget.update(Self.id(2), Self.partial(62), now: late)
        #expect(verdict == .init(mayRead: false, isTooSlow: true, wakes: [Self.id(1)]))
        #expect(budget.remove(Self.id(2), now: late) == [])
        #expect(budget.heldBytes == 60)
    }

    @Test("no turn comes to, or stays with, who takes no answers and so is not read")
    func answersStuck() {
        let budget = ReceiveBudget(limit: 100)
        let stuck = Holding(unreadBytes: 60, isInsideFrame: true, couldRead: false)
        #expect(budget.update(Self.id(1), stuck, now: Self.start).mayRead)
        #expect(budget.update(Self.id(2), Self.partial(60), now: Self.start).mayRead)
        #expect(!budget.update(Self.id(1), stuck, now: Self.start).mayRead)
        #expect(!budget.update(Self.id(3), Self.partial(10), now: Self.start).mayRead)
        // The turn was the second's, and goes on to the third, past the first.
        let verdict = budget.update(
            Self.id(2), Holding(unreadBytes: 60, isInsideFrame: true, couldRead: false), now: Self.start)
        #expect(verdict == .init(mayRead: false, wakes: [Self.id(3)]))
    }

    @Test("with one who does not get done in its turn, as many go as leave room", arguments: [true, false])
    func manyTooSlow(isSilent: Bool) {
        let budget = ReceiveBudget(limit: 100, turnLength: .seconds(30))
        // A hundred parts of two bytes: turn by turn they would take half an hour to be found out.
        for number in 1...50 { _ = budget.update(Self.id(UInt64(number)), Self.partial(2), now: Self.start) }
        for number in 51...100 {
            let verdict = budget.update(Self.id(UInt64(number)), Self.partial(2), now: Self.start)
            #expect(verdict.mayRead == (number == 51))
        }
        let late = Self.start + .seconds(30)
        let woken: [ConnectionID]
        if isSilent {
            woken = budget.remove(Self.id(51), now: late)
        } else {
            let verdict = budget.update(Self.id(51), Self.partial(3), now: late)
            #expect(verdict.isTooSlow)
            woken = verdict.wakes + budget.remove(Self.id(51), now: late)
        }
        var gone = 0
        for id in woken {
            guard budget.update(id, Self.partial(2), now: late).isTooSlow else { continue }
            _ = budget.remove(id, now: late)
            gone += 1
        }
        // 50 more are not read at all, and their own sessions find them out.
        #expect(gone == 49)
        #expect(budget.heldBytes == 100)
        #expect(budget.update(Self.id(200), Holding(), now: late).mayRead)
    }

    @Test("a connection that goes frees what it held, and its turn")
    func remove() {
        let budget = ReceiveBudget(limit: 100)
        _ = budget.update(Self.id(1), Self.partial(60), now: Self.start)
        _ = budget.update(Self.id(2), Self.partial(60), now: Self.start)
        #expect(!budget.update(Self.id(1), Self.partial(60), now: Self.start).mayRead)
        #expect(budget.remove(Self.id(2), now: Self.start) == [Self.id(1)])
        #expect(budget.remove(Self.id(2), now: Self.start) == [])
        #expect(budget.heldBytes == 60)
    }

    @Test(
        "however connections come, go, begin and complete frames, all get done, and no more is over than a frame and what each reads at once"
    )
    func random() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix64(seed: seed)
        let (limit, frame) = (1000, 700)
        let budget = ReceiveBudget(limit: limit)
        var holdings = (0..<20).map { _ in Holding() }
        var mayRead = [Bool](repeating: true, count: 20)
        var completed = [Int](repeating: 0, count: 20)
        var atStore = 0
        for step in 0..<20_000 {
            let readers = (0..<20).filter { mayRead[$0] }
            guard !readers.isEmpty || atStore > 0 else {
                Issue.record("SEED=\(seed): nobody can go on at step \(step)")
                return
            }
            if let number = readers.randomElement(using: &generator), Bool.random(using: &generator) || atStore == 0 {
                holdings[number].unreadBytes += Int.random(in: 1...100, using: &generator)
                holdings[number].isInsideFrame = true
                if holdings[number].unreadBytes >= frame {
                    budget.storeTakes(frame)
                    atStore += 1
                    holdings[number] = Holding()
                    completed[number] += 1
                }
                let verdict = budget.update(Self.id(UInt64(number)), holdings[number], now: Self.start)
                mayRead[number] = verdict.mayRead
                for other in verdict.wakes { mayRead[Int(other.rawValue)] = true }
            } else if atStore > 0 {
                atStore -= 1
                for other in budget.storeAnswered(frame, now: Self.start) { mayRead[Int(other.rawValue)] = true }
            }
            if budget.heldBytes > limit + frame + 20 * 100 {
                Issue.record("SEED=\(seed): \(budget.heldBytes) bytes are held at step \(step)")
                return
            }
        }
        #expect(completed.allSatisfy { $0 > 0 }, "SEED=\(seed): \(completed)")
    }
}
