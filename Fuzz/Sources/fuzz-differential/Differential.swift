import ProtoWire
import SpanModel
import SwiftProtobuf

/// The codec beside swift-protobuf's generated code: the same verdict on any bytes, and where both accept, the same
/// message.
///
/// They differ where swift-protobuf differs from upb, which the codec follows (`docs/decoding.md`). Each difference has
/// its case here, as narrow as it can be said:
///
/// | bytes | codec and upb | swift-protobuf |
/// |---|---|---|
/// | a length, or a key inside an unknown group, in 6 to 10 bytes | refuse | accepts |
/// | field number 0 inside an unknown group | accept | refuses |
/// | 100 messages and groups inside the outermost | accept | accepts with a limit of 101, since it counts the outermost |
enum Differential {
    typealias TracesData = Opentelemetry_Proto_Trace_V1_TracesData

    /// `nil`, or in a sentence where the two differ.
    static func compare(_ bytes: [UInt8]) -> String? {
        let theirs = Result { try TracesData(serializedBytes: bytes, options: options) }
        do throws(WireError) {
            let ours = try SpanBatch(decoding: bytes)
            switch theirs {
            case .success(let message): return compare(ours, message, bytes)
            case .failure(let error):
                return holdsFieldZeroInGroup(bytes) ? nil : "accepted, refused by swift-protobuf: \(error)"
            }
        } catch {
            guard case .success = theirs else { return nil }
            return isOverlong(error, bytes) ? nil : "accepted by swift-protobuf, refused: \(error)"
        }
    }

    private static let options = {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 101
        return options
    }()

    /// Compares as bytes, which tell apart what messages do not: kinds of NaN, zeros, and equivalent strings.
    private static func compare(_ ours: SpanBatch, _ theirs: TracesData, _ bytes: [UInt8]) -> String? {
        guard !holdsFieldZeroInGroup(bytes) else { return "swift-protobuf accepts field number 0 in a group" }
        let written = ours.encoded()
        do {
            let expected: [UInt8] = try theirs.serializedBytes()
            if written == expected { return nil }
            let again: [UInt8] = try TracesData(serializedBytes: written, options: options).serializedBytes()
            if again != expected { return "another message than swift-protobuf's" }
        } catch {
            return "what was written is refused by swift-protobuf: \(error)"
        }
        // The codec keeps key_strindex among the unknown fields: in its place, and every time that it stands there.
        return holdsKeyStringIndex(bytes) ? nil : "the same message in other bytes than swift-protobuf's"
    }

    /// Whether the fault is a varint that swift-protobuf reads: of six to ten bytes, of which the codec takes five.
    private static func isOverlong(_ error: WireError, _ bytes: [UInt8]) -> Bool {
        guard error.code == .varintTooLong, let last = bytes[error.offset...].firstIndex(where: { $0 < 0x80 }) else {
            return false
        }
        return (6...10).contains(last - error.offset + 1)
    }

    private static func holdsFieldZeroInGroup(_ bytes: [UInt8]) -> Bool {
        FieldSearch { key, _, isInGroup in isInGroup && key.number == 0 }.finds(in: bytes)
    }

    private static func holdsKeyStringIndex(_ bytes: [UInt8]) -> Bool {
        FieldSearch { key, schema, _ in key == FieldKey(3, .varint) && schema.name == Attribute.schema.name }
            .finds(in: bytes)
    }
}
