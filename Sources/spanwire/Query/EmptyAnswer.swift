import SpanCapture
import SpanModel
import SpanStorage

/// Remarks for a filter that finds nothing.
enum EmptyAnswer {
    /// Returns the remark that no service has the name that the filter asks for, with the name that may be meant; `nil`
    /// when the filter fails for another reason.
    static func unknownService(
        _ filter: SpanFilter, _ store: any SpanStore
    ) async throws(SpanStoreError) -> String? {
        guard let name = filter.conditions.service?.string, !name.isEmpty else { return nil }
        let services = try await store.services().map(\.name)
        if services.contains(where: { $0.utf8.elementsEqual(name.utf8) }) { return nil }
        let start = "no service is called \(NameText.listed(name))"
        guard let near = NearName.of(name, among: services) else {
            return start + "; spanwire query services lists them"
        }
        return start + ", but \(NameText.listed(near)) is"
    }

    /// Returns the words for an attribute that no span has, with the existing one that may be meant.
    static func missing(
        _ key: AttributeKey, _ scan: SpanScan, _ store: any SpanStore
    ) async throws(SpanStoreError) -> String {
        let filter = scan.filter.text
        if let remark = try await unknownService(scan.filter, store) { return words(filter, remark) }
        let keys = try await store.attributeKeys(scan).groups.map(\.key)
        let spans = filter.isEmpty ? "no span" : "no span that matches \(ColumnText(filter, atMost: 200).text)"
        let start = "\(spans) has \(key.name)"
        if let near = near(key, keys) { return "\(start), but \(near.name) is there" }
        return start
            + (keys.isEmpty ? ", or any other attribute" : "; spanwire query attributes lists those that are there")
    }

    /// Returns the attribute of the same key with another owner, else one with a similar name; `nil` when none is near.
    private static func near(_ key: AttributeKey, _ keys: [AttributeKey]) -> AttributeKey? {
        func bytes(_ key: AttributeKey) -> Substring.UTF8View { Substring(key.key.string).utf8 }
        if let other = keys.first(where: { bytes($0).elementsEqual(bytes(key)) }) { return other }
        let name = key.key.string
        for owned in [keys.filter { $0.owner == key.owner }, keys.filter { $0.owner != key.owner }] {
            guard let near = NearName.of(name, among: owned.map(\.key.string)) else { continue }
            return owned.first { $0.key.string.utf8.elementsEqual(near.utf8) }
        }
        // `resources.host.name`
        let near = NearName.of(name, among: keys.map(\.name))
        return near.flatMap { near in keys.first { $0.name == near } }
    }

    /// Writes to standard error how the filter was read.
    static func note(_ filter: SpanFilter, _ remark: String?) {
        Process.writeError("spanwire: \(words(filter.text, remark))\n")
    }

    private static func words(_ filter: String, _ remark: String?) -> String {
        "no span matches \(ColumnText(filter, atMost: 200).text)" + (remark.map { "; \($0)" } ?? "")
    }
}
