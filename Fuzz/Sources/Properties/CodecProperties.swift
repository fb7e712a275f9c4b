import ProtoWire
import SpanModel
import SpanSession

/// What must hold of the codec for any bytes. Each property answers `nil`, or says in a sentence what does not hold.
public enum CodecProperties {
    /// Reading: no trap; a fault lies inside the input; repairing strings changes nothing but strings; what stands in
    /// front of a message does not change how it is read.
    public static func decode<Message: WireMessage>(_ bytes: [UInt8], as type: Message.Type) -> String? {
        switch (read(bytes, as: type), read(bytes, as: type, repairing)) {
        case (.success(let strict), .success(let lenient)):
            if lenient.notes.repairedStrings != 0 { return "a valid message was repaired" }
            if lenient.message.encoded() != strict.message.encoded() { return "repairing read another message" }
        case (.failure(let strict), .success(let lenient)):
            if strict.code != .invalidUTF8 { return "repairing accepts what is refused for \(strict.code.rawValue)" }
            if lenient.notes.repairedStrings == 0 { return "a string is not UTF-8, and none was repaired" }
            if case .failure(let error) = read(lenient.message.encoded(), as: type) {
                return "what was repaired is still broken: \(error)"
            }
        case (.success, .failure(let lenient)): return "repairing refuses a valid message: \(lenient)"
        case (.failure(let strict), .failure(let lenient)):
            if strict.code != .invalidUTF8 && strict != lenient { return "\(strict), and repairing: \(lenient)" }
            if strict.code == .invalidUTF8 && strict.offset >= bytes.count { return "no byte at \(strict.offset)" }
            if lenient.offset < strict.offset { return "the first fault was \(strict), not \(lenient)" }
            if lenient.code == .invalidUTF8 { return "repairing refuses a string" }
            if !(0...bytes.count).contains(lenient.offset) { return "no byte at \(lenient.offset): \(lenient)" }
        }
        return nil
    }

    /// Reading a batch: as `decode`, and large payloads, whose strings are shared, are read as small ones are; who only
    /// counts spans counts those that are read.
    public static func decodeBatch(_ bytes: [UInt8]) -> String? {
        if let fault = decode(bytes, as: SpanBatch.self) { return fault }
        switch (read(bytes, as: SpanBatch.self), read(ballast + bytes, as: SpanBatch.self)) {
        case (.success(let small), .success(var large)):
            let unknown = small.message.unknownFields
            if large.message.unknownFields.bytes != ballast + unknown.bytes { return "unknown fields were not kept" }
            large.message.unknownFields = unknown
            if large.message.encoded() != small.message.encoded() { return "a large payload is read otherwise" }
            guard let counted = try? EncodedBatch(request: bytes) else { return "the walk over spans refuses a batch" }
            if counted.spanCount != small.message.spanCount {
                return "\(counted.spanCount) spans were counted, \(small.message.spanCount) were read"
            }
        case (.failure(let small), .failure(let large)):
            if large.code != small.code || large.offset != small.offset + ballast.count || large.path != small.path {
                return "\(small), and behind \(ballast.count) bytes: \(large)"
            }
        case (.success, .failure(let large)): return "a large payload is refused: \(large)"
        case (.failure(let small), .success): return "a large payload is accepted in spite of \(small)"
        }
        return nil
    }

    /// Writing: what was accepted is written to bytes that are read as the same value, and from then on to the same
    /// bytes, into a writer that was used before too; a message behind itself is itself merged into itself.
    public static func fixpoint<Message: WireMessage & Equatable>(_ bytes: [UInt8], as type: Message.Type) -> String? {
        guard case .success(let first) = read(bytes, as: type) else { return nil }
        let encoded = first.message.encoded()
        switch read(encoded, as: type) {
        case .failure(let error): return "what was written is refused: \(error)"
        case .success(let again):
            if again.message != first.message { return "what was written is another value" }
            if again.message.encoded() != encoded { return "a second writing differs" }
        }

        var writer = WireWriter(capacity: 1)
        writer.prependRaw([UInt8](repeating: 0xFF, count: 100))
        writer.reset()
        first.message.encode(to: &writer)
        if writer.byteArray() != encoded { return "a used writer writes other bytes" }

        guard case .success(let joined) = read(bytes + bytes, as: type) else { return "refused behind itself" }
        var merged = first.message
        do throws(WireError) {
            try merged.merge(decoding: bytes.rawSpan)
        } catch {
            return "merging into itself is refused: \(error)"
        }
        if merged.encoded() != joined.message.encoded() { return "joining bytes and merging messages differ" }
        return nil
    }

    /// Reading with views: they accept and refuse what the records' decoder does, with and without repairing, and hold the
    /// same values; what is refused is refused for the same fault.
    public static func views(_ bytes: [UInt8]) -> String? {
        for options in [DecodeOptions(), repairing, DecodeOptions(limits: WireLimits(maxDepth: 6))] {
            let record = read(bytes, as: SpanBatch.self, options)
            switch (record, readViews(bytes, options)) {
            case (.success(let record), .success(let views)):
                if views != record.message { return "views hold another value" }
            case (.failure(let record), .failure(let views)):
                if views != record { return "\(record), and with views: \(views)" }
            case (.success, .failure(let views)): return "views refuse a valid message: \(views)"
            case (.failure(let record), .success): return "views accept a message in spite of \(record)"
            }
        }
        return nil
    }

    private static func readViews(_ bytes: [UInt8], _ options: DecodeOptions) -> Result<SpanBatch, WireError> {
        do throws(WireError) {
            let view = try SpanBatchView(bytes.rawSpan, options: options)
            try view.validate()
            return .success(try view.record())
        } catch {
            return .failure(error)
        }
    }

    private static let repairing = DecodeOptions(invalidUTF8: .repair)

    /// An unknown field that makes a payload too large to be one whose strings are not worth sharing.
    private static let ballast: [UInt8] = {
        var writer = WireWriter()
        writer.prependPresentBytes([UInt8](repeating: 0, count: 16 << 10), key: FieldKey(99, .lengthDelimited).rawValue)
        return writer.byteArray()
    }()

    private struct Reading<Message: WireMessage> {
        var message: Message
        var notes: DecodeNotes
    }

    private static func read<Message: WireMessage>(
        _ bytes: [UInt8], as type: Message.Type, _ options: DecodeOptions = DecodeOptions()
    ) -> Result<Reading<Message>, WireError> {
        var message = Message()
        do throws(WireError) {
            let notes = try message.merge(decoding: bytes.rawSpan, options: options)
            return .success(Reading(message: message, notes: notes))
        } catch {
            return .failure(error)
        }
    }
}
