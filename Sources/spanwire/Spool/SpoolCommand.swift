import ArgumentParser
import SpanCapture
import SpanModel
import SpanSpool
import SpanStorage

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
            headerDamaged, missing, lostSpans, uncountedLosses, spansWithoutResource), batches (sequence, spans). \
            lostSpans were in no batch and are gone, at the least; uncountedLosses are damaged places in which more may \
            have been; spansWithoutResource are sent without resource and scope, for those cannot be read.

            Exit codes: 0 when all of it is sound (an unfinished record at the end of a segment is), 1 otherwise, 2 for a \
            wrong command line.

            Examples:
              spanwire spool /var/spool/spans
              spanwire spool /var/spool/spans --format json | jq .waitingSpans
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument { case table, json }

    @Argument(help: "The directory.")
    var directory: String

    @Option(help: ArgumentHelp("What to print: a table for people, or JSON.", valueName: "form"))
    var format = Format.table

    @OptionGroup var tables: TableOptions

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
        switch format {
        case .table: try text(found).print()
        case .json:
            let standardOutput = StandardOutput()
            var output = standardOutput.makeOutput()
            Self.printJSON(found, to: &output)
            output.flush()
            try standardOutput.check()
        }
        guard found.isSound else {
            throw CommandFailure("\(directory) is damaged; what can be read is sent by its sender")
        }
    }

    private func text(_ found: SpoolInspection) -> [TextPart] {
        var text = "sender \(found.sender?.hex ?? "(none)")\(found.isInUse ? ", in use" : "")\n"
        let wait = found.waitingSpans == 1 ? "1 span waits" : "\(found.waitingSpans) spans wait"
        let used = found.highestSequence
        let numbers = used == 0 ? "no batch number has been used" : "batch numbers up to \(used) have been used"
        text += "\(wait), \(numbers)\n"
        if found.isLedgerDamaged { text += "the ledger is damaged: everything is sent anew\n" }
        for count in found.dropped {
            text += "dropped \(tables.room.name(NameText.listed(count.reason))) \(count.spans), not yet told\n"
        }
        var parts = [TextPart.lines(tables.room.folded(text))]
        if !found.segments.isEmpty {
            var table = TextTable(
                [
                    .word("SEGMENT", 1), .number("BYTES", 5), .number("SPANS", 4), .number("UNSENT", 2),
                    .number("DAMAGED", 3), .number("TORN", 6),
                ], in: tables.room)
            for segment in found.segments {
                table.add([
                    segment.name, String(segment.bytes), String(segment.spans), String(segment.unsentSpans),
                    Self.damage(segment), segment.tornBytes == 0 ? "" : "\(segment.tornBytes) B",
                ])
            }
            parts += [.lines("\n"), .table(table)]
        }
        if !found.batches.isEmpty {
            var table = TextTable(
                [.number("BATCH", 1), .number("SPANS", 2), .text("DROPPED", 3)], in: tables.room)
            for batch in found.batches {
                let dropped = batch.dropped.map { "\(NameText.listed($0.reason)) \($0.spans)" }
                table.add([String(batch.sequence), String(batch.spans), dropped.joined(separator: ", ")])
            }
            parts += [.lines("\n"), .table(table)]
        }
        return parts
    }

    private static func damage(_ segment: SpoolInspection.Segment) -> String {
        var words: [String] = []
        if segment.isMissing { words.append("missing") }
        if segment.isHeaderDamaged { words.append("header") }
        if segment.damagedSpans > 0 { words.append(AttributeText.count(segment.damagedSpans, "span")) }
        if segment.lostSpans > 0 { words.append("\(AttributeText.count(segment.lostSpans, "span")) lost") }
        if segment.uncountedLosses > 0 { words.append("spans may be lost") }
        if segment.spansWithoutResource > 0 {
            words.append("\(AttributeText.count(segment.spansWithoutResource, "span")) without resource")
        }
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
            output.append(", \"headerDamaged\": \(segment.isHeaderDamaged), \"missing\": \(segment.isMissing)")
            output.append(", \"lostSpans\": \(segment.lostSpans), \"uncountedLosses\": \(segment.uncountedLosses)")
            output.append(", \"spansWithoutResource\": \(segment.spansWithoutResource)}")
        }
        output.append(found.segments.isEmpty ? "],\n  \"batches\": [" : "\n  ],\n  \"batches\": [")
        for (index, batch) in found.batches.enumerated() {
            output.append(index == 0 ? "\n" : ",\n")
            output.append("    {\"sequence\": \"\(batch.sequence)\", \"spans\": \(batch.spans)}")
        }
        output.append(found.batches.isEmpty ? "]\n}\n" : "\n  ]\n}\n")
    }
}
