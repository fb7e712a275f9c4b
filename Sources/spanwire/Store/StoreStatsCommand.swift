import ArgumentParser
import ProtoWire
import SpanCapture
import SpanModel
import SpanStorage
import SpanStorageSQLite

/// `spanwire store stats`.
struct StoreStatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Shows how much a store holds and how it lies in the file.",
        discussion: """
            A row for each hour and level: level 0 is what was appended, 9 what is not merged again. "loose" counts reports \
            of spans that have, or may have, others elsewhere; bytes are those of blocks, filters and indexes.

            With --format json an object: fileBytes, freeBytes, storedReports, spans, looseReports, bytes, rawBytes, \
            partitions (begins, levels: level, runs, blocks, spans, looseReports, rawBytes, bytes).

            Example: spanwire store stats spans.db
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument { case table, json }

    @Argument(help: "The store's file.")
    var file: String

    @Option(help: ArgumentHelp("What to print: a table for people, or JSON.", valueName: "form"))
    var format = Format.table

    @OptionGroup var tables: TableOptions

    func run() async throws {
        let found = try await SQLiteSpanStore.with(file, .readOnly) { store throws(SpanStoreError) in
            try await store.statistics()
        }
        if format == .table { return try text(found).print() }
        let standardOutput = StandardOutput()
        var output = standardOutput.makeOutput()
        output.append(Self.json(found))
        output.flush()
        try standardOutput.check()
    }

    private static func begins(_ partition: StoreStatistics.Partition) -> String {
        UTCTime.text(UInt64(clamping: partition.beginsUnixSeconds) * 1_000_000_000)
    }

    private func text(_ found: StoreStatistics) -> [TextPart] {
        let total = found.total
        var text = "\(found.fileBytes.counted("byte")), \(found.freeBytes) of them free; \(total.spans.counted("span"))"
        if total.looseReports > 0 { text += ", \(total.looseReports) loose reports" }
        let reports = total.spans + total.looseReports
        if reports > 0 {
            text += ", \(((found.fileBytes - found.freeBytes) / reports).counted("byte")) each"
        }
        text = tables.room.folded(text + "\n")
        if found.partitions.isEmpty { return [.lines(text)] }
        var table = TextTable(
            [
                .time("HOUR", 1), .number("LEVEL", 2), .number("RUNS", 6), .number("BLOCKS", 5), .number("SPANS", 3),
                .number("LOOSE", 8), .number("RAW BYTES", 7), .number("BYTES", 4),
            ], in: tables.room)
        for partition in found.partitions {
            for level in partition.levels {
                table.add(
                    [Self.begins(partition)]
                        + [
                            level.level, level.runs, level.blocks, level.spans, level.looseReports, level.rawBytes,
                            level.bytes,
                        ].map(String.init))
            }
        }
        return [.lines(text + "\n"), .table(table)]
    }

    private static func json(_ found: StoreStatistics) -> String {
        let partitions = found.partitions.map { partition in
            let levels = partition.levels.map { "{\"level\": \($0.level), \(fields($0))}" }
            return "    {\"begins\": \"\(begins(partition))\", \"levels\": [\(levels.joined(separator: ", "))]}"
        }
        return """
            {
              "fileBytes": \(found.fileBytes),
              "freeBytes": \(found.freeBytes),
              "storedReports": "\(found.storedReports)",
              \(fields(found.total)),
              "partitions": [\(partitions.isEmpty ? "" : "\n" + partitions.joined(separator: ",\n") + "\n  ")]
            }

            """
    }

    private static func fields(_ level: StoreStatistics.Level) -> String {
        "\"runs\": \(level.runs), \"blocks\": \(level.blocks), \"spans\": \(level.spans), "
            + "\"looseReports\": \(level.looseReports), \"rawBytes\": \(level.rawBytes), \"bytes\": \(level.bytes)"
    }
}
