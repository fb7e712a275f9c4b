import ProtoWire
import SpanModel

extension ServerSession {
    /// The state of a connection on which no `Hello` came yet.
    struct AwaitingHello: ReadsFrames, Sendable {
        let deadline: SessionInstant
        var decoder: FrameDecoder

        init(settings: ServerSettings, now: SessionInstant) {
            deadline = now.advanced(by: settings.timing.handshake)
            decoder = FrameDecoder(maxBatchBytes: min(Int(settings.maxFrameBytes), FrameDecoder.controlLimit))
        }

        /// Reads the first frame when all of it has come.
        consuming func received(
            _ bytes: borrowing RawSpan, _ settings: ServerSettings, _ actions: inout [ServerAction]
        ) -> State {
            decoder.append(bytes)
            do throws(SessionError) {
                guard let head = try decoder.nextFrame() else { return .awaitingHello(self) }
                guard head.kind == .hello else {
                    throw decoder.fault(.unexpectedFrame, "\(head.kind) from a sender before Hello")
                }
                let (peer, hello) = try AwaitingHello.check(try decoder.message(), settings, decoder)
                actions.append(.lookUpSender(peer.sender, hello))
                return .lookingUp(LookingUp(peer: peer, hello: hello, decoder: decoder))
            } catch {
                return .failed(error, nil, &actions)
            }
        }

        /// Closes when no `Hello` came in time.
        consuming func timeout(
            _ settings: ServerSettings, now: SessionInstant, _ actions: inout [ServerAction]
        ) -> State {
            guard now >= deadline else { return .awaitingHello(self) }
            return .givenUp(SessionError(.timedOut, "no Hello in \(settings.timing.handshake)"), nil, &actions)
        }

        /// - Returns: the sender, and what it said without its token, which has done its work and goes no further.
        private static func check(
            _ hello: Hello, _ settings: ServerSettings, _ decoder: borrowing FrameDecoder
        ) throws(SessionError) -> (Peer, Hello) {
            guard hello.protocolVersion == 1 else {
                throw decoder.fault(
                    .unsupportedVersion,
                    "the sender speaks version \(hello.protocolVersion), this collector version 1")
            }
            guard settings.bearerTokens.isEmpty || settings.bearerTokens.containsInConstantTime(hello.bearerToken)
            else {
                throw decoder.fault(
                    .unauthenticated,
                    hello.bearerToken.isEmpty ? "a bearer token is needed" : "the bearer token is not accepted")
            }
            guard let sender = SenderID(bytes: hello.senderID), sender.isValid else {
                throw decoder.fault(
                    .invalidField,
                    hello.senderID.count == 16
                        ? "sender_id is all zeros"
                        : "sender_id has \(hello.senderID.count.counted("byte")), 16 are needed")
            }
            let accepted = hello.maxFrameBytes == 0 ? FrameDecoder.controlLimit : Int(hello.maxFrameBytes)
            let peer = Peer(sender: sender, maxAnswerBytes: max(min(accepted, FrameDecoder.controlLimit), 1024))
            var known = hello
            known.bearerToken = ""
            return (peer, known)
        }
    }
}
