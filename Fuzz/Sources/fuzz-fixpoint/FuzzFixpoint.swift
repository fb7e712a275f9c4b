import Harness
import Properties
import SpanModel

/// What is read is written, read and written again without a change.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    check(start, count) { CodecProperties.fixpoint($0, as: SpanBatch.self) }
}

@_cdecl("LLVMFuzzerCustomMutator")
public func fuzzMutate(_ start: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int, _ seed: UInt32) -> Int {
    mutateBatch(start, count, limit: limit, seed: seed)
}
