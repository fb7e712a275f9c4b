import ArgumentParser
import SpanCapture
import SpanStorage
import SpanStorageSQLite

/// `spanwire query`: questions to a store.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Asks a store for traces and spans, services and what they call, latency and errors.",
        discussion: """
            Reads the file of a collector, also while it runs.

            Examples:
              spanwire query services --store spans.db
              spanwire query trace 5b8aa5a2d2c872e8321cf37308d69df2 --store spans.db
              spanwire query search --service cart --status error --since 1h --store spans.db
              spanwire query search 'name~"^GET" duration>100ms not error' --store spans.db
              spanwire query search --min-duration 100ms --format json --store spans.db | jq .
              spanwire query dependencies --since 1h --store spans.db
              spanwire query latency kind=server --since 1h --step 5m --store spans.db
              spanwire query export --since 1h --store spans.db > spans.pb
            """,
        subcommands: [
            QueryServicesCommand.self, QueryOperationsCommand.self, QueryAttributesCommand.self,
            QueryValuesCommand.self, QueryTraceCommand.self, QuerySearchCommand.self, QueryDependenciesCommand.self,
            QueryLatencyCommand.self, QueryErrorsCommand.self, QuerySlowCommand.self, QueryRunningCommand.self,
            QueryCriticalPathCommand.self, QueryCompareCommand.self, QueryExportCommand.self, QuerySendersCommand.self,
        ])

    mutating func run() throws {
        let names = Self.configuration.subcommands.compactMap { $0.configuration.commandName }
        throw ValidationError("Missing subcommand: \(names.joined(separator: ", ")).")
    }
}

/// Options and arguments that every query takes.
struct QueryOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The store's file.", valueName: "path"))
    var store: String

    @Option(help: ArgumentHelp("What to print.", valueName: "format"))
    var format = Format.table

    @OptionGroup var tables: TableOptions

    /// Space for a table.
    var room: TextRoom { tables.room }

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case table, json
    }

    /// Opens the store for reading, asks it, and closes it.
    func ask<Answer: Sendable>(
        _ question: (any SpanStore) async throws(SpanStoreError) -> Answer
    ) async throws -> Answer { try await Self.ask(store, question) }

    /// Opens the store for reading, asks it about a filter, and closes it. When nothing is found and no service has the
    /// name that the filter asks for, a remark on standard error says so.
    func ask<Answer: Sendable>(
        about filter: SpanFilter, isEmpty: @escaping @Sendable (Answer) -> Bool,
        _ question: (any SpanStore) async throws(SpanStoreError) -> Answer
    ) async throws -> Answer {
        let (answer, remark) = try await ask { store throws(SpanStoreError) in
            let answer = try await question(store)
            return (answer, isEmpty(answer) ? try await EmptyAnswer.unknownService(filter, store) : nil)
        }
        if let remark { EmptyAnswer.note(filter, remark) }
        return answer
    }

    /// Opens a store for reading, asks it, and closes it.
    static func ask<Answer: Sendable>(
        _ store: String, _ question: (any SpanStore) async throws(SpanStoreError) -> Answer
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
