import ProtoWire
import SpanModel
import SpanSession

extension CapturedMessage {
    /// Writes the message encoded again, resource by resource. A resource's spans are passed on as they are when
    /// encoding them again would change nothing; otherwise they are decoded and encoded.
    func printBinary(to output: inout ByteOutput) {
        guard spanCount != nil else { return output.append(message.encoded()) }
        let check = CanonicalCheck(ResourceSpans.schema)
        var rest: [UInt8] = []
        var writer = WireWriter(capacity: 64 << 10)
        forEachPart { part in
            rest.append(copying: MessageFields.removing(1, from: part).rawSpan)
            MessageFields.forEach(1, in: part) { content in
                writer.reset()
                if check.isCanonical(content) {
                    writer.prependVarint(UInt64(content.byteCount))
                    writer.prependKey(0x0A)
                    output.append(copying: writer.bytes)
                    output.append(copying: content)
                } else if let group = try? ResourceSpans(decoding: content, options: CapturedMessage.checkedOptions) {
                    writer.prependMessage(group, key: 0x0A)
                    output.append(copying: writer.bytes)
                }
            }
        }
        guard !rest.isEmpty, let others = try? type.type.init(decoding: rest, options: CapturedMessage.checkedOptions)
        else { return }
        output.append(others.encoded())
    }
}
