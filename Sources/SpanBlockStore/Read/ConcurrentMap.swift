import SpanStorage
import Synchronization

/// Returns what `body` makes of each input, in their order, on several threads.
///
/// - Parameter share: how many.
/// - Throws: what `body` threw for one of them; the others were called too.
func concurrentMap<Input: Sendable, Output: Sendable, Failure: Error>(
    _ inputs: [Input], _ share: WorkShare = .whole, _ body: @Sendable (Input) throws(Failure) -> Output
) throws(Failure) -> [Output] {
    let all = Mutex<(made: [Output?], fault: Failure?)>(([Output?](repeating: nil, count: inputs.count), nil))
    share.perform(iterations: inputs.count) { index in
        do throws(Failure) {
            let made = try body(inputs[index])
            all.withLock { $0.made[index] = made }
        } catch {
            let fault = error
            all.withLock { $0.fault = fault }
        }
    }
    return try all.withLock { all throws(Failure) in
        if let fault = all.fault { throw fault }
        return all.made.compactMap { $0 }
    }
}
