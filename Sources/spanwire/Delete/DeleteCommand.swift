import ArgumentParser
import SpanCapture
import SpanModel
import SpanStorage
import SpanStorageSQLite

/// `spanwire delete TRACE…`: traces that are not to be kept.
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes traces from a store, for good.",
        discussion: """
            Reports of a deleted trace that arrive later, resent ones too, are acknowledged
            and left out, so that the trace stays deleted. A trace that is not in the store
            can be deleted as well: its reports are left out when they come. Retention by
            age (collect --keep) forgets a deletion when it is as old as spans may become.
            A collector may be writing to the store meanwhile. The bytes of the spans may
            stay in free parts of the file until these are used again.

            Example: spanwire delete 5b8aa5a2d2c872e8321cf37308d69df2 --store spans.db
            """)

    @Argument(
        help: ArgumentHelp("The traces' ids: 32 hexadecimal digits each, not all of them zero.", valueName: "trace"))
    var traces: [DeletedTrace]

    @Option(help: ArgumentHelp("The store's file.", valueName: "path"))
    var store: String

    func run() async throws {
        let now = Process.nowUnixNano()
        do throws(SpanStoreError) {
            // Opening for writing would make a file where there is none.
            do throws(SpanStoreError) {
                try await SQLiteSpanStore.open(path: store, mode: .readOnly).close()
            } catch  where error.code == .notFound {
                throw SpanStoreError(.notFound, "there is no file \(store); check the path")
            } catch  where error.code == .cannotOpen {
                // What keeps it from being read is not what keeps it from being written, which is told below.
            }
            let opened = try await SQLiteSpanStore.open(path: store, mode: .readWrite)
            do throws(SpanStoreError) {
                for trace in traces {
                    let spans = try await opened.deleteTrace(trace.id, nowUnixNano: now)
                    let count = AttributeText.count(Int(clamping: spans), "span")
                    Process.writeError("spanwire: trace \(trace.id.hex): \(count) deleted\n")
                }
            } catch {
                await opened.close()
                throw error
            }
            await opened.close()
            if let loss = opened.takeLoss() { throw loss }
        } catch {
            throw CommandFailure(error.message)
        }
    }
}

/// Trace id as an argument.
struct DeletedTrace: ExpressibleByArgument {
    var id: TraceID

    init?(argument: String) {
        guard let id = TraceID(hex: argument), id.isValid else { return nil }
        self.id = id
    }
}
