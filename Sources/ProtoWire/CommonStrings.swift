/// Strings that stand in nearly every payload: keys of 16 to 32 bytes from OpenTelemetry's semantic conventions.
///
/// They are literals, so a record that holds one shares it with all others and neither copies it nor counts references.
/// For the keys of all attributes that is a good part of the cost of making and releasing records. (Keys of up to 15
/// bytes need no storage of their own anyway.) A string that is missing here costs only a little more.
///
/// Source: OpenTelemetry semantic conventions 1.37, and the names that were replaced in 1.23 and are still sent.
///
/// Sendable: the table is never changed after it is made.
///
/// Proof for all below: there are 2^slotBits slots, filled once and never changed or freed; the number of a slot has
/// slotBits bits. Bytes are loaded from the payload only where `count` in `lengths` covers them.
@safe
@usableFromInline
package struct CommonStrings: BitwiseCopyable, @unchecked Sendable {
    /// Lengths in bytes that a string in the table may have.
    @inlinable package static var lengths: ClosedRange<Int> { 16...32 }

    @usableFromInline
    struct Slot {
        /// Length of the string in bytes; 0 in an empty slot.
        @usableFromInline var count = 0
        // Of 16 to 32 bytes these are all; they may overlap.
        @usableFromInline var first = SIMD4<UInt32>.zero
        @usableFromInline var last = SIMD4<UInt32>.zero
        @usableFromInline var text = ""

        init() {}
    }

    /// Binary logarithm of the number of slots, which leaves most strings a slot of their own.
    @usableFromInline static let slotBits: UInt64 = 10

    @usableFromInline let slots: UnsafePointer<Slot>

    /// The one table of the process, made at first use.
    package static let table = CommonStrings(of: keys)

    init(of strings: [String]) {
        let count = 1 << Int(Self.slotBits)
        let slots = UnsafeMutablePointer<Slot>.allocate(capacity: count)
        unsafe slots.initialize(repeating: Slot(), count: count)
        for string in strings {
            let utf8 = Array(string.utf8)
            guard Self.lengths.contains(utf8.count) else { continue }
            let bytes = PayloadBytes(utf8.rawSpan)
            // Who comes second to a slot has lost it: it is shared like any other string.
            let slot =
                unsafe slots + Int(truncatingIfNeeded: bytes.hash(unchecked: 0, utf8.count) >> (64 - Self.slotBits))
            guard unsafe slot.pointee.count == 0 else { continue }
            unsafe slot.pointee.count = utf8.count
            unsafe slot.pointee.first = bytes.words(unchecked: 0)
            unsafe slot.pointee.last = bytes.words(unchecked: utf8.count - 16)
            unsafe slot.pointee.text = string
        }
        unsafe self.slots = UnsafePointer(slots)
    }

    /// Returns the common string in these bytes; `nil` when they are no common string.
    ///
    /// - Parameter count: length in `lengths`; the bytes lie inside the payload.
    @inlinable
    package func string(_ bytes: PayloadBytes, _ start: Int, _ count: Int) -> String? {
        let slot = unsafe slots + Int(truncatingIfNeeded: bytes.hash(unchecked: start, count) >> (64 - Self.slotBits))
        guard unsafe slot.pointee.count == count else { return nil }
        let first = unsafe bytes.words(unchecked: start) ^ slot.pointee.first
        let last = unsafe bytes.words(unchecked: start &+ count &- 16) ^ slot.pointee.last
        guard first | last == .zero else { return nil }
        return unsafe slot.pointee.text
    }
}

