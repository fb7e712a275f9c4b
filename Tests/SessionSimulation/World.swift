import ProtoWire
import SpanModel
import SpanSession

/// Senders, a network, a collector and a store that fail, all from one seed.
///
/// The sessions and queues are the real ones; what stands around them is what a driver, TCP and a store can do at their
/// worst. Each seed has its own choice of faults, limits and compressions, so that rare combinations are not drowned by
/// common faults. After some hundred steps the faults end, every sender says goodbye, and everything has to come to rest.
///
/// What must hold is checked where it happens (`World+Checks`, `ConnectionWatch`) and of every sender at the end: what was
/// acknowledged is stored; what is stored is what was reported less what was dropped or refused, exactly; nothing is stored
/// twice; drops are known to the collector, by reason; memory is bounded; nothing waits for ever.
package struct World {
    /// What did not hold.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    package let seed: UInt64
    package private(set) var steps = 0
    /// What happened, for counting.
    package internal(set) var tally = Tally()
    /// Called with a line for everything that happens, to replay a seed.
    package var log: ((String) -> Void)?

    var random: SplitMix64
    var now = SessionInstant(nanoseconds: 1_000_000_000)
    var hasFaults = true
    let plan: Plan

    /// All incarnations of all senders; `active` are those that run.
    var senders: [Sender] = []
    var active: [Int] = []
    /// What a collector's disk has of each sender.
    var ledgers: [Ledger] = []
    var connections: [Connection] = []
    var connectionCount = 0
    /// The connection in whose name each sender was looked up last.
    var latestConnection: [Int] = []
    var jobs: [Job] = []
    var storeStalledUntil: SessionInstant?
    var diskFullUntil: SessionInstant?
    var collectorDownUntil: SessionInstant?

    package init(seed: UInt64) {
        self.seed = seed
        random = SplitMix64(seed: seed)
        plan = Plan(&random)
    }

    /// Lives the world to its end.
    package mutating func run() throws(Failure) {
        for _ in 0..<plan.senders { try startSender() }
        for _ in 0..<plan.faultySteps { try step() }
        hasFaults = false
        diskFullUntil = nil
        storeStalledUntil = nil
        collectorDownUntil = nil
        note("the faults end")
        for index in active { try leave(index) }
        let lastStep = steps + 40_000
        let lastMoment = now.advanced(by: World.patience)
        while !active.isEmpty {
            try step()
            guard steps < lastStep, now < lastMoment else { throw Failure(description: "deadlock: \(stuck)") }
        }
        try checkEnd()
    }

    private mutating func step() throws(Failure) {
        steps += 1
        switch below(100) {
        case 0..<16 where hasFaults: try offer()
        case 16..<32: if let index = active.randomElement(using: &random) { try drive(index) }
        case 32..<54: try moveToServer()
        case 54..<74: try moveToClient()
        case 74..<84: try runStore()
        case 84..<91 where hasFaults: try fail()
        default: try passTime()
        }
        try checkMemory()
    }

    private mutating func fail() throws(Failure) {
        guard below(plan.calm) == 0 else { return }
        switch plan.faults.randomElement(using: &random) {
        case .cut: cut()
        case .halfOpen: cutHalf()
        case .swallowed: swallow()
        case .delayed: delay()
        case .collectorCrashed: crashCollector()
        case .drained: try drain()
        case .diskFull:
            diskFullUntil = now.advanced(by: .milliseconds(below(3000)))
            happened(.diskFull)
        case .storeStalled:
            storeStalledUntil = now.advanced(by: .milliseconds(below(40_000)))
            happened(.storeStalled)
        case .senderCrashed: try crashSender()
        case .senderAbandoned: try abandonSender()
        case .saidGoodbye: if let index = active.randomElement(using: &random) { try leave(index) }
        default: break
        }
    }

    /// A little time, or as much as it takes to the next deadline.
    private mutating func passTime() throws(Failure) {
        var next = now.advanced(by: .milliseconds(1 + below(40)))
        if hasFaults ? below(10) == 0 : isQuiet, let deadline { next = max(next, deadline) }
        now = next
        for index in active where senders[index].client.nextDeadline.map({ $0 <= now }) ?? false {
            let actions = senders[index].client.timeout(now: now)
            if actions.contains(where: { if case .send(let frame) = $0 { frame.head.kind == .ping } else { false } }) {
                happened(.pingedBySender)
            }
            try perform(actions, of: index)
        }
        for id in connections.map(\.id) {
            guard let at = position(of: id), let due = connections[at].session?.nextDeadline, due <= now else {
                continue
            }
            let actions = connections[at].session!.timeout(now: now)
            if actions.contains(where: { if case .send(let frame) = $0 { frame.head.kind == .ping } else { false } }) {
                happened(.pingedByCollector)
            }
            if actions.contains(.close(.timedOut)) { happened(.givenUpByCollector) }
            try perform(actions, of: id)
        }
        try finishRefused()
        forgetConnections()
    }

    /// The next moment at which anybody does something of his own.
    private var deadline: SessionInstant? {
        var next: SessionInstant?
        func consider(_ moment: SessionInstant?) {
            guard let moment else { return }
            next = min(next ?? moment, moment)
        }
        for index in active {
            consider(senders[index].client.nextDeadline)
            consider(senders[index].queue.nextDeadline)
        }
        for at in connections.indices {
            consider(connections[at].session?.nextDeadline)
            consider(connections[at].delayedUntil)
        }
        consider(storeStalledUntil)
        consider(diskFullUntil)
        consider(collectorDownUntil)
        return next
    }

    /// Whether nothing happens before time passes.
    private var isQuiet: Bool {
        active.allSatisfy { senders[$0].wanted == nil } && jobs.isEmpty
            && connections.indices.allSatisfy { !canMoveToServer($0) && !canMoveToClient($0) }
    }

    /// How long it may take until all is delivered when nothing fails any more: a silent connection is given up after 30 s
    /// or, inside a frame, 60, and the wait after it may be as long.
    private static let patience = Duration.seconds(120)

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    mutating func happened(_ happening: Happening, _ count: Int = 1) { tally[happening] += count }

    func note(_ text: @autoclosure () -> String) {
        guard let log else { return }
        log("\(now.nanoseconds / 1_000_000) ms  \(text())")
    }
}
