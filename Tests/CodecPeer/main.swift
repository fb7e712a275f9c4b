// The hand-written codec as a filter, for comparison with other runtimes.
//
// stdin:  cases, each a message name (one byte of length, then ASCII) and a payload (4 bytes of length, big-endian). The
//         name stands behind "json:" where the payload is JSON.
// stdout: for each case one byte, 1 = accepted or 0 = refused, and a block (4 bytes of length, big-endian): the message
//         encoded again, or the error's description.

import ProtoWire
import SpanModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

func readExactly(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
        // Proof: the pointer covers `count - filled` bytes of the array.
        let got = unsafe bytes.withUnsafeMutableBytes { unsafe read(0, $0.baseAddress! + filled, count - filled) }
        if got <= 0 { return nil }
        filled += got
    }
    return bytes
}

func writeAll(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
        // Proof: the pointer covers `bytes.count - sent` bytes of the array.
        let put = unsafe bytes.withUnsafeBytes { unsafe write(1, $0.baseAddress! + sent, bytes.count - sent) }
        if put <= 0 { exit(1) }
        sent += put
    }
}

func answer<Message: WireMessage>(_ type: Message.Type, _ payload: [UInt8], isJSON: Bool) -> (UInt8, [UInt8]) {
    do {
        let message = isJSON ? try Message(json: payload.rawSpan) : try Message(decoding: payload)
        return (1, message.encoded())
    } catch {
        return (0, Array(String(describing: error).utf8))
    }
}

func answer(_ name: String, _ payload: [UInt8], isJSON: Bool = false) -> (UInt8, [UInt8]) {
    if name.hasPrefix("json:") { return answer(String(name.dropFirst(5)), payload, isJSON: true) }
    switch name {
    case SpanBatch.schema.name: return answer(SpanBatch.self, payload, isJSON: isJSON)
    case SpanRecord.schema.name: return answer(SpanRecord.self, payload, isJSON: isJSON)
    case AttributeValue.schema.name: return answer(AttributeValue.self, payload, isJSON: isJSON)
    case Attribute.schema.name: return answer(Attribute.self, payload, isJSON: isJSON)
    case Resource.schema.name: return answer(Resource.self, payload, isJSON: isJSON)
    case ExportResponse.schema.name: return answer(ExportResponse.self, payload, isJSON: isJSON)
    default: return (0, Array("no message of that name".utf8))
    }
}

while let nameLength = readExactly(1), let name = readExactly(Int(nameLength[0])), let size = readExactly(4),
    let payload = readExactly(size.reduce(0) { $0 << 8 | Int($1) })
{
    let (verdict, block) = answer(String(decoding: name, as: UTF8.self), payload)
    let count = UInt32(block.count)
    writeAll([verdict] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) } + block)
}
