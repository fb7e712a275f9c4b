import ProtoWire

/// -1, 0 or 1 as the left text's UTF-8 bytes come before, equal or come after the right's.
///
/// Not `<`, which holds texts equal that Unicode calls canonically equivalent.
package func byteOrder(_ left: String, _ right: String) -> Int { left.byteOrder(to: right) }

/// -1, 0 or 1 as the left bytes come before, equal or come after the right ones.
package func byteOrder(_ left: [UInt8], _ right: [UInt8]) -> Int {
    // Proof: both buffers are only read while the closures run.
    unsafe left.withUnsafeBytes { left in unsafe right.withUnsafeBytes { unsafe TextBytes.order(left, $0) } }
}

/// -1, 0 or 1 as the left value is less than, equal to or greater than the right.
func order<Value: Comparable>(_ left: Value, _ right: Value) -> Int {
    left < right ? -1 : left == right ? 0 : 1
}

/// Whether two texts are the same bytes.
func same(_ left: String, _ right: String) -> Bool { left.hasSameBytes(as: right) }

/// The order of the encoded messages' bytes. Encodes both: for values that are known to differ.
func encodedOrder<Message: WireMessage>(_ left: Message, _ right: Message) -> Int {
    byteOrder(left.encoded(), right.encoded())
}
