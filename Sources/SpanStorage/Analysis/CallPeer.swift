import SpanMerge
import SpanModel

/// Which attributes of a span tell whom it called, by OpenTelemetry's semantic conventions, older names included.
package enum CallPeer {
    /// The attributes that decide, of `keys`.
    package enum Deciding: Hashable, Sendable {
        case database(system: Int, name: Int?, service: Int?)
        case messaging(system: Int, destination: Int?)
        case service(Int)
        case address(Int, port: Int?)
    }

    /// All of them, of each the names that it has had, the one that counts most first.
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

    /// Whether attributes of spans of a kind tell whom they called, or, of a `consumer` span, got their message from.
    package static func isTold(by kind: SpanKind) -> Bool { kind.isOutbound || kind == .consumer }

    /// - Parameters:
    ///   - kind: of the span.
    ///   - has: whether the span has an attribute, of `keys`: ports with any value, others with a text that is not empty.
    /// - Returns: `nil` where the attributes do not tell.
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

    /// A number, whatever its type: engines know equal ones by one hash.
    static func port(_ value: AttributeValue?) -> Int64? {
        switch value {
        case .int(let number)?: number
        case .double(let number)?: whole(number)
        default: nil
        }
    }

    /// A double that is an integer. By hand: `Int64(exactly:)` calls the C library's mathematics, which the core does not link.
    private static func whole(_ double: Double) -> Int64? {
        guard double >= -0x1p63, double < 0x1p63 else { return nil }
        let whole = Int64(double)
        return Double(whole) == double ? whole : nil
    }

    /// Whether any value of an attribute counts, not texts alone.
    package static func isPort(_ key: Int) -> Bool { port.contains(key) }
}

extension CallPeer.Deciding {
    /// Of `CallPeer.keys`; -1 for none.
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
    /// Whom a `client` or `producer` span called, or whom a `consumer` span got its message from, as its attributes tell;
    /// `nil` when they do not.
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
    /// A span that asks somebody else: `client` or `producer`.
    var isOutbound: Bool { self == .client || self == .producer }
}
