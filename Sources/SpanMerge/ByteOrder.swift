import ProtoWire

/// -1, 0 or 1 as the left text's UTF-8 bytes come before, equal or come after the right's.
///
/// Not `<`, which holds texts equal that Unicode calls canonically equivalent.
package func byteOrder(_ left: String, _ right: String) -> Int {
    // Proof: both buffers are only read while the closures run, below their counts.
    let result = unsafe left.utf8.withContiguousStorageIfAvailable { a -> Int? in
        unsafe right.utf8.withContiguousStorageIfAvailable { b -> Int in
            let shared = min(a.count, b.count)
            var index = 0
            while index < shared {
                let (x, y) = unsafe (a[index], b[index])
                if x != y { return x < y ? -1 : 1 }
                index += 1
            }
            return order(a.count, b.count)
        }
    }
    if let result, let result { return result }
    return byteOrder(Array(left.utf8), Array(right.utf8))
}

/// -1, 0 or 1 as the left bytes come before, equal or come after the right ones.
package func byteOrder(_ left: [UInt8], _ right: [UInt8]) -> Int {
    for (x, y) in zip(left, right) where x != y { return x < y ? -1 : 1 }
    return order(left.count, right.count)
}

/// -1, 0 or 1 as the left value is less than, equal to or greater than the right.
func order<Value: Comparable>(_ left: Value, _ right: Value) -> Int {
    left < right ? -1 : left == right ? 0 : 1
}

/// Whether two texts are the same bytes.
func same(_ left: String, _ right: String) -> Bool { byteOrder(left, right) == 0 }

/// The order of the encoded messages' bytes. Encodes both: for values that are known to differ.
func encodedOrder<Message: WireMessage>(_ left: Message, _ right: Message) -> Int {
    byteOrder(left.encoded(), right.encoded())
}
