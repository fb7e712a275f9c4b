import Harness
import Properties

/// Any bytes are read without a trap, and faults are told as they should be.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    check(start, count, CodecProperties.decodeBatch)
}

@_cdecl("LLVMFuzzerCustomMutator")
public func fuzzMutate(_ start: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int, _ seed: UInt32) -> Int {
    mutateBatch(start, count, limit: limit, seed: seed)
}
