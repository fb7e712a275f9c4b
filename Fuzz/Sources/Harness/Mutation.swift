import CLibFuzzer
import Properties
import SpanModel

/// Changes an encoded batch in place: half the time as a tree, else as libFuzzer does, with its dictionary and what it
/// learned from comparisons.
///
/// - Returns: the new count, at most `limit`: what `LLVMFuzzerCustomMutator` has to return.
public func mutateBatch(_ start: UnsafeMutablePointer<UInt8>, _ count: Int, limit: Int, seed: UInt32) -> Int {
    mutate(start, count, limit, seed) { bytes, messages in messages.mutate(bytes, schema: SpanBatch.schema) }
}

/// As `mutateBatch`, for a control byte and frames.
public func mutateConversation(_ start: UnsafeMutablePointer<UInt8>, _ count: Int, limit: Int, seed: UInt32) -> Int {
    mutate(start, count, limit, seed) { bytes, messages in
        var conversation = ConversationMutator(messages: messages)
        return conversation.mutate(bytes)
    }
}

private func mutate(
    _ start: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int, _ seed: UInt32,
    _ change: (_ bytes: [UInt8], _ messages: inout MessageMutator<SmallGenerator>) -> [UInt8]
) -> Int {
    var messages = MessageMutator(generator: SmallGenerator(seed: seed), changeBytes: mutateBytes)
    if Bool.random(using: &messages.generator) {
        let changed = change([UInt8](UnsafeBufferPointer(start: start, count: count)), &messages)
        if changed.count <= limit {
            _ = UnsafeMutableBufferPointer(start: start, count: limit).update(fromContentsOf: changed)
            return changed.count
        }
    }
    return LLVMFuzzerMutate(start, count, limit)
}

/// libFuzzer's change of a single value, which may grow by a little.
private func mutateBytes(_ bytes: inout [UInt8]) {
    let count = bytes.count
    bytes += [UInt8](repeating: 0, count: 16)
    let changed = bytes.withUnsafeMutableBufferPointer { LLVMFuzzerMutate($0.baseAddress, count, $0.count) }
    bytes.removeLast(bytes.count - changed)
}