extension CommonStrings {
    static let keys: [String] = [
        "app.build_id.type", "client.socket.address", "cloud.account.id", "cloud.availability_zone", "cloud.platform",
        "cloud.resource_id", "code.column.number", "code.file.path", "code.function", "code.function.name",
        "code.line.number", "code.stacktrace", "container.command", "container.image.id", "container.image.name",
        "container.image.tag", "container.image.tags", "container.runtime", "db.cassandra.consistency_level",
        "db.client.connection.pool.name", "db.client.connection.state", "db.collection.name", "db.connection_string",
        "db.operation.batch.size", "db.operation.name", "db.query.parameter.id", "db.query.summary",
        "db.redis.database_index", "db.response.returned_rows", "db.response.status_code", "db.statement",
        "db.stored_procedure.name", "db.system.name", "deployment.environment", "deployment.environment.name",
        "destination.address", "dns.question.name", "error.message", "event.domain", "exception.escaped",
        "exception.message", "exception.stacktrace", "faas.coldstart", "faas.invocation_id", "faas.invoked_name",
        "faas.invoked_provider", "faas.invoked_region", "faas.max_memory", "feature_flag.context.id",
        "feature_flag.key", "feature_flag.provider.name", "feature_flag.provider_name", "feature_flag.result.reason",
        "feature_flag.result.variant", "feature_flag.variant", "gen_ai.agent.name", "gen_ai.conversation.id",
        "gen_ai.operation.name", "gen_ai.output.type", "gen_ai.provider.name", "gen_ai.request.max_tokens",
        "gen_ai.request.model", "gen_ai.request.temperature", "gen_ai.request.top_p", "gen_ai.response.finish_reasons",
        "gen_ai.response.id", "gen_ai.response.model", "gen_ai.tool.call.id", "gen_ai.tool.name", "gen_ai.token.type",
        "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "graphql.document", "graphql.operation.name",
        "graphql.operation.type", "host.image.name", "http.client_ip", "http.request.body.size",
        "http.request.header.accept", "http.request.header.host", "http.request.method",
        "http.request.method_original", "http.request.resend_count", "http.request.size", "http.request_content_length",
        "http.resend_count", "http.response.body.size", "http.response.header.content-type", "http.response.size",
        "http.response.status_code", "http.response_content_length", "http.server_name", "http.status_code",
        "http.status_text", "http.user_agent", "jsonrpc.protocol.version", "k8s.cluster.name", "k8s.container.name",
        "k8s.container.restart_count", "k8s.cronjob.name", "k8s.daemonset.name", "k8s.deployment.name",
        "k8s.namespace.name", "k8s.replicaset.name", "k8s.statefulset.name", "messaging.batch.message_count",
        "messaging.client.id", "messaging.client_id", "messaging.consumer.group.name",
        "messaging.destination.anonymous", "messaging.destination.name", "messaging.destination.partition.id",
        "messaging.destination.template", "messaging.destination.temporary", "messaging.kafka.consumer.group",
        "messaging.kafka.message.key", "messaging.kafka.message.offset", "messaging.kafka.offset",
        "messaging.message.body.size", "messaging.message.conversation_id", "messaging.message.envelope.size",
        "messaging.message.id", "messaging.operation", "messaging.operation.name", "messaging.operation.type",
        "messaging.rabbitmq.destination.routing_key", "messaging.servicebus.message.delivery_count",
        "messaging.system", "net.host.name", "net.peer.name", "net.protocol.name", "net.protocol.version",
        "net.sock.host.addr", "net.sock.host.port", "net.sock.peer.addr", "net.sock.peer.name", "net.sock.peer.port",
        "network.carrier.name", "network.connection.type", "network.io.direction", "network.local.address",
        "network.local.port", "network.peer.address", "network.peer.port", "network.protocol.name",
        "network.protocol.version", "network.transport", "network.type", "otel.library.name", "otel.library.version",
        "otel.scope.name", "otel.scope.version", "otel.status_code", "otel.status_description", "peer.service",
        "process.command", "process.command_args", "process.command_line", "process.executable.name",
        "process.executable.path", "process.runtime.description", "process.runtime.name", "process.runtime.version",
        "rpc.connect_rpc.error_code", "rpc.grpc.status_code", "rpc.jsonrpc.error_code", "rpc.jsonrpc.error_message",
        "rpc.jsonrpc.request_id", "rpc.jsonrpc.version", "rpc.message.compressed_size", "rpc.message.id",
        "rpc.message.type", "rpc.message.uncompressed_size", "rpc.response.status_code", "rpc.system.name",
        "service.instance.id", "service.namespace", "service.version", "session.previous_id", "source.address",
        "telemetry.auto.version", "telemetry.distro.name", "telemetry.distro.version", "telemetry.sdk.language",
        "telemetry.sdk.name", "telemetry.sdk.version", "tls.cipher", "tls.client.subject", "tls.protocol.name",
        "tls.protocol.version", "tls.server.subject", "url.full", "user_agent.name", "user_agent.original",
        "user_agent.synthetic.type", "user_agent.version", "webengine.description", "webengine.version",
    ]
}
