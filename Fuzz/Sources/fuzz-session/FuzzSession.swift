import Harness
import Properties

/// Any bytes from a peer leave a collector's and a sender's session in order.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    check(start, count, SessionProperties.hold)
}

@_cdecl("LLVMFuzzerCustomMutator")
public func fuzzMutate(_ start: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int, _ seed: UInt32) -> Int {
    mutateConversation(start, count, limit: limit, seed: seed)
}
