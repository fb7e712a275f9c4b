import SpanMerge
import SpanModel

/// Rules by which attributes of a span name the other side of its call, from OpenTelemetry's semantic conventions,
/// older attribute names included.
package enum CallPeer {
    /// Attributes that name the other side, as indices into `CallPeer.keys`.
    package enum Deciding: Hashable, Sendable {
        /// A database: its system and, where they are set, its name and the `peer.service` that takes the place of
        /// both.
        case database(system: Int, name: Int?, service: Int?)
        /// A messaging system and, where it is set, the destination.
        case messaging(system: Int, destination: Int?)
        /// A service: the attribute `peer.service`.
        case service(Int)
        /// A network address and, where it is set, its port.
        case address(Int, port: Int?)
    }

    /// Keys of all attributes that are looked at. Of one attribute the current name stands before the older ones, and
    /// the first name that a span has counts.
    package static let keys = [
        "db.system.name", "db.system", "db.namespace", "db.name", "messaging.system", "messaging.destination.name",
        "messaging.destination", "peer.service", "server.address", "net.peer.name", "network.peer.address",
        "net.sock.peer.addr", "server.port", "net.peer.port",
    ]
    private static let database = 0..<2
    private static let databaseName = 2..<4
    private static let messaging = 4..<5
    private static let destination = 5..<7
    private static let service = 7..<8
    private static let address = 8..<12
    private static let port = 12..<14

    /// Returns `true` when attributes of spans of this kind may name the other side: the callee of a `client` or
    /// `producer` span, the origin of the message of a `consumer` span.
    package static func isTold(by kind: SpanKind) -> Bool { kind.isOutbound || kind == .consumer }

    /// Chooses the attributes that name the other side of a span.
    ///
    /// - Parameters:
    ///   - kind: kind of the span.
    ///   - has: returns `true` when the span has the attribute with an index in `keys`: a port with any value, every
    ///     other attribute with a non-empty string.
    /// - Returns: `nil` when the attributes do not name the other side.
    package static func deciding(_ kind: SpanKind, has: (Int) -> Bool) -> Deciding? {
        if let system = database.first(where: has) {
            return .database(system: system, name: databaseName.first(where: has), service: service.first(where: has))
        }
        if let system = messaging.first(where: has) {
            return .messaging(system: system, destination: destination.first(where: has))
        }
        if kind == .consumer { return nil }
        if let service = service.first(where: has) { return .service(service) }
        return address.first(where: has).map { .address($0, port: port.first(where: has)) }
    }

    /// Returns the port number that an integer or an integral double holds; engines hash equal numbers of both types
    /// equally.
    static func port(_ value: AttributeValue?) -> Int64? {
        switch value {
        case .int(let number)?: number
        case .double(let number)?: whole(number)
        default: nil
        }
    }

    /// Returns the integer that a double holds; `nil` when it has a fraction or lies outside `Int64`. Written by hand:
    /// `Int64(exactly:)` calls the C library's mathematics, which the core does not link.
    private static func whole(_ double: Double) -> Int64? {
        guard double >= -0x1p63, double < 0x1p63 else { return nil }
        let whole = Int64(double)
        return Double(whole) == double ? whole : nil
    }

    /// Returns `true` for the index of a port, which counts with a value of any type; other attributes count only as
    /// strings.
    package static func isPort(_ key: Int) -> Bool { port.contains(key) }
}

extension CallPeer.Deciding {
    /// Indices into `CallPeer.keys` of the attributes that decide, -1 for none.
    package var keys: (Int, Int, Int) {
        switch self {
        case .database(let system, let name, let service): (system, name ?? -1, service ?? -1)
        case .messaging(let system, let destination): (system, destination ?? -1, -1)
        case .service(let service): (service, -1, -1)
        case .address(let address, let port): (address, port ?? -1, -1)
        }
    }
}

extension DependencyGraph.Node {
    /// Creates the node that the attributes of a span name: the callee of a `client` or `producer` span, the origin of
    /// the message of a `consumer` span. `nil` when the attributes name nobody.
    package init?(peerOf span: SpanRecord) {
        let attributes = span.attributes
        func text(_ key: Int) -> String { attributes.text(CallPeer.keys[key]) ?? "" }
        let deciding = CallPeer.deciding(span.kind) { key in
            CallPeer.isPort(key) ? attributes.value(CallPeer.keys[key]) != nil : !text(key).isEmpty
        }
        switch deciding {
        case .database(let system, let name, let service):
            let database = name.map { "\(text(system))/\(text($0))" } ?? text(system)
            self.init(.database, ExactText(service.map(text) ?? database))
        case .messaging(let system, let destination):
            self.init(.messaging, ExactText(destination.map { "\(text(system))/\(text($0))" } ?? text(system)))
        case .service(let service): self.init(.service, ExactText(text(service)))
        case .address(let address, let port):
            if let port, let number = CallPeer.port(attributes.value(CallPeer.keys[port])) {
                self.init(.address, ExactText("\(text(address)):\(number)"))
            } else {
                self.init(.address, ExactText(text(address)))
            }
        case nil: return nil
        }
    }
}

extension SpanKind {
    /// `true` for the kinds that ask another process: `client` and `producer`.
    var isOutbound: Bool { self == .client || self == .producer }
}
