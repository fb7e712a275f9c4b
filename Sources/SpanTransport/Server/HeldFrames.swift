import NIOCore
import SpanSession

/// The books on what all connections of a server hold, and on who may read on: the state machine of
/// `ReceiveBudget`.
///
/// The limit has shares. Peers that are not welcomed have an eighth, frames up to 64 KiB (and what has come of longer
/// ones before their turn) three sixteenths, longer frames a quarter in `FrameLanes`. Batches that the store has not
/// answered for have what all these leave, and an eighth in any case; while they are more, nobody reads, and the
/// store's answers make room.
///
/// A share that is full costs those that hold it, never the others:
/// - a frame above 64 KiB is not read before its lane has room for all of it. While others wait for that room, a frame
///   must come at `leastBytesPerSecond` of what it still needs, with `patience` on top: its deadline is moved forward by
///   what arrives, never back. Who is late is sent away.
/// - small frames and those of strangers are read as they come. When they are over their share, those are sent away that
///   hold most for longest, counted from the frame's first byte, so that trickling does not help.
struct HeldFrames: Sendable {
    /// The holdings of a connection.
    struct Holding: Sendable, Equatable {
        /// The memory that the bytes of unread frames take.
        var unreadBytes = 0
        /// The number of frames that came before the one that has begun, so that the next one is told from it.
        var frame = 0
        /// Whether a frame has begun and is not complete.
        var isInsideFrame = false
        /// The payload bytes that the frame is to have; 0 while that is not known, or less than a KiB.
        var announcedBytes = 0
        /// The part of `announcedBytes` that has not come.
        var missingBytes = 0
        /// Whether the peer is not welcomed yet.
        var isStranger = false
        /// Whether the connection is not read until the store has answered, which is not the peer's fault.
        var waitsForStore = false
        /// The bytes of batches that came on this connection before.
        var deliveredBytes = 0
    }

    /// The verdict on a connection.
    struct Verdict: Sendable, Equatable {
        /// Whether the connection may read on.
        var mayRead: Bool
        /// Whether the connection is to be sent away, because it made others wait.
        var isTooSlow = false
        /// The connections that are to be told to ask again.
        var wakes: [ServerConnectionID] = []
        /// Whether `sweep` is to be called from now on, every `sweepInterval`, until it says otherwise.
        var startsSweep = false
    }

    struct Grant: Sendable {
        var room: FrameLanes.Room
        /// The moment by `clock` at which the frame must be complete if others wait.
        var deadline: NIODeadline
    }

    struct Holder: Sendable {
        var holding = Holding()
        /// The leave to be read of a long frame; `nil` while it has none.
        var grant: Grant?
        /// The place in a line in which a long frame waits for its leave.
        var place: FrameLanes.Place?
        /// The moment by `clock` at which the frame began.
        var begun = NIODeadline.uptimeNanoseconds(0)
        /// Whether the connection is to be sent away.
        var isEvicted = false
        /// Whether the connection is not read until the store has answered.
        var isPaused = false

        /// The bytes that the connection holds; a frame with a grant counts as a whole.
        var held: Int { max(holding.unreadBytes, grant?.room.bytes ?? 0) }

        var isKnown: Bool { holding.deliveredBytes >= max(holding.announcedBytes, holding.unreadBytes) }
    }

    /// The time that a long frame may make no progress while others wait for its room.
    static let patience = TimeAmount.seconds(2)
    /// The least speed of a long frame while others wait: 4 Mbit/s.
    static let leastBytesPerSecond = 512 << 10
    /// The time that a small frame, or a stranger's, may take when its share is full; none when it is over by a
    /// quarter.
    static let smallPatience = TimeAmount.milliseconds(250)
    static let sweepInterval = TimeAmount.milliseconds(50)
    /// The bytes of a long frame that may have come before its turn: what was read at once with its head, or waited
    /// behind `Hello`. A peer that ends its side is read to the end, whether there is room or not.
    static let mostBeforeGrant = 512 << 10

    let limit: Int
    let strangerShare: Int
    let smallShare: Int
    private(set) var lanes: FrameLanes

    private(set) var storeBytes = 0
    private(set) var strangerBytes = 0
    private(set) var smallBytes = 0
    private(set) var grantedBytes = 0
    private(set) var holders: [ServerConnectionID: Holder] = [:]
    private var paused: [ServerConnectionID] = []
    /// The number of connections that wait for a grant.
    private(set) var waiting = 0
    private var isSweeping = false
    private var nextLook = NIODeadline.uptimeNanoseconds(0)
    /// The time for which nobody was read so far, and the moment since which nobody is.
    private var standstill = TimeAmount.zero
    private var standsSince: NIODeadline?

    /// - Parameters:
    ///   - limit: in bytes; at least 1.
    ///   - maxFrameBytes: the longest frame there is.
    init(limit: Int, maxFrameBytes: Int) {
        self.limit = max(limit, 1)
        strangerShare = self.limit / 8
        smallShare = self.limit / 16 * 3
        lanes = FrameLanes(limit: self.limit / 4, maxFrameBytes: maxFrameBytes)
    }

