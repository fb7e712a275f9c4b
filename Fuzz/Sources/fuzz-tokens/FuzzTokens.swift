import Harness
import Properties

/// Any bytes of a token file are read as the tokens that stand there, or refused with the line's number.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    check(start, count, TokenProperties.hold)
}
