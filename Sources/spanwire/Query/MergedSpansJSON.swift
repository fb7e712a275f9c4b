import ProtoWire
import SpanMerge
import SpanModel

/// Merged spans as OTLP/JSON, so that any OTLP tool takes them.
enum MergedSpansJSON {
    static func print(_ spans: [MergedSpan], to output: inout ByteOutput) throws {
        do throws(WireError) {
            try JSONPrinter(SpanBatch.schema, style: .pretty).print(SpanBatch(spans), to: &output)
        } catch {
            throw CommandFailure(error.description)
        }
        output.append(UInt8(ascii: "\n"))
    }
}
