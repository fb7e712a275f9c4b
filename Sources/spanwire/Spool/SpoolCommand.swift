import ArgumentParser
import SpanCapture
import SpanModel
import SpanSpool

/// `spanwire spool`: what a sender's directory holds.
struct SpoolCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool",
        abstract: "Shows what waits in a sender's spool.",
        discussion: """
            Reads the directory and changes nothing; a process may be using it meanwhile. Spans are counted, not shown; \
            docs/spool.md has the format.

            With --format json an object: sender, inUse, waitingSpans, highestSequence, ledgerDamaged, dropped (an object of \
            counts by reason), segments (name, bytes, spans, unsentSpans, damagedSpans, damagedBytes, tornBytes, \
            headerDamaged), batches (sequence, spans).

            Exit codes: 0 when all of it is sound (an unfinished record at the end of a segment is), 1 otherwise, 2 for a \
            wrong command line.

            Examples:
              spanwire spool /var/spool/spans
              spanwire spool /var/spool/spans --format json | jq .waitingSpans
            """)

    enum Format: String, ExpressibleByArgument { case table, json }

    @Argument(help: "The directory.")
    var directory: String

    @Option(help: ArgumentHelp("What to print: a table for people, or JSON.", valueName: "form"))
    var format = Format.table

    func run() throws {
        let found: SpoolInspection
        do {
            found = try SpoolInspection(of: directory)
        } catch {
            throw CommandFailure(error.message)
        }
        guard found.sender != nil || !found.segments.isEmpty || found.isLedgerDamaged else {
            throw CommandFailure("\(directory) is no spool; name the directory that a client was given for one")
        }
        let standardOutput = StandardOutput()
        var output = standardOutput.makeOutput()
        switch format {
        case .table: output.append(Self.text(found))
        case .json: Self.printJSON(found, to: &output)
        }
        output.flush()
        try standardOutput.check()
        let isSound =
            !found.isLedgerDamaged
            && found.segments.allSatisfy { $0.damagedBytes == 0 && $0.damagedSpans == 0 && !$0.isHeaderDamaged }
        guard isSound else { throw CommandFailure("\(directory) is damaged; what can be read is sent by its sender") }
    }

    private static func text(_ found: SpoolInspection) -> String {
        var text = "sender \(found.sender?.hex ?? "(none)")\(found.isInUse ? ", in use" : "")\n"
        text += "\(found.waitingSpans) spans wait, numbers are given up to \(found.highestSequence)\n"
        if found.isLedgerDamaged { text += "the ledger is damaged: everything is sent anew\n" }
        for count in found.dropped {
            text += "dropped \(TerminalText.escaped(count.reason)) \(count.spans), not yet told\n"
        }
        if !found.segments.isEmpty {
            var table = TextTable(
                ["SEGMENT", "BYTES", "SPANS", "UNSENT", "DAMAGED", "TORN"], rightAligned: [1, 2, 3, 4, 5])
            for segment in found.segments {
                table.add([
                    segment.name, String(segment.bytes), String(segment.spans), String(segment.unsentSpans),
                    damage(segment), segment.tornBytes == 0 ? "" : "\(segment.tornBytes) B",
                ])
            }
            text += "\n" + table.text
        }
        if !found.batches.isEmpty {
            var table = TextTable(["BATCH", "SPANS", "DROPPED"], rightAligned: [0, 1, 2])
            for batch in found.batches {
                let dropped = batch.dropped.map { "\(TerminalText.escaped($0.reason)) \($0.spans)" }
                table.add([String(batch.sequence), String(batch.spans), dropped.joined(separator: ", ")])
            }
            text += "\n" + table.text
        }
        return text
    }

    private static func damage(_ segment: SpoolInspection.Segment) -> String {
        var words: [String] = []
        if segment.isHeaderDamaged { words.append("header") }
        if segment.damagedSpans > 0 { words.append("\(segment.damagedSpans) spans") }
        if segment.damagedBytes > 0 { words.append("\(segment.damagedBytes) B") }
        return words.joined(separator: ", ")
    }

    private static func printJSON(_ found: SpoolInspection, to output: inout ByteOutput) {
        output.append("{\n  \"sender\": ")
        output.appendJSONString(found.sender?.hex ?? "")
        output.append(",\n  \"inUse\": \(found.isInUse),\n  \"waitingSpans\": \(found.waitingSpans)")
        output.append(",\n  \"highestSequence\": \"\(found.highestSequence)\"")
        output.append(",\n  \"ledgerDamaged\": \(found.isLedgerDamaged),\n  \"dropped\": {")
        for (index, count) in found.dropped.enumerated() {
            output.append(index == 0 ? "" : ", ")
            output.appendJSONString(count.reason)
            output.append(": \"\(count.spans)\"")
        }
        output.append("},\n  \"segments\": [")
        for (index, segment) in found.segments.enumerated() {
            output.append(index == 0 ? "\n    {\"name\": " : ",\n    {\"name\": ")
            output.appendJSONString(segment.name)
            output.append(", \"bytes\": \(segment.bytes), \"spans\": \(segment.spans)")
            output.append(", \"unsentSpans\": \(segment.unsentSpans), \"damagedSpans\": \(segment.damagedSpans)")
            output.append(", \"damagedBytes\": \(segment.damagedBytes), \"tornBytes\": \(segment.tornBytes)")
            output.append(", \"headerDamaged\": \(segment.isHeaderDamaged)}")
        }
        output.append(found.segments.isEmpty ? "],\n  \"batches\": [" : "\n  ],\n  \"batches\": [")
        for (index, batch) in found.batches.enumerated() {
            output.append(index == 0 ? "\n" : ",\n")
            output.append("    {\"sequence\": \"\(batch.sequence)\", \"spans\": \(batch.spans)}")
        }
        output.append(found.batches.isEmpty ? "]\n}\n" : "\n  ]\n}\n")
    }
}
