import SpanModel
import ProtoWire
import SpanSession

// Bytes move, and connections fail.
extension World {
    func position(of connection: Int) -> Int? { connections.indices.first { connections[$0].id == connection } }

    func canMoveToServer(_ at: Int) -> Bool {
        guard isPassable(at), !connections[at].toServer.isEmpty || connections[at].serverSeesEnd else { return false }
        guard connections[at].session != nil else { return !connections[at].wasAccepted }
        // A driver stops reading where the store is behind or its answers are not taken. It sees no end then either.
        return connections[at].session!.wantsBytes && connections[at].toClient.count < World.maxUnread
    }

    func canMoveToClient(_ at: Int) -> Bool {
        senders[connections[at].sender].connection == connections[at].id && isPassable(at)
            && (!connections[at].toClient.isEmpty || connections[at].clientSeesEnd)
    }

    private func isPassable(_ at: Int) -> Bool {
        !connections[at].isSwallowed && connections[at].delayedUntil.map { $0 <= now } ?? true
    }

    mutating func moveToServer() throws(Failure) {
        guard let at = connections.indices.filter(canMoveToServer).randomElement(using: &random) else { return }
        let id = connections[at].id
        accept(at)
        let bytes = World.piece(&connections[at].toServer, &random)
        let readBefore = connections[at].session?.wantsBytes ?? true
        if !bytes.isEmpty, connections[at].session != nil {
            let actions = connections[at].session!.received(bytes.rawSpan, now: now)
            try perform(actions, of: id)
        }
        guard let at = position(of: id) else { return }
        if readBefore, connections[at].session?.wantsBytes == false { happened(.readingPaused) }
        if connections[at].toServer.isEmpty, connections[at].serverSeesEnd {
            connections[at].session?.connectionClosed(now: now)
            connections[at].session = nil
        }
    }

    mutating func accept(_ at: Int) {
        guard !connections[at].wasAccepted else { return }
        connections[at].wasAccepted = true
        connections[at].session = ServerSession(settings: connections[at].settings, now: now)
        note("collector: accepts connection \(connections[at].id)")
    }

    mutating func moveToClient() throws(Failure) {
        guard let at = connections.indices.filter(canMoveToClient).randomElement(using: &random) else { return }
        let id = connections[at].id
        let index = connections[at].sender
        let number = connections[at].number
        let bytes = World.piece(&connections[at].toClient, &random)
        let isEnd = connections[at].toClient.isEmpty && connections[at].clientSeesEnd
        try connections[at].watch.arrived(bytes.count)
        try perform(senders[index].client.received(bytes.rawSpan, on: number, now: now), of: index)
        if isEnd, senders[index].connection == id {
            senders[index].connection = nil
            try perform(senders[index].client.connectionClosed(number, now: now), of: index)
        }
    }

    /// Opens the connection that a sender asked for.
    mutating func connect(_ index: Int) throws(Failure) {
        guard let number = senders[index].wanted else { return }
        let isDown = collectorDownUntil.map { $0 > now } ?? false
        if isDown || hasFaults && plan.refusesConnections && below(4) == 0 {
            senders[index].wanted = nil
            if !isDown, below(4) == 0 {
                happened(.connectUnanswered)
                return
            }
            happened(.connectRefused)
            try perform(senders[index].client.connectionClosed(number, now: now), of: index)
            return
        }
        senders[index].wanted = nil
        connectionCount += 1
        var connection = Connection(
            id: connectionCount, sender: index, number: number, settings: collectorSettings())
        // Under way for a while, the connection may be accepted late, or its bytes overtaken by those of a later one.
        if hasFaults, below(12) == 0 { connection.delayedUntil = now.advanced(by: .milliseconds(below(14_000))) }
        connections.append(connection)
        if connection.delayedUntil == nil { accept(connections.count - 1) }
        senders[index].connection = connection.id
        happened(.connections)
        note("sender \(index): connection \(connection.id) opens")
        try perform(senders[index].client.connectionOpened(number, now: now), of: index)
    }

    // MARK: Faults

    /// A connection with a sender at its end, to be hit by a fault.
    private mutating func victim() -> Int? {
        connections.indices.filter { at in
            senders[connections[at].sender].connection == connections[at].id && !connections[at].isSwallowed
        }.randomElement(using: &random)
    }

    /// A random beginning of what is under way still arrives, then the end.
    mutating func cut() {
        guard let at = victim() else { return }
        happened(.cut)
        note("network: cuts connection \(connections[at].id)")
        duplicate(at)
        truncate(at)
        connections[at].serverSeesEnd = true
        connections[at].clientSeesEnd = true
    }

    mutating func cutHalf() {
        guard let at = victim() else { return }
        happened(.halfOpen)
        note("network: cuts one end of connection \(connections[at].id)")
        duplicate(at)
        truncate(at)
        if Bool.random(using: &random) {
            connections[at].serverSeesEnd = true
            // What the collector still writes goes nowhere.
            connections[at].toClient = []
        } else {
            connections[at].clientSeesEnd = true
        }
    }

    mutating func truncate(_ at: Int) {
        let before = connections[at].toServer.count
        if below(3) > 0 { connections[at].toServer.removeLast(below(before + 1)) }
        connections[at].toClient.removeLast(below(connections[at].toClient.count + 1))
        if connections[at].toServer.count != before, before > 0 { happened(.cutInsideFrame) }
    }

    mutating func swallow() {
        guard let at = victim() else { return }
        happened(.swallowed)
        note("network: swallows connection \(connections[at].id)")
        connections[at].isSwallowed = true
        connections[at].toServer = []
        connections[at].toClient = []
    }

    mutating func delay() {
        guard let at = victim() else { return }
        happened(.delayed)
        connections[at].delayedUntil = now.advanced(by: .milliseconds(below(below(2) == 0 ? 500 : 20_000)))
    }

    /// The beginning of what was said on the connection comes a second time.
    private mutating func duplicate(_ at: Int) {
        guard plan.hasDuplicates, below(2) == 0, !connections[at].said.isEmpty else { return }
        happened(.duplicated)
        connectionCount += 1
        let original = connections[at]
        var copy = Connection(
            id: connectionCount, sender: original.sender, number: original.number, settings: original.settings)
        copy.isCopy = true
        copy.toServer = Array(original.said.prefix(below(original.said.count + 1)))
        copy.serverSeesEnd = Bool.random(using: &random)
        copy.watch.repeats(original.watch)
        note("network: connection \(copy.id) repeats connection \(original.id)")
        connections.append(copy)
    }

    /// Those at which nobody is any more.
    mutating func forgetConnections() {
        connections.removeAll {
            $0.isOverForServer && senders[$0.sender].connection != $0.id
        }
    }

    private static func piece(_ bytes: inout [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        let count = Int.random(in: 0...min(bytes.count, World.maxPiece), using: &random)
        defer { bytes.removeFirst(count) }
        return Array(bytes.prefix(count))
    }

    /// The most that arrives at once.
    static let maxPiece = 800
    /// What the collector writes before it stops reading.
    static let maxUnread = 2000
}
