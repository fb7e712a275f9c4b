import ProtoWire
import SpanModel

/// What had to be taken out of a batch, or repaired, before it can be stored.
public struct BatchValidation: Sendable, Hashable {
    /// Spans that were taken out.
    public var rejectedSpans = 0
    /// Why the first of them was: the field's path and what is wrong with it, no values; empty when there is none.
    public var firstReason = ""
    /// Strings that were not UTF-8 and were repaired.
    public var repairedStrings = 0
    /// Where the first of them stood.
    public var firstRepairPath = ""

    public init() {}

    /// Takes the spans whose trace or span id is missing, of a wrong length or zero out of `batch`.
    public init(removingInvalidSpansFrom batch: inout SpanBatch, notes: DecodeNotes = DecodeNotes()) {
    }
}
