import SpanMerge
import SpanModel

extension DependencyGraph.Node {
    /// Whom a `client` or `producer` span called, or whom a `consumer` span got its message from, as its attributes tell
    /// by OpenTelemetry's semantic conventions, older names included; `nil` when they do not.
    init?(peerOf span: SpanRecord) {
        let attributes = span.attributes
        func text(_ keys: String...) -> String? {
            for key in keys {
                if let text = attributes.text(key), !text.isEmpty { return text }
            }
            return nil
        }
        if let system = text("db.system.name", "db.system") {
            let name = text("db.namespace", "db.name").map { "\(system)/\($0)" } ?? system
            self.init(.database, ExactText(text("peer.service") ?? name))
        } else if let system = text("messaging.system") {
            let destination = text("messaging.destination.name", "messaging.destination")
            self.init(.messaging, ExactText(destination.map { "\(system)/\($0)" } ?? system))
        } else if span.kind == .consumer {
            return nil
        } else if let service = text("peer.service") {
            self.init(.service, ExactText(service))
        } else if let address = text("server.address", "net.peer.name", "network.peer.address", "net.sock.peer.addr") {
            var name = address
            if case .int(let port)? = attributes.value("server.port") ?? attributes.value("net.peer.port") {
                name += ":\(port)"
            }
            self.init(.address, ExactText(name))
        } else {
            return nil
        }
    }
}

extension SpanKind {
    /// A span that asks somebody else: `client` or `producer`.
    var isOutbound: Bool { self == .client || self == .producer }
}
