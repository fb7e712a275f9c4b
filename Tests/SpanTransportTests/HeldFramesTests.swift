import NIOCore
import SpanSession
import Testing

@testable import SpanTransport

/// Who may read, who waits and who has to go, with 16 MiB and frames up to 2 MiB: what a limit of 64 MiB on memory gives.
@Suite struct HeldFramesTests {
    typealias Holding = HeldFrames.Holding

    static func id(_ number: UInt64) -> ServerConnectionID { ServerConnectionID(rawValue: number) }
    static let start = NIODeadline.uptimeNanoseconds(1)
    static func at(_ milliseconds: Int64) -> NIODeadline { start + .milliseconds(milliseconds) }
    static func frames() -> HeldFrames { HeldFrames(limit: 16 << 20, maxFrameBytes: 2 << 20) }

    /// A frame of which some has come.
    static func part(_ arrived: Int, of announced: Int, delivered: Int = 0) -> Holding {
        Holding(
            unreadBytes: arrived, isInsideFrame: true, announcedBytes: announced, missingBytes: announced - arrived,
            deliveredBytes: delivered)
    }

    @Test func `while the store is behind nobody reads; its answers let all read again`() {
        var frames = Self.frames()
        frames.storeTakes(17 << 20)
        for number: UInt64 in 1...2 {
            let verdict = frames.update(Self.id(number), Holding(), now: Self.start)
            #expect(verdict == .init(mayRead: false))
        }
        #expect(frames.storeAnswered(1 << 19, now: Self.start) == [])
        #expect(frames.storeAnswered(1 << 19, now: Self.start) == [Self.id(1), Self.id(2)])
        #expect(frames.storeAnswered(1 << 20, now: Self.start) == [])
        #expect(frames.heldBytes == 15 << 20)
    }

    @Test func `whatever parts of frames hold, batches of an eighth of the limit pass on to the store`() {
        var frames = HeldFrames(limit: 1 << 20, maxFrameBytes: 64 << 20)
        for number: UInt64 in 1...3 { _ = frames.update(Self.id(number), Self.part(1, of: 64 << 20), now: Self.start) }
        #expect(frames.heldBytes > 1 << 20)
        frames.storeTakes(1 << 17)
        #expect(frames.update(Self.id(9), Holding(), now: Self.start).mayRead)
        frames.storeTakes(1)
        #expect(!frames.update(Self.id(9), Holding(), now: Self.start).mayRead)
        #expect(frames.storeAnswered(1, now: Self.start) == [Self.id(9)])
    }

    @Test func `sixty with parts of the largest frames hold what they are granted, and everybody else reads on`() {
        var frames = Self.frames()
        var granted: [ServerConnectionID] = []
        for number: UInt64 in 1...60 {
            let verdict = frames.update(Self.id(number), Self.part(2000, of: 2 << 20), now: Self.start)
            #expect(!verdict.isTooSlow)
            #expect(verdict.startsSweep == (number == 2))
            if verdict.mayRead { granted.append(Self.id(number)) }
        }
        #expect(granted == [Self.id(1)])
        // A small frame, one of 1 MiB, and the largest of a connection that has delivered as much before.
        #expect(frames.update(Self.id(100), Self.part(9, of: 60_000), now: Self.start).mayRead)
        #expect(frames.update(Self.id(101), Self.part(9, of: 1 << 20), now: Self.start).mayRead)
        #expect(frames.update(Self.id(102), Self.part(9, of: 2 << 20, delivered: 2 << 20), now: Self.start).mayRead)
        // Not so that of one that has delivered less.
        let less = frames.update(Self.id(103), Self.part(9, of: 2 << 20, delivered: 1 << 20), now: Self.start)
        #expect(!less.mayRead)
    }

