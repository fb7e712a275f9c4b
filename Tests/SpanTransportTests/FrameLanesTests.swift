import SpanSession
import Testing

@testable import SpanTransport

@Suite struct FrameLanesTests {
    private static func id(_ number: UInt64) -> ServerConnectionID { ServerConnectionID(rawValue: number) }

    @Test func `a lane has frames up to twice as long as the one before, from 64 KiB to the longest there is`() {
        let lanes = FrameLanes(limit: 8 << 20, maxFrameBytes: 2 << 20)
        #expect(lanes.indices == 0..<5)
        #expect(!lanes.needsLane(64 << 10))
        let sizes = [(64 << 10) + 1, 128 << 10, (128 << 10) + 1, 256 << 10, 1 << 20, (1 << 20) + 1, 2 << 20]
        #expect(sizes.allSatisfy(lanes.needsLane))
        #expect(sizes.map { lanes.room(for: $0, isKnown: false).lane } == [0, 0, 1, 1, 3, 4, 4])
        let odd = FrameLanes(limit: 8 << 20, maxFrameBytes: 100_000)
        #expect(odd.indices == 0..<1)
        #expect(odd.room(for: 100_000, isKnown: true).lane == 0)
        // Where all frames are small there are no lanes.
        let none = FrameLanes(limit: 8 << 20, maxFrameBytes: 1024)
        #expect(none.indices.isEmpty && !none.needsLane(1 << 20))
    }

    @Test func `frames of one size take their share and what is common, and none of what others have for themselves`() {
        var lanes = FrameLanes(limit: 10 << 20, maxFrameBytes: 2 << 20)
        #expect(lanes.share == 1 << 20 && lanes.common == 5 << 20)
        let largest = lanes.room(for: 2 << 20, isKnown: false)
        var count = 0
        while lanes.has(largest) {
            lanes.take(largest)
            count += 1
        }
        #expect(count == 3)
        let small = lanes.room(for: 128 << 10, isKnown: false)
        var smallCount = 0
        while lanes.has(small) {
            lanes.take(small)
            smallCount += 1
        }
        #expect(smallCount == 8)
        lanes.free(largest)
        #expect(lanes.has(small) && lanes.has(largest))
        #expect(lanes.isOverShare(largest.lane) && !lanes.isOverShare(small.lane))
    }

    @Test func `of known connections and of newcomers there is room for one frame in each lane, whatever is taken`() {
        var lanes = FrameLanes(limit: 1, maxFrameBytes: 64 << 20)
        for bytes in [100_000, 1 << 20, 64 << 20] {
            for isKnown in [false, true] {
                let room = lanes.room(for: bytes, isKnown: isKnown)
                #expect(lanes.has(room))
                lanes.take(room)
                #expect(!lanes.has(room))
            }
        }
    }

    @Test
    func `where known connections and newcomers wait, they take turns; in each line the longest wait comes first`() {
        var lanes = FrameLanes(limit: 4 << 20, maxFrameBytes: 128 << 10)
        let known = lanes.room(for: 100_000, isKnown: true)
        let newcomer = lanes.room(for: 100_000, isKnown: false)
        for number in 1...3 {
            #expect(lanes.isLineEmpty(known) == (number == 1))
            lanes.join(FrameLanes.Place(id: Self.id(UInt64(number)), room: known))
            lanes.join(FrameLanes.Place(id: Self.id(UInt64(number) + 10), room: newcomer))
        }
        lanes.leave(FrameLanes.Place(id: Self.id(12), room: newcomer))
        var order: [UInt64] = []
        while let next = lanes.popNext(0) { order.append(next.id.rawValue) }
        #expect(order == [1, 11, 2, 13, 3])
    }
}
