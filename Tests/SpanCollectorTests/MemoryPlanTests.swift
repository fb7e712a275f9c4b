import SpanCollector
import SpanSession
import SpanTransport
import Testing

@Suite struct MemoryPlanTests {
    @Test(arguments: [64, 128, 512, 1024, 1 << 20])
    func `who has shown no token cannot fill what all connections may hold together`(mebibytes: Int) {
        let plan = MemoryPlan(limitBytes: mebibytes << 20)
        var configuration = SpanServerConfiguration()
        plan.apply(to: &configuration)
        #expect(configuration.maxHandshakes >= 128)
        #expect(configuration.maxHandshakes * FrameDecoder.controlLimit <= configuration.maxHeldBytes / 2)
    }

    @Test(arguments: [64, 2048])
    func `no sender has more under way than a quarter of what all may hold, nor less than a frame`(mebibytes: Int) {
        let plan = MemoryPlan(limitBytes: mebibytes << 20)
        var configuration = SpanServerConfiguration()
        configuration.maxHeldBytes = plan.maxHeldBytes
        plan.apply(to: &configuration)
        #expect(configuration.session.creditBytes <= UInt64(configuration.maxHeldBytes / 4))
        #expect(configuration.session.creditBytes >= min(UInt64(configuration.session.maxFrameBytes), 16 << 20))
    }

    @Test func `a plan raises nothing that is set lower`() {
        var configuration = SpanServerConfiguration(
            session: ServerSettings(maxFrameBytes: 2048, maxBatchWeight: 3, creditBytes: 5))
        configuration.maxHeldBytes = 7
        configuration.maxKeptBytes = 11
        configuration.maxHandshakes = 13
        MemoryPlan(limitBytes: 1 << 40).apply(to: &configuration)
        #expect(configuration.session.maxFrameBytes == 2048)
        #expect(configuration.session.maxBatchWeight == 3)
        #expect(configuration.session.creditBytes == 5)
        #expect(configuration.maxHeldBytes == 7)
        #expect(configuration.maxKeptBytes == 11)
        #expect(configuration.maxHandshakes == 13)
    }
}
