import SpanMerge
import SpanModel

/// Process that reported spans, as its resource describes it, in 8 bytes.
///
/// The source is a hash of the service's namespace, name and instance id when the resource has `service.instance.id`,
/// since OpenTelemetry's conventions make the three unique; else of the whole resource. Two processes with equal
/// descriptions are one source.
public struct SpanSource: RawRepresentable, Sendable, Hashable, Comparable {
    /// FNV-1a hash of 64 bits. Two sources with one hash are taken for one.
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Creates the source that a resource describes.
    ///
    /// - Parameter resource: resource in any form; it is put in canonical form when all of it counts.
    public init(_ resource: Resource?) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func mix(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            hash = (hash ^ 0xFF) &* 0x100_0000_01B3
        }
        if let resource, let instance = resource.text("service.instance.id"), !instance.isEmpty {
            mix((resource.text("service.namespace") ?? "").utf8)
            mix((resource.serviceName ?? "").utf8)
            mix(instance.utf8)
        } else {
            mix(SharedOrigin(SpanOrigin(resource: resource)).bytes)
        }
        rawValue = hash
    }

    public static func < (left: SpanSource, right: SpanSource) -> Bool { left.rawValue < right.rawValue }
}