    var heldBytes: Int { storeBytes + frameBytes }

    private var frameBytes: Int { strangerBytes + smallBytes + grantedBytes }

    /// Whether anybody may read: not while the store is behind. Parts of frames alone keep nobody from reading.
    var hasRoom: Bool { storeBytes <= max(limit - frameBytes, limit / 8) }

    /// A clock that stands still while nobody is read, which is nobody's fault.
    func clock(_ now: NIODeadline) -> NIODeadline {
        now - standstill - (standsSince.map { max(now - $0, .zero) } ?? .zero)
    }

    /// Notes what a connection holds now.
    mutating func update(_ id: ServerConnectionID, _ holding: Holding, now: NIODeadline) -> Verdict {
        var holder = holders[id] ?? Holder()
        count(holder, -1)
        if !holding.isInsideFrame || !holder.holding.isInsideFrame || holding.frame != holder.holding.frame {
            endFrame(&holder)
            holder.begun = clock(now)
        }
        let wasHeldUp = holder.holding.waitsForStore
        holder.holding = holding
        if holding.isInsideFrame, lanes.needsLane(holding.announcedBytes) {
            seekGrant(&holder, id, wasHeldUp: wasHeldUp, now)
        }
        count(holder, 1)
        let mayRead = hasRoom && holder.place == nil
        if !hasRoom, !holder.isPaused {
            holder.isPaused = true
            paused.append(id)
        }
        holders[id] = holder
        var verdict = Verdict(mayRead: mayRead)
        if smallBytes > smallShare || strangerBytes > strangerShare { verdict.wakes = evictFromCrowds(now) }
        verdict.wakes += settle(now)
        if verdict.wakes.contains(id) {
            verdict.wakes.removeAll { $0 == id }
            verdict.mayRead = hasRoom && holders[id]?.place == nil
        }
        verdict.isTooSlow = isTooSlow(id)
        verdict.mayRead = verdict.mayRead && !verdict.isTooSlow
        verdict.startsSweep = isContended && !isSweeping
        isSweeping = isSweeping || verdict.startsSweep
        return verdict
    }

    /// Notes that a batch is handed to the store; its connection may go before the store answers.
    mutating func storeTakes(_ bytes: Int) { storeBytes += bytes }

    /// Notes that the store has answered for a batch.
    ///
    /// - Returns: who is to be told to ask again.
    mutating func storeAnswered(_ bytes: Int, now: NIODeadline) -> [ServerConnectionID] {
        storeBytes -= bytes
        return settle(now)
    }

    /// Notes that a connection is gone, or over.
    ///
    /// - Returns: who is to be told to ask again.
    mutating func remove(_ id: ServerConnectionID, now: NIODeadline) -> [ServerConnectionID] {
        guard var holder = holders.removeValue(forKey: id) else { return [] }
        count(holder, -1)
        endFrame(&holder)
        return settle(now)
    }

    /// Looks for those that make others wait.
    ///
    /// - Returns: who is to be told to ask again, and whether to call it again after `sweepInterval`.
    mutating func sweep(now: NIODeadline) -> (wakes: [ServerConnectionID], goesOn: Bool) {
        var wakes: [ServerConnectionID] = []
        if hasRoom {
            if waiting > 0 { wakes = evictLate(now) }
            wakes += evictFromCrowds(now)
        }
        wakes += settle(now)
        isSweeping = isContended
        return (wakes, isSweeping)
    }
}

// Steps.
extension HeldFrames {
    private var isContended: Bool { waiting > 0 || smallBytes > smallShare || strangerBytes > strangerShare }

    private mutating func count(_ holder: Holder, _ sign: Int) {
        if holder.grant != nil {
            grantedBytes += sign * holder.held
        } else if holder.holding.isStranger {
            strangerBytes += sign * holder.held
        } else {
            smallBytes += sign * holder.held
        }
    }

    private func isTooSlow(_ id: ServerConnectionID) -> Bool {
        guard let holder = holders[id] else { return false }
        let arrived = holder.holding.announcedBytes - holder.holding.missingBytes
        return holder.isEvicted || holder.place != nil && arrived > Self.mostBeforeGrant
    }

    /// The frame is complete, or its connection gone.
    private mutating func endFrame(_ holder: inout Holder) {
        if let grant = holder.grant { lanes.free(grant.room) }
        if let place = holder.place {
            lanes.leave(place)
            waiting -= 1
        }
        holder.grant = nil
        holder.place = nil
        // Done in time after all.
        holder.isEvicted = false
    }

    /// A long frame is there: it is given leave, or waits; or it has that, and gets on.
    private mutating func seekGrant(
        _ holder: inout Holder, _ id: ServerConnectionID, wasHeldUp: Bool, _ now: NIODeadline
    ) {
        let holding = holder.holding
        if let grant = holder.grant {
            let due = deadline(holding.missingBytes, now)
            holder.grant?.deadline = wasHeldUp ? due : min(grant.deadline, due)
            return
        }
        guard holder.place == nil else { return }
        let room = lanes.room(for: holding.announcedBytes, isKnown: holder.isKnown)
        if hasRoom, lanes.isLineEmpty(room), lanes.has(room) { return give(&holder, room, now) }
        let place = FrameLanes.Place(id: id, room: room)
        waiting += 1
        holder.place = place
        lanes.join(place)
    }

