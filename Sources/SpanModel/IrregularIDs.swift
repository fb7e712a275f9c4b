import ProtoWire

/// Ids that came with another length than 8 or 16 bytes, or as zeros. They are kept so that a decoder can show them and
/// a relay can forward them. One pointer wide; allocates only when there is such an id.
///
/// A record's typed id is `.invalid` when this has an entry for its field; setting the typed id to a valid one hides
/// the entry.
public struct IrregularIDs: Sendable, Hashable {
    /// Field in which an id stands.
    public enum Field: UInt8, Sendable, Hashable {
        /// The trace id, the span id, or the parent's span id.
        case traceID, spanID, parentSpanID
    }

    private struct Entry: Sendable, Hashable {
        var field: Field
        var bytes: [UInt8]
    }

    private var entries: [Entry]?

    /// Creates an empty collection, without allocating.
    public init() { entries = nil }

    /// `true` when every id came as the schema requires.
    @inlinable
    public var isEmpty: Bool { self == IrregularIDs() }

    /// Bytes that came for a field; `nil` when the id was regular or absent. Setting an empty array removes the entry.
    public subscript(field: Field) -> [UInt8]? {
        get { entries?.first { $0.field == field }?.bytes }
        set {
            var kept = (entries ?? []).filter { $0.field != field }
            if let newValue, !newValue.isEmpty { kept.append(Entry(field: field, bytes: newValue)) }
            kept.sort { $0.field.rawValue < $1.field.rawValue }
            entries = kept.isEmpty ? nil : kept
        }
    }
}

extension WireReader {
    /// Reads a 16-byte id; other bytes, or zeros, go to `irregular`, and the result is `.invalid`.
    mutating func traceID(_ irregular: inout IrregularIDs) throws(WireError) -> TraceID {
        let span = try rawBytes()
        if span.byteCount == 16 {
            // Proof: 16 bytes are there, and every bit pattern is a UInt64.
            let high = unsafe span.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)
            let low = unsafe span.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self)
            let id = TraceID(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
            if id.isValid {
                if !irregular.isEmpty { irregular[.traceID] = nil }
                return id
            }
        }
        irregular[.traceID] = [UInt8](copying: span)
        return .invalid
    }

    /// Reads an 8-byte id; other bytes, or zeros, go to `irregular`, and the result is `.invalid`.
    mutating func spanID(_ field: IrregularIDs.Field, _ irregular: inout IrregularIDs) throws(WireError) -> SpanID {
        let span = try rawBytes()
        if span.byteCount == 8 {
            // Proof: 8 bytes are there, and every bit pattern is a UInt64.
            let id = SpanID(UInt64(bigEndian: unsafe span.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)))
            if id.isValid {
                if !irregular.isEmpty { irregular[field] = nil }
                return id
            }
        }
        irregular[field] = [UInt8](copying: span)
        return .invalid
    }
}

extension WireWriter {
    mutating func prependTraceID(_ id: TraceID, _ irregular: IrregularIDs, key: UInt32) {
        if id.isValid {
            prependRaw(littleEndian: id.low.byteSwapped)
            prependRaw(littleEndian: id.high.byteSwapped)
            prependVarint(16)
            prependKey(key)
        } else if let bytes = irregular[.traceID] {
            prependBytes(bytes, key: key)
        }
    }

    mutating func prependSpanID(
        _ id: SpanID, _ field: IrregularIDs.Field, _ irregular: IrregularIDs, key: UInt32
    ) {
        if id.isValid {
            prependRaw(littleEndian: id.value.byteSwapped)
            prependVarint(8)
            prependKey(key)
        } else if let bytes = irregular[field] {
            prependBytes(bytes, key: key)
        }
    }
}
