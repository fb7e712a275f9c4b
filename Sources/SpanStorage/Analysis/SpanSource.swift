import SpanMerge
import SpanModel

/// Whose spans they are: the process that a resource stands for, in 8 bytes.
///
/// From namespace, name and instance id of the service where the resource has `service.instance.id` (OpenTelemetry's
/// conventions make the three unique), else from the whole resource. Two processes that say the same of themselves are
/// one source.
public struct SpanSource: RawRepresentable, Sendable, Hashable, Comparable {
    /// A hash (FNV-1a, 64 bits). Two sources with one hash are taken for one.
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// - Parameter resource: in any form; it is put in canonical form where all of it counts.
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
