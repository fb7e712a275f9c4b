// read-store: prints the newest spans of a service.
import SpanStorage
import SpanStorageSQLite

let store = try await SQLiteSpanStore.open(path: "spans.db", mode: .readOnly)
for span in try await store.search(SpanQuery(service: "checkout", limit: 10)) { print(span.span.name) }
await store.close()
