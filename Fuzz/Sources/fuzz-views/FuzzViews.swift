import Harness
import Properties

/// Views and records agree on any bytes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    check(start, count, CodecProperties.views)
}

@_cdecl("LLVMFuzzerCustomMutator")
public func fuzzMutate(_ start: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int, _ seed: UInt32) -> Int {
    mutateBatch(start, count, limit: limit, seed: seed)
}
