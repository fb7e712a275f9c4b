import ArgumentParser
import SpanStorage
import SpanStorageSQLite

/// `spanwire query`: questions to a store.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Asks a store for services, traces, spans and senders.",
        discussion: """
            Reads the file of a collector, also while it runs.

            Examples:
              spanwire query services --store spans.db
              spanwire query trace 5b8aa5a2d2c872e8321cf37308d69df2 --store spans.db
              spanwire query search --service cart --status error --since 1h --store spans.db
              spanwire query search 'name~"^GET" duration>100ms not error' --store spans.db
              spanwire query search --min-duration 100ms --format json --store spans.db | jq .
              spanwire query senders --store spans.db
            """,
        subcommands: [
            QueryServicesCommand.self, QueryTraceCommand.self, QuerySearchCommand.self, QuerySendersCommand.self,
        ])

    mutating func run() throws {
        throw ValidationError("Missing subcommand: services, trace, search or senders.")
    }
}

/// What every query takes.
struct QueryOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The store's file.", valueName: "path"))
    var store: String

    @Option(help: ArgumentHelp("What to print.", valueName: "format"))
    var format = Format.table

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case table, json
    }

    /// Opens the store for reading, asks, and closes it.
    func ask<Answer: Sendable>(
        _ question: (any SpanStore) async throws(SpanStoreError) -> Answer
    ) async throws -> Answer {
        do throws(SpanStoreError) {
            let opened = try await SQLiteSpanStore.open(path: store, mode: .readOnly)
            let answer: Answer
            do throws(SpanStoreError) { answer = try await question(opened) } catch {
                await opened.close()
                throw error
            }
            await opened.close()
            return answer
        } catch {
            throw CommandFailure(error.message)
        }
    }
}
