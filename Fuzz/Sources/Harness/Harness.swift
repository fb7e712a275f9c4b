/// Runs one property over one input of libFuzzer; a property that does not hold ends the process, which libFuzzer takes
/// for a find and keeps the input.
///
/// - Returns: what `LLVMFuzzerTestOneInput` has to return.
public func check(
    _ start: UnsafePointer<UInt8>?, _ count: Int, _ property: (_ bytes: [UInt8]) -> String?
) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    if let fault = property(bytes) { fatalError(fault) }
    return 0
}
