import ArgumentParser
import SpanCapture
import SpanModel
import SpanStorage

/// `spanwire query senders`.
struct QuerySendersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "senders", abstract: "Lists the senders that batches came from, and what they lost.",
        discussion: """
            A sender reports the spans it had to give up, by reason, with its next batch; they are stored with it. \
            The sender "(none)" stands for all sources that do not number their batches. PRESENCE is connected, \
            said_goodbye, gone (its connection or the collector ended without a goodbye; of a collector that was \
            killed after 30 seconds) or unknown; REJECTED counts spans that the collector refused, such as for an id \
            that is none.

            With --format json an array of objects: sender, agent, storedSequence, storedReports, dropped (an object \
            of counts by reason), rejectedReports, presence, lastSeenUnixNano.

            Example: spanwire query senders --store spans.db
            """)

    @OptionGroup var options: QueryOptions

    func run() async throws {
        let now = Process.nowUnixNano()
        let senders = try await options.ask { store throws(SpanStoreError) in
            try await store.senders(nowUnixNano: now)
        }
        if options.format == .table { return try [TextPart.table(table(senders))].print() }
        let standardOutput = StandardOutput()
        var output = standardOutput.makeOutput()
        Self.printJSON(senders, to: &output)
        output.flush()
        try standardOutput.check()
    }

    private func table(_ senders: [SenderSummary]) -> TextTable {
        var table = TextTable(
            [
                .word("SENDER", 1), .text("AGENT", 5), .word("PRESENCE", 2), .number("STORED", 3),
                .number("REJECTED", 6), .number("DROPPED", 4), .time("LAST SEEN", 7), .text("BY REASON", 8),
            ], in: options.room)
        for sender in senders {
            let reasons = sender.dropped.map { "\(NameText.listed($0.reason)) \($0.spans)" }
            table.add([
                sender.sender.isValid ? sender.sender.hex : "(none)",
                sender.agent.isEmpty ? "" : options.room.shownName(sender.agent), "\(sender.presence)",
                String(sender.storedReports), String(sender.rejectedReports), Self.droppedSpans(sender),
                sender.lastSeenUnixNano == 0 ? "" : UTCTime.text(sender.lastSeenUnixNano),
                reasons.joined(separator: ", "),
            ])
        }
        return table
    }

    /// Returns the sum over all reasons, at most 2^64 - 1.
    private static func droppedSpans(_ sender: SenderSummary) -> String {
        var sum: UInt64 = 0
        for count in sender.dropped {
            let (more, overflow) = sum.addingReportingOverflow(count.spans)
            sum = overflow ? .max : more
        }
        return String(sum)
    }

    private static func printJSON(_ senders: [SenderSummary], to output: inout ByteOutput) {
        output.append(UInt8(ascii: "["))
        for (index, sender) in senders.enumerated() {
            output.append(index == 0 ? "\n  {\"sender\": " : ",\n  {\"sender\": ")
            output.appendJSONString(sender.sender.isValid ? sender.sender.hex : "")
            output.append(", \"agent\": ")
            output.appendJSONString(sender.agent)
            output.append(", \"storedSequence\": \"\(sender.storedSequence)\"")
            output.append(", \"storedReports\": \"\(sender.storedReports)\", \"dropped\": {")
            for (place, count) in sender.dropped.enumerated() {
                if place > 0 { output.append(", ") }
                output.appendJSONString(count.reason)
                output.append(": \"\(count.spans)\"")
            }
            output.append("}, \"rejectedReports\": \"\(sender.rejectedReports)\", \"presence\": \"\(sender.presence)\"")
            output.append(", \"lastSeenUnixNano\": \"\(sender.lastSeenUnixNano)\"}")
        }
        output.append(senders.isEmpty ? "]\n" : "\n]\n")
    }
}
