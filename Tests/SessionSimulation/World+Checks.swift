import SpanModel
import SpanSession

// What must hold at any moment, and at the end.
extension World {
    func checkMemory() throws(Failure) {
        // By index: a copy of a sender or a connection for each step would be most of the work.
        for index in active {
            let limits = senders[index].queue.limits
            guard senders[index].queue.queuedBytes <= limits.maxQueuedBytes,
                senders[index].queue.queuedSpans <= limits.maxQueuedSpans
            else { throw Failure(description: "the queue of sender \(index) is over its limits") }
            // Parts of a split batch repeat what stands around the spans.
            guard senders[index].client.heldBytes <= 2 * limits.maxQueuedBytes + World.maxPiece else {
                throw Failure(description: "sender \(index) holds \(senders[index].client.heldBytes) bytes")
            }
        }
        for at in connections.indices where connections[at].session != nil { try checkMemory(at) }
    }

    private func checkMemory(_ at: Int) throws(Failure) {
        // What is on its way to the store, one batch more, and a frame and a piece that were not read.
        let (frame, credit) = (Int(connections[at].settings.maxFrameBytes), Int(connections[at].settings.creditBytes))
        let held = connections[at].session!.heldBytes
        guard held <= max(credit, frame) + 2 * (frame + FrameHead.byteCount) + 2 * World.maxPiece else {
            throw Failure(description: "connection \(connections[at].id) holds \(held) bytes")
        }
        let unread = connections[at].toClient.count
        guard unread < World.maxUnread + 4 * World.maxPiece else {
            throw Failure(description: "connection \(connections[at].id) has \(unread) bytes unread")
        }
        guard connections[at].watch.answersAtOnce, connections[at].session!.isOpen,
            let left = connections[at].session!.credit
        else { return }
        guard left == credit else {
            throw Failure(description: "with all acknowledged, \(left) bytes of credit are left, at first \(credit)")
        }
    }

    /// A sender that counts less credit than it has would only be slow, and so be seen by nobody.
    func checkCredit(of index: Int) throws(Failure) {
        guard let id = senders[index].connection, let at = position(of: id), connections[at].watch.isWelcomed,
            let credit = senders[index].client.credit
        else { return }
        guard credit == connections[at].watch.credit else {
            throw Failure(
                description: "sender \(index) counts \(credit) bytes of credit, it has \(connections[at].watch.credit)")
        }
    }

    /// Of every sender that ever was.
    func checkEnd() throws(Failure) {
        for (sender, ledger) in zip(senders, ledgers) { try check(sender, ledger) }
    }

    private func check(_ sender: Sender, _ ledger: Ledger) throws(Failure) {
        func demand(_ holds: Bool, _ text: @autoclosure () -> String) throws(Failure) {
            guard holds else {
                throw Failure(description: "sender \(sender.number): \(text()); \(sender.queue.report)")
            }
        }
        let report = sender.queue.report
        let told = Dictionary(uniqueKeysWithValues: report.dropped.map { ($0.reason, $0.spans) })
        try demand(
            report.reportedSpans + (sender.waiting == nil ? 0 : 1) == sender.offered,
            "\(sender.offered) spans were offered")
        for (number, count) in ledger.stored.enumerated() where count > 0 {
            try demand(count == 1, "span \(number) is stored \(count) times")
            try demand(number < sender.taken.count && sender.taken[number], "span \(number) was never taken")
        }
        let settled = report.storedSpans + report.rejectedSpans
        let refused = ledger.refusedByStore.count + ledger.rejected
        try demand(report.rejectedSpans <= refused, "\(refused) spans were refused")
        if sender.outcome == .saidGoodbye {
            try demand(report.pendingSpans == 0 && sender.queue.queuedBytes == 0, "something is left")
            try demand(settled == ledger.settledCount, "the store has \(ledger.storedCount), refused \(refused)")
            try demand(told == ledger.dropped, "the collector heard of \(ledger.dropped) dropped")
        } else {
            try demand(settled <= ledger.settledCount, "the store has \(ledger.storedCount), refused \(refused)")
            for (reason, spans) in ledger.dropped {
                try demand(spans <= told[reason] ?? 0, "the collector heard of \(spans) dropped for \(reason)")
            }
        }
    }

    /// What is left when nothing moves any more.
    var stuck: String {
        let waiting = active.map { index in
            let sender = senders[index]
            return "sender \(index) \(sender.queue.report), deadline "
                + "\(sender.client.nextDeadline.map { "\($0.nanoseconds / 1_000_000) ms" } ?? "none")"
        }
        return "\(jobs.count) jobs; \(connections.count) connections; " + waiting.joined(separator: "; ")
    }
}