    @Test(arguments: [true, false])
    func `who waits is told when the frame before it is complete, or gone`(isComplete: Bool) {
        var frames = Self.frames()
        #expect(frames.update(Self.id(1), Self.part(9, of: 2 << 20), now: Self.start).mayRead)
        #expect(!frames.update(Self.id(2), Self.part(9, of: 2 << 20), now: Self.start).mayRead)
        let woken =
            isComplete
            ? frames.update(Self.id(1), Holding(frame: 1, deliveredBytes: 2 << 20), now: Self.start).wakes
            : frames.remove(Self.id(1), now: Self.start)
        #expect(woken == [Self.id(2)])
        #expect(frames.update(Self.id(2), Self.part(9, of: 2 << 20), now: Self.start).mayRead)
        #expect(frames.remove(Self.id(2), now: Self.start) == [])
        #expect(frames.remove(Self.id(1), now: Self.start) == [] && frames.heldBytes == 0)
    }

    @Test func `the next frame of the same length, begun in the same read, is another one and waits its turn`() {
        var frames = Self.frames()
        #expect(frames.update(Self.id(1), Self.part(9, of: 2 << 20), now: Self.start).mayRead)
        #expect(!frames.update(Self.id(2), Self.part(9, of: 2 << 20), now: Self.start).mayRead)
        var next = Self.part(9, of: 2 << 20)
        next.frame = 1
        let verdict = frames.update(Self.id(1), next, now: Self.start)
        #expect(!verdict.mayRead && verdict.wakes == [Self.id(2)])
    }

    @Test(arguments: [0, 1])
    func `a frame that stops short is late two seconds on, however it trickles`(trickle: Int) {
        var frames = Self.frames()
        _ = frames.update(Self.id(1), Self.part(9, of: 2 << 20), now: Self.at(0))
        _ = frames.update(Self.id(1), Self.part((2 << 20) - 100, of: 2 << 20), now: Self.at(100))
        _ = frames.update(Self.id(2), Self.part(9, of: 2 << 20), now: Self.at(100))
        var arrived = (2 << 20) - 100
        for moment in stride(from: Int64(150), through: 2050, by: 50) {
            arrived += trickle
            let verdict = frames.update(Self.id(1), Self.part(arrived, of: 2 << 20), now: Self.at(moment))
            #expect(verdict.mayRead && !verdict.isTooSlow)
            let swept = frames.sweep(now: Self.at(moment))
            #expect(swept.wakes == [] && swept.goesOn)
        }
        #expect(frames.sweep(now: Self.at(2101)).wakes == [Self.id(1)])
        #expect(frames.update(Self.id(1), Self.part(arrived, of: 2 << 20), now: Self.at(2101)).isTooSlow)
        #expect(frames.remove(Self.id(1), now: Self.at(2101)) == [Self.id(2)])
        #expect(!frames.sweep(now: Self.at(2150)).goesOn)
    }

    @Test func `a frame that comes at 4 Mbit/s gets done though others wait; where nobody waits any speed will do`() {
        var frames = Self.frames()
        _ = frames.update(Self.id(1), Self.part(9, of: 2 << 20), now: Self.at(0))
        #expect(frames.sweep(now: Self.at(60_000)).wakes == [])
        _ = frames.remove(Self.id(1), now: Self.at(60_000))
        _ = frames.update(Self.id(2), Self.part(9, of: 2 << 20), now: Self.at(60_000))
        _ = frames.update(Self.id(3), Self.part(9, of: 2 << 20), now: Self.at(60_000))
        for second in Int64(1)...4 {
            let moment = Self.at(60_000 + second * 1000)
            _ = frames.update(Self.id(2), Self.part(Int(second) * (512 << 10) - 1, of: 2 << 20), now: moment)
            #expect(frames.sweep(now: moment).wakes == [])
        }
    }

    @Test func `the time in which the store is behind is nobody's fault`() {
        var frames = Self.frames()
        _ = frames.update(Self.id(1), Self.part((2 << 20) - 9, of: 2 << 20), now: Self.at(0))
        _ = frames.update(Self.id(2), Self.part(9, of: 2 << 20), now: Self.at(0))
        frames.storeTakes(17 << 20)
        _ = frames.update(Self.id(3), Holding(), now: Self.at(1000))
        #expect(frames.sweep(now: Self.at(30_000)).goesOn)
        #expect(frames.storeAnswered(17 << 20, now: Self.at(30_000)) == [Self.id(3)])
        #expect(frames.sweep(now: Self.at(30_900)).wakes == [])
        #expect(frames.sweep(now: Self.at(31_100)).wakes == [Self.id(1)])
    }

