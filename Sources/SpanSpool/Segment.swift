import ProtoWire
import SpanModel
import SpanSession

/// A file of spans, as far as the spool knows it.
struct Segment: Sendable {
    let number: UInt64
    let seed: UInt32
    /// Behind the last whole record.
    var end: Int
    /// Before this place everything was cut into batches.
    var readFrom: Int
    /// Spans from there on.
    var unreadSpans = 0
    /// Batches of it that are not settled.
    var flights = 0
    var origins: [UInt16: EncodedOrigin] = [:]
    /// Up to here it is on the disk for certain.
    var syncedEnd = 0
    /// Up to here, damaged bytes behind the last record included, the ledger knows how many spans it has; 0 for
    /// nowhere.
    var accountEnd = 0

    /// The records that are in no batch.
    var account: SpoolAccount {
        SpoolAccount(segment: number, start: readFrom, end: max(end, accountEnd), spans: unreadSpans)
    }

    /// Kind 1: an origin, which the spans behind it name by its tag. Kind 2: a span.
    static let originKind: UInt8 = 1
    static let spanKind: UInt8 = 2

    /// `00000000000004d2.spans`
    static func name(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + suffix
    }

    private static let suffix = ".spans"

    /// `nil` for a name that is no segment's.
    static func number(of name: String) -> UInt64? {
        guard name.utf8.count == 16 + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
        return UInt64(name.prefix(16), radix: 16).flatMap { self.name($0) == name ? $0 : nil }
    }

    static func originBody(_ origin: EncodedOrigin) -> [UInt8] {
        let (resource, scope) = (origin.resourceFields, origin.scopeFields)
        var writer = WireAppender(capacity: 512)
        writer.appendFixed32(UInt32(resource.count))
        writer.append(copying: resource.rawSpan)
        writer.append(copying: scope.rawSpan)
        return writer.byteArray()
    }

    static func origin(_ body: [UInt8]) -> EncodedOrigin? {
        var reader = SpoolReader(body)
        let count = Int(reader.uint32())
        guard count <= body.count - 4, !reader.isShort else { return nil }
        return EncodedOrigin(resourceFields: Array(body[4..<4 + count]), scopeFields: Array(body[(4 + count)...]))
    }
}
