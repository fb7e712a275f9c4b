import SpanModel

// What a driver asks of a connection.
extension ServerSession {
    /// The moment at which `timeout(now:)` is to be called; `nil` for never. Ask again after every event.
    public var nextDeadline: SessionInstant? {
        switch state {
        case .awaitingHello(let awaiting): awaiting.deadline
        case .open(let open): open.deadline(settings, flow)
        case .leaving(let leaving): leaving.deadline
        case .lookingUp, .closed: nil
        }
    }

    /// The sender, once its `Hello` was accepted.
    public var senderID: SenderID? { state.sender }

    /// Whether the connection is welcomed and not on its way out.
    public var isOpen: Bool { if case .open = state { true } else { false } }

    /// Whether the store is asked what it has of the sender. What comes meanwhile waits, and need not be read.
    package var isLookingUp: Bool { if case .lookingUp = state { true } else { false } }

    /// Whether a driver is to read on. `false` while more is on its way to the store than the credit would let through
    /// uncompressed: credit counts bytes on the wire, and a few of those may be very many. Frames that are handed in
    /// all the same wait. Ask again after every event.
    public var wantsBytes: Bool { if case .open(let open) = state { open.wantsBytes(settings) } else { true } }

    /// Bytes that a welcomed sender may still send; negative after a frame larger than all of the credit. `nil` while
    /// no sender is welcomed.
    package var credit: Int? { if case .open(let open) = state { open.credit } else { nil } }

    /// Decompressed payload bytes of batches that are not acknowledged, and bytes of frames that were not read: what
    /// the connection holds in memory, give or take the decoded form.
    public var heldBytes: Int { underWay.decompressedBytes + unreadBytes }

    /// The batches that the store has not answered.
    var underWay: StoresUnderWay {
        switch state {
        case .open(let open): open.underWay
        case .leaving(let leaving): leaving.underWay
        case .awaitingHello, .lookingUp, .closed: StoresUnderWay()
        }
    }

    /// Bytes of frames that were not read.
    public var unreadBytes: Int { look { $0.bufferedBytes } ?? 0 }

    /// Bytes of memory that the frames take that were not read.
    public var unreadCapacity: Int { look { $0.heldCapacity } ?? 0 }

    /// Whether a frame has begun to arrive and is not complete.
    public var isInsideFrame: Bool { look { $0.isInsideFrame } ?? false }

    /// The number of frames that came whole so far; 0 when no more are read.
    package var frameCount: Int { look { $0.frameCount } ?? 0 }

    /// The payload bytes that the frame that has begun is to have; 0 while its head is not there, and for one of less
    /// than 1 KiB.
    package var announcedBytes: Int { look { $0.announcedBytes } ?? 0 }

    /// The part of `announcedBytes` that has not come.
    package var missingBytes: Int { look { $0.missingBytes } ?? 0 }

    /// Looks at the frames that come in; `nil` when nothing is read any more.
    private func look<Answer>(_ body: (borrowing FrameDecoder) -> Answer) -> Answer? {
        switch state {
        case .awaitingHello(let awaiting): body(awaiting.decoder)
        case .lookingUp(let lookingUp): body(lookingUp.decoder)
        case .open(let open): body(open.decoder)
        case .leaving, .closed: nil
        }
    }
}
