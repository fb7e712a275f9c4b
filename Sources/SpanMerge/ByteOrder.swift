import ProtoWire

/// Returns -1, 0 or 1 when the left text's UTF-8 bytes come before, equal or come after the right's.
///
/// `<` of `String` will not do, since it treats canonically equivalent texts as equal.
package func byteOrder(_ left: String, _ right: String) -> Int { left.byteOrder(to: right) }

/// Returns -1, 0 or 1 when the left bytes come before, equal or come after the right ones.
package func byteOrder(_ left: [UInt8], _ right: [UInt8]) -> Int {
    // Proof: both buffers are only read while the closures run.
    unsafe left.withUnsafeBytes { left in unsafe right.withUnsafeBytes { unsafe TextBytes.order(left, $0) } }
}

/// Returns -1, 0 or 1 when the left value is less than, equal to or greater than the right.
func order<Value: Comparable>(_ left: Value, _ right: Value) -> Int {
    left < right ? -1 : left == right ? 0 : 1
}

/// Returns `true` when two texts have the same bytes.
func same(_ left: String, _ right: String) -> Bool { left.hasSameBytes(as: right) }

/// Returns the order of two encoded messages' bytes. Encodes both: for values that are known to differ.
func encodedOrder<Message: WireMessage>(_ left: Message, _ right: Message) -> Int {
    byteOrder(left.encoded(), right.encoded())
}