    @Test func `who waits for the store's answers is not late, and has its time anew after them`() {
        var frames = Self.frames()
        var holding = Self.part((2 << 20) - 9, of: 2 << 20)
        holding.waitsForStore = true
        _ = frames.update(Self.id(1), holding, now: Self.at(0))
        _ = frames.update(Self.id(2), Self.part(9, of: 2 << 20), now: Self.at(0))
        #expect(frames.sweep(now: Self.at(9000)).wakes == [])
        holding.waitsForStore = false
        _ = frames.update(Self.id(1), holding, now: Self.at(9000))
        #expect(frames.sweep(now: Self.at(10_900)).wakes == [])
        #expect(frames.sweep(now: Self.at(11_100)).wakes == [Self.id(1)])
    }

    @Test func `small frames over their share: who holds most for longest goes, who has delivered before goes last`() {
        var frames = Self.frames()
        // 3 MiB are theirs: 30 of 64 KiB that have lasted a second, 20 that have delivered, 60 new ones.
        for number: UInt64 in 1...30 {
            _ = frames.update(Self.id(number), Self.part(65_536, of: 65_536 - 9), now: Self.at(0))
        }
        for number: UInt64 in 31...40 {
            _ = frames.update(Self.id(number), Self.part(65_536, of: 65_536 - 9, delivered: 1 << 20), now: Self.at(0))
        }
        var sent: [ServerConnectionID] = []
        for number: UInt64 in 41...50 {
            sent += frames.update(Self.id(number), Self.part(65_536, of: 65_536 - 9), now: Self.at(1000)).wakes
        }
        // Down to three quarters.
        #expect(sent.count == 13)
        #expect(sent.allSatisfy { (1...30).contains($0.rawValue) })
        for id in sent {
            #expect(frames.update(id, Self.part(65_536, of: 65_536 - 9), now: Self.at(1000)).isTooSlow)
            _ = frames.remove(id, now: Self.at(1000))
        }
        #expect(frames.smallBytes <= frames.smallShare)
    }

    @Test func `small frames that come all at once are held to their share and a quarter, however new they are`() {
        var frames = Self.frames()
        _ = frames.update(Self.id(1000), Self.part(4000, of: 8000, delivered: 8000), now: Self.at(1))
        for number: UInt64 in 1...600 {
            let now = Self.at(1) + .microseconds(Int64(number) * 200)
            for id in frames.update(Self.id(number), Self.part(60_000, of: 60_100), now: now).wakes {
                #expect(id != Self.id(1000))
                _ = frames.remove(id, now: now)
            }
            // And what comes between two looks, fifty of these.
            #expect(frames.smallBytes <= frames.smallShare * 5 / 4 + 51 * 60_000)
        }
    }

    @Test func `strangers fill their share alone, whoever else there is`() {
        var frames = Self.frames()
        let part = Holding(unreadBytes: 65_536, isInsideFrame: true, announcedBytes: 65_000, isStranger: true)
        var sent: [ServerConnectionID] = []
        _ = frames.update(Self.id(500), Self.part(60_000, of: 64_000), now: Self.at(0))
        for number: UInt64 in 1...40 {
            let verdict = frames.update(Self.id(number), part, now: Self.at(Int64(number) * 100))
            #expect(verdict.mayRead)
            sent += verdict.wakes
        }
        #expect(sent.first == Self.id(1))
        #expect(!sent.contains(Self.id(500)))
        #expect(frames.strangerBytes - sent.count * 65_536 <= frames.strangerShare)
    }

    @Test func `who sends on without leave is sent away`() {
        var frames = Self.frames()
        _ = frames.update(Self.id(1), Self.part(9, of: 2 << 20), now: Self.start)
        #expect(!frames.update(Self.id(2), Self.part(300_000, of: 2 << 20), now: Self.start).isTooSlow)
        #expect(frames.update(Self.id(2), Self.part(600_000, of: 2 << 20), now: Self.start).isTooSlow)
    }
}
