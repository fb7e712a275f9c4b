import ArgumentParser
import ProtoWire
import SpanModel
import SpanStorage
import SpanStorageSQLite

/// `spanwire store`: the file of a store itself.
struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Checks, compacts and measures a store's file.",
        discussion: """
            docs/storage.md has the format.

            Examples:
              spanwire store check spans.db
              spanwire store compact spans.db
              spanwire store stats spans.db --format json
            """,
        subcommands: [StoreCheckCommand.self, StoreCompactCommand.self, StoreStatsCommand.self])

    mutating func run() throws {
        throw ValidationError("Missing subcommand: check, compact or stats.")
    }
}

extension SQLiteSpanStore {
    /// Opens a store's file, passes it to `body`, and closes it.
    static func with<Answer: Sendable>(
        _ path: String, _ mode: Mode, _ body: (SQLiteSpanStore) async throws(SpanStoreError) -> Answer
    ) async throws -> Answer {
        do throws(SpanStoreError) {
            let store = try await SQLiteSpanStore.open(
                path: path, mode: mode, options: Options(compactsInBackground: false))
            let answer: Answer
            do throws(SpanStoreError) {
                answer = try await body(store)
            } catch {
                await store.close()
                throw error
            }
            await store.close()
            if let loss = store.takeLoss() { throw loss }
            return answer
        } catch {
            throw CommandFailure(error.message)
        }
    }
}

/// `spanwire store check`.
struct StoreCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Reads the whole file and says what is wrong with it.",
        discussion: """
            The database, its tables and views, each row, each block's checksum, what is in it, and whether all indexes find \
            it. Changes nothing, and can be done while a collector writes.

            Exit codes: 0 when all is sound, 1 otherwise, 2 for a wrong command line.

            Example: spanwire store check spans.db
            """)

    @Argument(help: "The store's file.")
    var file: String

    func run() async throws {
        let found = try await SQLiteSpanStore.with(file, .readOnly) { store throws(SpanStoreError) in
            try await store.check()
        }
        let standardOutput = StandardOutput()
        var output = standardOutput.makeOutput()
        for fault in found.faults { output.append(fault + "\n") }
        output.append(
            "\(found.runs.counted("run")), \(found.blocks.counted("block")), \(found.reports.counted("report")) read\n")
        output.flush()
        try standardOutput.check()
        guard found.faults.isEmpty else {
            throw CommandFailure(
                "\(file) is damaged; keep a copy of it, and read what is left with query search or Interop/python/spans.py"
            )
        }
    }
}

/// `spanwire store compact`.
struct StoreCompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Merges what was appended, and gives free pages back to the file system.",
        discussion: """
            A collector does the merging by itself while it runs. A file of an earlier format is brought up to date first.

            Example: spanwire store compact spans.db
            """)

    @Argument(help: "The store's file; no collector should be writing to it.")
    var file: String

    func run() async throws {
        // Opening for writing would make the file.
        guard InputFile.exists(file) else {
            throw CommandFailure("there is no file \(file); check the path")
        }
        try await SQLiteSpanStore.with(file, .readWrite) { store throws(SpanStoreError) in try await store.compact() }
    }
}
