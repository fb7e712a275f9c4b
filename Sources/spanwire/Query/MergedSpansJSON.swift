import ProtoWire
import SpanMerge
import SpanModel

/// Merged spans as OTLP/JSON, which any OTLP tool takes.
enum MergedSpansJSON {
    /// Prints the spans to standard output.
    static func print(_ spans: [MergedSpan]) throws {
        let standardOutput = StandardOutput()
        var output = standardOutput.makeOutput()
        do throws(WireError) {
            try JSONPrinter(SpanBatch.schema, style: .pretty).print(SpanBatch(spans), to: &output)
        } catch {
            throw CommandFailure(error.description)
        }
        output.append(UInt8(ascii: "\n"))
        output.flush()
        try standardOutput.check()
    }
}
