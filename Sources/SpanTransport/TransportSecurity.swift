import NIOCore

/// The protection of a server's TCP connections. `SpanTransportTLS` makes one: `ServerSecurity.tls(…)`.
///
/// Unix sockets are not touched by it: what goes through them does not leave the machine.
public struct ServerSecurity: Sendable {
    /// The layer that protects the connections.
    package let layer: any ServerSecurityLayer

    /// Protects connections by a layer.
    package init(_ layer: any ServerSecurityLayer) { self.layer = layer }
}

/// The protection of a client's TCP connections. `SpanTransportTLS` makes one: `ClientSecurity.tls(…)`.
public struct ClientSecurity: Sendable {
    /// The layer that protects the connections.
    package let layer: any ClientSecurityLayer

    /// Protects connections by a layer.
    package init(_ layer: any ClientSecurityLayer) { self.layer = layer }
}

/// The layer between a server's socket and its session.
package protocol ServerSecurityLayer: Sendable {
    /// Puts its handlers into a connection that was just accepted, on its event loop.
    func addHandlers(to channel: any Channel) throws
    /// An error of the connection in words, without secrets; `nil` for one that the layer does not know.
    func words(for error: any Error, on channel: any Channel) -> String?
    /// The secrets in files in use that others may read, a line each; for a log.
    var exposures: [String] { get }
    /// Reads its files again. Blocks for as long as they take to be read.
    func reload(_ occasion: ReloadOccasion) -> ReloadOutcome
}

/// The layer between a client's socket and its session.
package protocol ClientSecurityLayer: Sendable {
    /// Whether it can serve connections to that address at all.
    ///
    /// - Throws: `invalid_setting`.
    func validate(_ address: TransportAddress) throws(TransportError)
    /// Reads its files for a new connection. Blocks for as long as that takes. The handlers made of what it read are
    /// put in by the result, on the connection's event loop.
    func prepare() -> PreparedSecurity
    /// An error of the connection in words, without secrets; `nil` for one that the layer does not know.
    func words(for error: any Error, on channel: any Channel) -> String?
}

/// The protection of one connection of a client.
package struct PreparedSecurity: Sendable {
    /// Puts the handlers into a new channel to that address.
    package var addHandlers: @Sendable (any Channel, TransportAddress) throws -> Void
    /// The fault of files that are newer than those in use; for a log.
    package var warning: String?
    /// The secrets in its files that others may read, a line each; for a log.
    package var exposures: [String]

    /// Makes the protection of one connection.
    package init(
        warning: String? = nil, exposures: [String] = [],
        addHandlers: @escaping @Sendable (any Channel, TransportAddress) throws -> Void
    ) {
        self.warning = warning
        self.exposures = exposures
        self.addHandlers = addHandlers
    }
}
