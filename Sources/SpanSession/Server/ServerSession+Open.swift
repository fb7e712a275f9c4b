import ProtoWire
import SpanModel

extension ServerSession {
    /// The state of a connection that is welcomed.
    struct Open: ReadsFrames, Sendable {
        let peer: Peer
        var decoder: FrameDecoder
        var liveness: Liveness
        /// Decompresses the sender's frames; `nil` when none may be compressed.
        let decompressor: (any FrameDecompressor)?
        /// The highest number that earlier connections stored, as `Welcome` said.
        let storedSequence: UInt64
        /// Bytes that the sender may still send; negative after a frame larger than all of it.
        var credit: Int
        /// The highest number received on this connection.
        var lastSequence: UInt64 = 0
        /// Batches that the store has not answered.
        var underWay = StoresUnderWay()
        /// Whether `Goodbye` came.
        var saidGoodbye = false
        /// The token of the last `Ping`.
        var pingToken: UInt64 = 0

        init(
            peer: Peer, decoder: FrameDecoder, liveness: Liveness, decompressor: (any FrameDecompressor)?,
            storedSequence: UInt64, credit: Int
        ) {
            self.peer = peer
            self.decoder = decoder
            self.liveness = liveness
            self.decompressor = decompressor
            self.storedSequence = storedSequence
            self.credit = credit
        }

        /// Whether the store leaves room for more; `ServerSession.wantsBytes` says why.
        func wantsBytes(_ settings: ServerSettings) -> Bool {
            underWay.decompressedBytes <= max(settings.creditBytes, UInt64(settings.maxFrameBytes))
        }

        /// Whether everything is acknowledged that came before `Goodbye`.
        private var isDone: Bool { saidGoodbye && underWay.isEmpty }

        /// The moment at which `timeout` has something to do. A peer that is not listened to cannot answer, and its
        /// frames make no progress.
        func deadline(_ settings: ServerSettings, _ flow: Flow) -> SessionInstant? {
            if let stuckSince = flow.answersStuckSince { return stuckSince.advanced(by: settings.timing.frameProgress) }
            if let mutedSince = flow.mutedSince { return mutedSince.advanced(by: settings.timing.silence) }
            return wantsBytes(settings) ? liveness.deadline(insideFrame: decoder.isInsideFrame) : nil
        }

        /// Takes bytes and handles the frames that are complete.
        consuming func received(
            _ bytes: borrowing RawSpan, _ settings: ServerSettings, now: SessionInstant,
            _ actions: inout [ServerAction]
        ) -> State {
            liveness.received(now: now)
            decoder.append(bytes)
            return readFrames(settings, now: now, &actions)
        }

        /// The silence begins anew: nobody listened to the sender until now.
        consuming func listening(now: SessionInstant) -> State {
            liveness.received(now: now)
            return .open(self)
        }

        /// Handles the frames that are complete, as long as the store leaves room for more.
        consuming func readFrames(
            _ settings: ServerSettings, now: SessionInstant, _ actions: inout [ServerAction]
        ) -> State {
            do throws(SessionError) {
                while wantsBytes(settings), let head = try decoder.nextFrame() {
                    if head.isCompressed, let decompressor { try decoder.decompress(head, with: decompressor) }
                    try frameReceived(head, settings, &actions)
                    if isDone { return closeAfterGoodbye(&actions) }
                }
                decoder.forgetDecompressed()
                return .open(self)
            } catch {
                actions.append(.fault(error))
                return leave(GoAway(error), settings, now: now, &actions)
            }
        }

        /// Acknowledges what is durable, and reads the frames that waited for it.
        consuming func stored(
            _ stored: [StoredBatch], _ settings: ServerSettings, now: SessionInstant,
            _ actions: inout [ServerAction]
        ) -> State {
            let listened = wantsBytes(settings)
            guard let ack = underWay.acknowledge(stored, maxMessageBytes: peer.maxMessageBytes) else {
                return .open(self)
            }
            credit += Int(ack.creditBytes)
            actions.append(.send(OutgoingFrame(.ack, ack)))
            if isDone { return closeAfterGoodbye(&actions) }
            guard !listened, wantsBytes(settings) else { return .open(self) }
            liveness.received(now: now)
            return readFrames(settings, now: now, &actions)
        }

        /// Takes nothing more; says `goAway` when nothing is on its way to the store any more.
        consuming func leave(
            _ goAway: GoAway, _ settings: ServerSettings, now: SessionInstant, _ actions: inout [ServerAction]
        ) -> State {
            if underWay.isEmpty { return .sentAway(goAway, peer, &actions) }
            let deadline = now.advanced(by: settings.timing.patience)
            return .leaving(Leaving(peer: peer, goAway: goAway, deadline: deadline, underWay: underWay))
        }

        /// Gives or asks for a sign of life, or gives up a peer that is silent, slow, or takes no answers.
        consuming func timeout(
            _ settings: ServerSettings, _ flow: inout Flow, now: SessionInstant, _ actions: inout [ServerAction]
        ) -> State {
            if let stuckSince = flow.answersStuckSince {
                let limit = settings.timing.frameProgress
                guard now >= stuckSince.advanced(by: limit) else { return .open(self) }
                return .givenUp(
                    SessionError(.timedOut, "the sender took no answers for \(limit)"), peer, &actions)
            }
            if let mutedSince = flow.mutedSince {
                guard now >= mutedSince.advanced(by: settings.timing.silence) else { return .open(self) }
                flow.mutedSince = now
                ping(&actions)
                return .open(self)
            }
            guard wantsBytes(settings) else { return .open(self) }
            switch liveness.check(insideFrame: decoder.isInsideFrame, now: now) {
            case .alive: break
            case .ask:
                decoder.trim(keeping: 0)
                ping(&actions)
            case .dead(let error): return .givenUp(error, peer, &actions)
            }
            return .open(self)
        }

        private mutating func ping(_ actions: inout [ServerAction]) {
            pingToken += 1
            actions.append(.send(OutgoingFrame(.ping, Ping(token: pingToken))))
        }

        private consuming func closeAfterGoodbye(_ actions: inout [ServerAction]) -> State {
            actions.append(.close(.saidGoodbye))
            return .closed(peer.sender)
        }
    }
}
