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

    /// Writes to standard error how the filter was read.
    static func note(_ filter: SpanFilter, _ remark: String?) {
        let text = ColumnText(filter.text, atMost: 200).text
        Process.writeError("spanwire: no span matches \(text)" + (remark.map { "; \($0)" } ?? "") + "\n")
    }
}
