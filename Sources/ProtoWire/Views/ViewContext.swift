/// What all views of one payload share: how deep they may still go, and what becomes of strings that are not UTF-8.
public struct ViewContext: BitwiseCopyable {
    /// How many messages may be open inside the one that this belongs to (16 bits), how many inside the outermost one
    /// (15 bits), and whether to repair. In one word, since views have room for few.
    @usableFromInline package let bits: UInt32

    @inlinable
    @inline(__always)
    package init(bits: UInt32) { self.bits = bits }

    /// For the outermost message of a payload.
    package init(_ options: DecodeOptions) {
        let depth = UInt32(truncatingIfNeeded: options.limits.maxDepth)
        bits = depth | depth << 16 | (options.invalidUTF8 == .repair ? 1 << 31 : 0)
    }

    /// How many messages may be open inside the one that this belongs to.
    @inlinable
    @inline(__always)
    package var depthLeft: UInt16 { UInt16(truncatingIfNeeded: bits) }

    var maxDepth: Int { Int(bits >> 16 & 0x7FFF) }

    /// Whether strings that are not UTF-8 pass.
    package var repairs: Bool { bits >> 31 == 1 }

    /// The same without a bound on the depth.
    var unbounded: ViewContext { ViewContext(bits: bits | 0xFFFF) }

    /// The options that a reader of the same message has.
    var options: DecodeOptions {
        DecodeOptions(
            limits: WireLimits(maxDepth: maxDepth, maxPayloadBytes: .max), invalidUTF8: repairs ? .repair : .reject)
    }

    /// The context inside a message that begins here.
    ///
    /// - Parameter position: where the message's key or content stands, for the error.
    /// - Throws: `too_deep` when no further message may be open.
    @inlinable
    @inline(__always)
    package func entered(at position: Int) throws(WireError) -> ViewContext {
        guard depthLeft > 0 else { throw tooDeep(position) }
        return ViewContext(bits: bits &- 1)
    }

    @usableFromInline
    func tooDeep(_ position: Int) -> WireError {
        WireError(.tooDeep, "more than \(maxDepth) messages or groups inside each other", offset: position)
    }
}
