import SpanModel
import Foundation
import NIOCore
import SpanSession
import Testing

@testable import SpanTransport

/// Crowds that begin frames and do not complete them, beside three honest senders, in a time of its own.
@Suite struct HeldFramesSimulationTests {
    @Test func `whatever a crowd does, nobody else waits for long, and memory is bounded`() {
        let given = ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) }
        for seed in given.map({ [$0] }) ?? (0..<6).map({ _ in UInt64.random(in: 0 ... .max) }) {
            var world = FrameCrowd(seed: seed)
            for _ in 0..<9000 where world.fault == nil { world.step() }
            #expect(world.fault == nil, "SEED=\(seed): \(world.fault ?? "")")
            #expect(world.completed.small > 4000, "SEED=\(seed): \(world.completed)")
            #expect(world.completed.known > 500, "SEED=\(seed): \(world.completed)")
            #expect(world.completed.newcomer > 0, "SEED=\(seed): \(world.completed)")
        }
    }
}

/// Steps of 10 ms. Connections have the rank of their role: 0 sends small frames, 1 frames of 1 MiB one after the other, 2
/// one of the longest at 1 MiB/s on a new connection each time; the others attack.
private struct FrameCrowd {
    struct Peer {
        var id: ServerConnectionID
        var announced = 0
        var arrived = 0
        var frame = 0
        var delivered = 0
        var mayRead = true
        /// Bytes that come in a step.
        var speed = 0
        /// Before so many bytes are left it stops, or goes on by a byte a second.
        var keptBack = 0
        var trickles = false
        var isStranger = false
    }

    static let limit = 16 << 20
    static let longest = 2 << 20

    var frames = HeldFrames(limit: limit, maxFrameBytes: longest)
    var random: SplitMix64
    var peers: [Peer] = []
    var lastID: UInt64 = 0
    var stepCount = 0
    var isSweeping = false
    var completed = (small: 0, known: 0, newcomer: 0)
    var fault: String?
    /// Since which step each honest sender waits.
    var waitsSince: [Int?] = [nil, nil, nil]

    var now: NIODeadline { .uptimeNanoseconds(1) + .milliseconds(Int64(stepCount) * 10) }

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        let size = Int.random(in: 1...60, using: &random)
        for rank in 0..<(3 + size) { peers.append(peer(rank)) }
    }

    mutating func peer(_ rank: Int) -> Peer {
        lastID += 1
        var peer = Peer(id: ServerConnectionID(rawValue: lastID))
        switch rank {
        case 0: (peer.announced, peer.speed) = (8000, 4000)
        case 1: (peer.announced, peer.speed) = (1 << 20, 100_000)
        case 2: (peer.announced, peer.speed) = (Self.longest, 10_486)
        default:
            peer.isStranger = Int.random(in: 0..<5, using: &random) == 0
            let longest = peer.isStranger || Bool.random(using: &random) ? 64 << 10 : Self.longest
            peer.announced = Int.random(in: 1024...longest, using: &random)
            peer.speed = Bool.random(using: &random) ? peer.announced : Int.random(in: 1...8000, using: &random)
            peer.keptBack = min(100, peer.announced)
            peer.trickles = Bool.random(using: &random)
        }
        return peer
    }

    mutating func step() {
        stepCount += 1
        if isSweeping, stepCount % 5 == 0 {
            let (wakes, goesOn) = frames.sweep(now: now)
            isSweeping = goesOn
            wake(wakes)
        }
        for rank in peers.indices where fault == nil { advance(rank) }
        if frames.heldBytes > Self.limit * 5 / 4 { fault = "\(frames.heldBytes) bytes are held at step \(stepCount)" }
    }

    /// Some of a frame arrives, as far as it is read.
    mutating func advance(_ rank: Int) {
        var peer = peers[rank]
        if rank < 3 { watch(rank, peer) }
        // What comes with the head comes at any rate.
        guard peer.mayRead || peer.arrived == 0 else { return }
        let left = peer.announced - peer.keptBack - peer.arrived
        if left > 0 {
            peer.arrived += min(peer.mayRead ? peer.speed : 2000, left)
        } else if peer.trickles, stepCount % 100 == 0, peer.arrived < peer.announced - 1 {
            peer.arrived += 1
        } else if rank >= 3 {
            // An attacker may also leave by itself.
            if Int.random(in: 0..<2000, using: &random) == 0 { leave(rank) }
            return
        }
        if peer.arrived == peer.announced {
            peer.frame += 1
            peer.delivered += peer.announced
            peer.arrived = 0
            switch rank {
            case 0: completed.small += 1
            case 1: completed.known += 1
            default: completed.newcomer += 1
            }
        }
        peers[rank] = peer
        if rank == 2, peer.arrived == 0 { leave(rank) } else { tell(rank) }
    }

    mutating func tell(_ rank: Int) {
        let peer = peers[rank]
        let verdict = frames.update(
            peer.id,
            HeldFrames.Holding(
                unreadBytes: peer.arrived, frame: peer.frame, isInsideFrame: peer.arrived > 0,
                announcedBytes: peer.arrived > 0 ? peer.announced : 0,
                missingBytes: peer.arrived > 0 ? peer.announced - peer.arrived : 0, isStranger: peer.isStranger,
                deliveredBytes: peer.delivered),
            now: now)
        peers[rank].mayRead = verdict.mayRead
        isSweeping = isSweeping || verdict.startsSweep
        if verdict.isTooSlow {
            if rank < 3 { fault = "an honest sender of rank \(rank) is sent away at step \(stepCount)" }
            leave(rank)
        }
        wake(verdict.wakes)
    }

    /// Goes, and comes back at once.
    mutating func leave(_ rank: Int) {
        let id = peers[rank].id
        peers[rank] = peer(rank)
        wake(frames.remove(id, now: now))
    }

    mutating func wake(_ ids: [ServerConnectionID]) {
        for id in ids {
            guard let rank = peers.firstIndex(where: { $0.id == id }) else { continue }
            tell(rank)
        }
    }

    /// How long an honest sender may wait: a small frame not at all, known ones for one turn of a newcomer or two, a newcomer
    /// for as many turns as there are attackers.
    mutating func watch(_ rank: Int, _ peer: Peer) {
        guard !peer.mayRead else {
            waitsSince[rank] = nil
            return
        }
        let since = waitsSince[rank] ?? stepCount
        waitsSince[rank] = since
        let turn = 100 * (2 + Self.longest / HeldFrames.leastBytesPerSecond) + 20
        let bound = [0, 2 * turn, peers.count * turn][rank]
        if stepCount - since > bound {
            fault = "an honest sender of rank \(rank) waits from step \(since) to \(stepCount)"
        }
    }
}
