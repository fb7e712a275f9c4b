// embedded-collector: receives spans and stores them until it is asked to end.
import Logging
import ServiceLifecycle
import SpanCollector
import SpanStorageSQLite
import SpanTransport

let logger = Logger(label: "collector")
let store = try await SQLiteSpanStore.open(path: "embedded.db", mode: .readWrite)
let collector = CollectorService(store: store, configuration: SpanServerConfiguration(), logger: logger)
try await ServiceGroup(services: [collector], gracefulShutdownSignals: [.sigterm], logger: logger).run()
await store.close()
