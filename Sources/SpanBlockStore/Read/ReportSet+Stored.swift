import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

extension ReportSet {
    /// A report as a state.
    ///
    /// - Throws: `corrupt`.
    func stored(_ entry: ReportEntry) throws(SpanStoreError) -> SpanState {
        do {
            return try state(entry)
        } catch {
            throw .damaged("a stored report cannot be read (\(error.code.rawValue))")
        }
    }

    /// The join of reports of one span.
    func stored(_ members: ArraySlice<Int32>) throws(SpanStoreError) -> SpanState {
        var state = SpanState()
        for member in members { state.join(try stored(entries[Int(member)])) }
        return state
    }
}
