// read-store: prints the newest spans of a service, and the longest that a filter finds.
import Foundation
import SpanStorage
import SpanStorageSQLite

let store = try await SQLiteSpanStore.open(path: "spans.db", mode: .readOnly)
for span in try await store.search(SpanQuery(service: "checkout", limit: 10)) { print(span.span.name) }

let now = UInt64(Date().timeIntervalSince1970 * 1_000_000) * 1000
let filter = try SpanFilter(parsing: "service=checkout duration<1h", nowUnixNano: now)
var query = SpanQuery(filter: filter, order: .longest, limit: 50)
let page = try await store.search(query)
query.after = page.last.map { SpanCursor($0, order: query.order) }
let rest = try await store.search(query)
print("\(page.count) on the first page, \(rest.count) on the second")
await store.close()
