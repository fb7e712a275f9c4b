import SpanStorage
import Synchronization
import Testing

@testable import SpanCollector
@testable import SpanTransport

/// Whether a collector cares for the memory of its process.
@Suite struct MemoryKeeperTests {
    @Test
    func `a collector in a service leaves the service's memory alone, unless it is told that the process is its own`() {
        let store = FlakyStore()
        let (configuration, logger) = (SpanServerConfiguration(), CollectorLoopbackTests.logger)
        let embedded = CollectorService(store: store, configuration: configuration, logger: logger)
        #expect(embedded.writer?.keeper.withLock { $0 != nil } == false)
        let own = CollectorService(
            store: store, configuration: configuration, returnsFreedMemory: true, logger: logger)
        #expect(own.writer?.keeper.withLock { $0 != nil } == true)
    }

    @Test func `memory is returned when more than half of the limit is resident, twice a second at the most`() {
        let start = ContinuousClock.now
        let resident = Mutex<Int?>(100)
        let returned = Mutex(0)
        var keeper = MemoryKeeper(
            limitBytes: 1000, now: start, residentBytes: { resident.withLock(\.self) },
            giveBack: { returned.withLock { $0 += 1 } })
        func commit(at milliseconds: Int, resident bytes: Int?) -> Int {
            resident.withLock { $0 = bytes }
            keeper.committed(now: start + .milliseconds(milliseconds))
            return returned.withLock(\.self)
        }
        #expect(commit(at: 100, resident: 900) == 0)
        #expect(commit(at: 500, resident: 500) == 0)
        #expect(commit(at: 1000, resident: nil) == 0)
        #expect(commit(at: 1500, resident: 501) == 1)
        #expect(commit(at: 1999, resident: 900) == 1)
        #expect(commit(at: 2000, resident: 900) == 2)
    }
}
