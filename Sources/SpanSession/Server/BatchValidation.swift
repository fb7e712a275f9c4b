import ProtoWire
import SpanModel

/// The findings of a batch's check: what was taken out or repaired before it can be stored.
public struct BatchValidation: Sendable, Hashable {
    /// The number of spans that were taken out.
    public var rejectedSpans = 0
    /// The reason for which the first span was taken out: the field's path and what is wrong with it, no values; empty
    /// when none was.
    public var firstReason = ""
    /// The number of strings that were not UTF-8 and were repaired.
    public var repairedStrings = 0
    /// The place of the first repaired string, as a path of fields.
    public var firstRepairPath = ""

    /// Makes the findings of a batch with which nothing is wrong.
    public init() {}

    /// Takes the spans whose trace or span id is missing, of a wrong length or zero out of `batch`; their neighbours
    /// stay. Copies nothing when all are fit.
    ///
    /// - Parameters:
    ///   - batch: the batch that the spans are taken out of.
    ///   - notes: what decoding repaired.
    public init(removingInvalidSpansFrom batch: inout SpanBatch, notes: DecodeNotes = DecodeNotes()) {
        repairedStrings = notes.repairedStrings
        firstRepairPath = notes.firstRepairPath
        for resource in batch.resourceSpans.indices {
            for scope in batch.resourceSpans[resource].scopeSpans.indices {
                let spans = batch.resourceSpans[resource].scopeSpans[scope].spans
                guard let first = spans.firstIndex(where: { !BatchValidation.isFit($0) }) else { continue }
                if firstReason.isEmpty {
                    let path = "resource_spans[\(resource)].scope_spans[\(scope)].spans[\(first)]"
                    firstReason = path + BatchValidation.fault(of: spans[first])
                }
                let fit = spans.filter(BatchValidation.isFit)
                rejectedSpans += spans.count - fit.count
                batch.resourceSpans[resource].scopeSpans[scope].spans = fit
            }
        }
    }

    /// The text for `Ack.partial_success.error_message`: what was refused and what was repaired; empty when nothing
    /// was.
    public var message: String {
        var parts: [String] = []
        if rejectedSpans > 0 {
            parts.append(
                "\(rejectedSpans.counted("span")) rejected, the first: \(firstReason)")
        }
        if repairedStrings > 0 {
            let strings = repairedStrings == 1 ? "1 string was" : "\(repairedStrings) strings were"
            parts.append("\(strings) not UTF-8 and repaired, the first: \(firstRepairPath)")
        }
        return parts.joined(separator: "; ")
    }

    /// Why a collector refuses the span: the field and what is wrong with it, such as `.trace_id is missing`; `nil` for
    /// a span that it takes.
    package static func reason(against span: SpanRecord) -> String? { isFit(span) ? nil : fault(of: span) }

    private static func isFit(_ span: SpanRecord) -> Bool { span.traceID.isValid && span.spanID.isValid }

    private static func fault(of span: SpanRecord) -> String {
        span.traceID.isValid
            ? ".span_id " + fault(of: span.irregularIDs[.spanID], length: 8)
            : ".trace_id " + fault(of: span.irregularIDs[.traceID], length: 16)
    }

    private static func fault(of bytes: [UInt8]?, length: Int) -> String {
        guard let bytes, !bytes.isEmpty else { return "is missing" }
        return bytes.count == length ? "is all zeros" : "has \(bytes.count.counted("byte")), \(length) are needed"
    }
}
