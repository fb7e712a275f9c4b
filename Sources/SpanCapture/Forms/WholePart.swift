import ProtoWire
import SpanModel

/// Whole part of a message that was cut off: all spans, resources and scopes before the cut.
///
/// The lengths around the cut are made to fit, so that the rest is a message again. A span that the cut goes through is
/// left out: without its end it would pass for one that runs.
struct WholePart {
    /// Encoded message of the whole part.
    private(set) var bytes: [UInt8] = []
    /// Offset of the first element that is not whole.
    private(set) var cutOffset = 0
    /// Path of the field that is not whole, such as `resource_spans[0].scope_spans[1].spans[3]`, or of the message it
    /// lies in.
    private(set) var path = ""

    /// A container that the cut goes through.
    private struct Opened {
        var keyStart: Int
        var contentStart: Int
        var key: UInt32
    }

    /// Finds the whole part; `nil` when more bytes at the end would not make this a message, so that its fault is not
    /// that it was cut off.
    init?(of payload: RawSpan, schema: MessageSchema) {
        var opened: [Opened] = []
        var schema = schema
        var start = 0
        var end = Int.max
        while true {
            guard let step = Self.step(in: payload, from: start, to: end, schema: schema) else { return nil }
            path += path.isEmpty || step.name.isEmpty ? step.name : "." + step.name
            guard let inner = step.inner else {
                // At the end of the outermost message nothing is missing.
                if opened.isEmpty && step.cut == payload.byteCount { return nil }
                cutOffset = step.cut
                break
            }
            opened.append(Opened(keyStart: step.cut, contentStart: step.contentStart, key: step.key))
            (schema, start, end) = (inner, step.contentStart, step.contentEnd)
        }
        bytes = Self.closed(opened, around: payload.extracting(0..<cutOffset))
    }

    /// Returns the bytes with the lengths of the containers around the cut made to fit.
    private static func closed(_ opened: [Opened], around part: RawSpan) -> [UInt8] {
        var heads: [[UInt8]] = []
        // From the inside out: a head counts in the length of the container around it.
        var end = part.byteCount
        var added = 0
        for container in opened.reversed() {
            var head = WireWriter(capacity: 64)
            head.prependVarint(UInt64(end - container.contentStart + added))
            head.prependKey(container.key)
            added += end - container.contentStart + head.count
            end = container.keyStart
            heads.append(head.byteArray())
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(end + added)
        bytes.append(copying: part.extracting(0..<end))
        for (index, container) in opened.enumerated() {
            bytes += heads[heads.count - 1 - index]
            let contentEnd = index + 1 < opened.count ? opened[index + 1].keyStart : part.byteCount
            bytes.append(copying: part.extracting(container.contentStart..<contentEnd))
        }
        return bytes
    }

    private struct Step {
        /// Offset of the element that is not whole; the end of the payload when all are.
        var cut: Int
        var name = ""
        /// Schema of the element when it is a container to look into.
        var inner: MessageSchema?
        var key: UInt32 = 0
        var contentStart = 0
        var contentEnd = 0
    }

    /// Returns the first element of the message from `start` on that is not whole; `nil` when there is another fault.
    private static func step(
        in payload: RawSpan, from start: Int, to messageEnd: Int, schema: MessageSchema
    ) -> Step? {
        var cursor = start
        var counts: [UInt32: Int] = [:]
        let count = payload.byteCount
        while cursor < count {
            let keyStart = cursor
            guard
                var reader = try? WireReader(payload.extracting(keyStart..<count), options: Self.walkOptions)
            else { return nil }
            let key: FieldKey
            do throws(WireError) {
                guard let next = try reader.nextKey() else { return nil }
                key = next
            } catch {
                return error.code == .truncated ? Step(cut: keyStart) : nil
            }
            let field = schema.field(key.number)
            var name = field?.name ?? String(key.number)
            if let field, field.isRepeated {
                name += "[\(counts[key.number, default: 0])]"
                counts[key.number, default: 0] += 1
            }
            let cutHere = Step(cut: keyStart, name: name)
            guard key.wireType == .lengthDelimited else {
                do throws(WireError) { try reader.skip(key) } catch {
                    return error.code == .truncated || error.code == .invalidLength ? cutHere : nil
                }
                cursor = keyStart + reader.offset
                continue
            }
            let lengthStart = reader.offset
            let length: UInt64
            do throws(WireError) { length = try reader.varint() } catch {
                return error.code == .truncated ? cutHere : nil
            }
            guard length <= UInt64(Int32.max), reader.offset - lengthStart <= 5 else { return nil }
            let contentStart = keyStart + reader.offset
            let contentEnd = contentStart + Int(length)
            guard contentEnd <= messageEnd else { return nil }
            if contentEnd > count {
                guard let field, case .message(let inner) = field.type, Self.containers.contains(inner().name) else {
                    return cutHere
                }
                return Step(
                    cut: keyStart, name: name, inner: inner(), key: key.rawValue, contentStart: contentStart,
                    contentEnd: contentEnd)
            }
            cursor = contentEnd
        }
        return Step(cut: count)
    }

    private static let walkOptions = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))

    /// Names of the messages that are looked into when the cut goes through them.
    static let containers: Set<String> = [ResourceSpans.schema.name, ScopeSpans.schema.name]
}
