extension ServerSession {
    /// The state of a connection that takes nothing more, until the stores under way have ended.
    struct Leaving: Sendable {
        let peer: Peer
        let goAway: GoAway
        let deadline: SessionInstant
        var underWay: StoresUnderWay

        /// Acknowledges what is durable; says `goAway` behind the last of it.
        consuming func stored(_ stored: [StoredBatch], _ actions: inout [ServerAction]) -> State {
            guard let ack = underWay.acknowledge(stored, maxMessageBytes: peer.maxMessageBytes) else {
                return .leaving(self)
            }
            actions.append(.send(OutgoingFrame(.ack, ack)))
            return underWay.isEmpty ? .sentAway(goAway, peer, &actions) : .leaving(self)
        }

        /// Says `goAway` without the acks that are missing, when the store took too long.
        consuming func timeout(now: SessionInstant, _ actions: inout [ServerAction]) -> State {
            now >= deadline ? .sentAway(goAway, peer, &actions) : .leaving(self)
        }
    }
}
