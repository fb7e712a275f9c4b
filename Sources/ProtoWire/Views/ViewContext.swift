/// Context that all views of one payload share: the depth that is left, and the policy for strings that are not UTF-8.
@_documentation(visibility: internal)
public struct ViewContext: BitwiseCopyable {
    /// Number of messages that may be open inside the one that this belongs to (16 bits), the same for the outermost
    /// message (15 bits), and the policy (1 bit, set to repair). One word, since views have little room.
    @usableFromInline package let bits: UInt32

    /// Creates a context from `bits`.
    @inlinable
    @inline(__always)
    package init(bits: UInt32) { self.bits = bits }

    /// Creates the context of a payload's outermost message.
    package init(_ options: DecodeOptions) {
        let depth = UInt32(truncatingIfNeeded: options.limits.maxDepth)
        bits = depth | depth << 16 | (options.invalidUTF8 == .repair ? 1 << 31 : 0)
    }

    /// Number of messages that may be open inside the one that this belongs to.
    @inlinable
    @inline(__always)
    package var depthLeft: UInt16 { UInt16(truncatingIfNeeded: bits) }

    var maxDepth: Int { Int(bits >> 16 & 0x7FFF) }

    /// `true` when strings that are not UTF-8 pass.
    package var repairs: Bool { bits >> 31 == 1 }

    /// Context without a bound on the depth.
    var unbounded: ViewContext { ViewContext(bits: bits | 0xFFFF) }

    /// Options of a reader of the same message.
    var options: DecodeOptions {
        DecodeOptions(
            limits: WireLimits(maxDepth: maxDepth, maxPayloadBytes: .max), invalidUTF8: repairs ? .repair : .reject)
    }

    /// Returns the context inside a message that begins here.
    ///
    /// - Parameter position: offset of the message's key or content, for the error.
    /// - Throws: `tooDeep` when no further message may be open.
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