    private mutating func give(_ holder: inout Holder, _ room: FrameLanes.Room, _ now: NIODeadline) {
        lanes.take(room)
        holder.grant = Grant(room: room, deadline: deadline(holder.holding.missingBytes, now))
    }

    private func deadline(_ missingBytes: Int, _ now: NIODeadline) -> NIODeadline {
        clock(now) + Self.patience
            + .milliseconds(Int64(missingBytes) * 1000 / Int64(Self.leastBytesPerSecond))
    }

    /// Keeps the clock, and lets those read for whom there is room again.
    private mutating func settle(_ now: NIODeadline) -> [ServerConnectionID] {
        guard hasRoom else {
            if standsSince == nil { standsSince = now }
            return []
        }
        if let since = standsSince {
            standstill = standstill + max(now - since, .zero)
            standsSince = nil
        }
        var woken: [ServerConnectionID] = []
        if !paused.isEmpty {
            for id in paused where holders[id]?.isPaused == true {
                holders[id]?.isPaused = false
                woken.append(id)
            }
            paused = []
        }
        guard waiting > 0 else { return woken }
        for lane in lanes.indices {
            while hasRoom, let id = giveNext(lane, now) { woken.append(id) }
        }
        return woken
    }

    private mutating func giveNext(_ lane: Int, _ now: NIODeadline) -> ServerConnectionID? {
        guard let place = lanes.popNext(lane), var holder = holders[place.id] else { return nil }
        count(holder, -1)
        waiting -= 1
        holder.place = nil
        give(&holder, place.room, now)
        count(holder, 1)
        holders[place.id] = holder
        return place.id
    }

    /// Marks frames that are late, the latest first, as many as those need that wait for their room.
    private mutating func evictLate(_ now: NIODeadline) -> [ServerConnectionID] {
        let time = clock(now)
        // As if those were gone that are marked.
        var left = lanes
        var late: [(id: ServerConnectionID, grant: Grant)] = []
        for (id, holder) in holders {
            guard let grant = holder.grant else { continue }
            if holder.isEvicted {
                left.free(grant.room)
            } else if grant.deadline <= time, !holder.holding.waitsForStore {
                late.append((id, grant))
            }
        }
        late.sort { $0.grant.deadline < $1.grant.deadline }
        var evicted: [ServerConnectionID] = []
        for lane in lanes.indices {
            for place in lanes.line(lane) {
                while !left.has(place.room),
                    let index = late.firstIndex(where: {
                        $0.grant.room.lane == lane || left.isOverShare($0.grant.room.lane)
                    })
                {
                    let (id, grant) = late.remove(at: index)
                    left.free(grant.room)
                    holders[id]?.isEvicted = true
                    evicted.append(id)
                }
                guard left.has(place.room) else { break }
                left.take(place.room)
            }
        }
        return evicted
    }

    /// Where small frames, or those of strangers, are over their share: marks those that hold most for longest, until a
    /// quarter of it is free. Who has delivered before goes last.
    private mutating func evictFromCrowds(_ now: NIODeadline) -> [ServerConnectionID] {
        guard now >= nextLook else { return [] }
        nextLook = now + .milliseconds(10)
        return evict(strangers: true, share: strangerShare, now) + evict(strangers: false, share: smallShare, now)
    }

    private mutating func evict(strangers: Bool, share: Int, _ now: NIODeadline) -> [ServerConnectionID] {
        guard (strangers ? strangerBytes : smallBytes) > share else { return [] }
        let time = clock(now)
        var held = 0
        var candidates: [(id: ServerConnectionID, isKnown: Bool, bytes: Int, age: TimeAmount, weight: Double)] = []
        for (id, holder) in holders {
            guard holder.grant == nil, !holder.isEvicted, holder.holding.isStranger == strangers else { continue }
            held += holder.held
            let age = time - holder.begun
            guard holder.held > 0, holder.holding.isInsideFrame else { continue }
            let weight = Double(holder.held) * Double(age.nanoseconds + 1_000_000)
            candidates.append((id, holder.isKnown, holder.held, age, weight))
        }
        guard held > share else { return [] }
        // Over the share by more than a quarter there is no time to give.
        if held <= share + share / 4 { candidates.removeAll { $0.age < Self.smallPatience } }
        candidates.sort { $0.isKnown != $1.isKnown ? !$0.isKnown : $0.weight > $1.weight }
        var evicted: [ServerConnectionID] = []
        for candidate in candidates where held > share - share / 4 {
            held -= candidate.bytes
            holders[candidate.id]?.isEvicted = true
            evicted.append(candidate.id)
        }
        return evicted
    }
}
