import ProtoWire
import SpanModel

/// One input of libFuzzer. What must hold for any bytes: no trap; a fault lies inside the input; what is accepted is
/// written to bytes that decode to the same value, and from then on to the same bytes; repairing accepts at least what
/// rejecting does.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    do {
        let batch = try SpanBatch(decoding: bytes)
        let encoded = batch.encoded()
        let again = try SpanBatch(decoding: encoded)
        precondition(again.encoded() == encoded, "a second encoding differs")
        _ = try SpanBatch(decoding: bytes, options: DecodeOptions(invalidUTF8: .repair))
    } catch {
        precondition((0...count).contains(error.offset), "the fault lies at \(error.offset) of \(count) bytes")
        if let repaired = try? SpanBatch(decoding: bytes, options: DecodeOptions(invalidUTF8: .repair)) {
            precondition((try? SpanBatch(decoding: repaired.encoded())) != nil, "what was repaired is still broken")
        }
    }
    return 0
}
