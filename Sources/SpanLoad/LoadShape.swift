import SpanModel
import SpanSession

/// The shape of the generated spans.
public enum LoadShape: String, Sendable, CaseIterable {
    /// About 130 bytes: a name and two attributes.
    case small
    /// About 480 bytes, ten attributes by OpenTelemetry's conventions for HTTP, databases, messaging and RPC: what
    /// instrumented services report.
    case medium
    /// About 1.6 KB: the same with twelve more attributes and an exception's event with its stack trace.
    case large

    /// Spans of this shape.
    ///
    /// - Parameters:
    ///   - sender: 0 … ; each has its own host and process.
    ///   - patterns: how many spans there are before they repeat, with other ids and times.
    ///   - seed: the same seed gives the same spans.
    public func spans(sender: Int, patterns count: Int = 8192, seed: UInt64) -> LoadSpans {
        var words = LoadWords(seed: LoadSpans.seed(of: sender, seed: seed))
        let resource = words.resource(sender: sender)
        var patterns: [SpanRecord] = []
        for _ in 0..<max(count, 1) {
            var span = words.mediumSpan()
            switch self {
            case .small: span.attributes = Array(span.attributes.prefix(2))
            case .medium: break
            case .large: words.enlarge(&span)
            }
            patterns.append(span)
        }
        return LoadSpans(resource: resource, patterns: patterns, seed: words.generator.next())
    }
}

/// Makes up what a shop's services would report.
struct LoadWords {
    var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    mutating func resource(sender: Int) -> Resource {
        let service = pick(["checkout", "cart", "payment", "catalog", "shipping", "frontend"])
        return Resource(attributes: [
            Attribute("telemetry.sdk.language", "swift"),
            Attribute("telemetry.sdk.name", "spanwire"),
            Attribute("service.name", .string(service)),
            Attribute("service.namespace", "shop"),
            Attribute("service.version", .string("2.\(number(9)).\(number(40))")),
            Attribute("service.instance.id", .string("\(hex(8))-\(hex(4))-4\(hex(3))-a\(hex(3))-\(hex(12))")),
            Attribute("deployment.environment.name", "production"),
            Attribute("host.name", .string("ip-10-0-\(number(256))-\(number(256)).eu-central-1.compute.internal")),
            Attribute("host.arch", "amd64"),
            Attribute("k8s.pod.name", .string("\(service)-\(hex(10))-\(hex(5))")),
            Attribute("k8s.namespace.name", "shop-prod"),
            Attribute("k8s.node.name", .string("gke-prod-pool-\(hex(8))")),
            Attribute("process.pid", .int(Int64(1000 + sender))),
            Attribute("cloud.region", "eu-central-1"),
        ])
    }

    mutating func mediumSpan() -> SpanRecord {
        switch number(10) {
        case 0, 1, 2: httpServer()
        case 3: httpClient()
        case 4, 5, 6, 7: database()
        case 8: messaging()
        default: rpc()
        }
    }

    private mutating func httpServer() -> SpanRecord {
        let route = pick(["/cart/{id}", "/checkout", "/products/{id}", "/users/{id}/orders", "/search"])
        let method = pick(["GET", "GET", "GET", "POST", "PUT"])
        let status = pick([200, 200, 200, 200, 201, 204, 404, 500])
        return span(
            "\(method) \(route)", .server, isError: status >= 500,
            [
                Attribute("http.request.method", .string(method)),
                Attribute("http.route", .string(route)),
                Attribute("url.path", .string(route.replacingID(with: String(number(100_000))))),
                Attribute("url.scheme", "https"),
                Attribute("server.address", "shop.example.com"),
                Attribute("http.response.status_code", .int(Int64(status))),
                Attribute("user_agent.original", .string(pick(Self.userAgents))),
                Attribute("client.address", .string("203.0.113.\(number(256))")),
                Attribute("network.protocol.version", "1.1"),
                Attribute("http.response.body.size", .int(Int64(number(40_000)))),
            ])
    }

    private mutating func httpClient() -> SpanRecord {
        let host = pick(["api.payments.example", "tax.example", "stock.internal"])
        return span(
            "POST", .client,
            [
                Attribute("http.request.method", "POST"),
                Attribute("url.full", .string("https://\(host)/v2/charges/\(hex(24))")),
                Attribute("server.address", .string(host)),
                Attribute("server.port", 443),
                Attribute("http.response.status_code", 200),
                Attribute("network.protocol.version", "2"),
                Attribute("network.peer.address", .string("198.51.100.\(number(256))")),
                Attribute("http.request.body.size", .int(Int64(number(4_000)))),
            ])
    }

    private mutating func database() -> SpanRecord {
        let statement = pick(Self.statements)
        return span(
            "\(statement.operation) \(statement.table)", .client,
            [
                Attribute("db.system.name", "postgresql"),
                Attribute("db.namespace", "shop"),
                Attribute("db.query.text", .string(statement.text)),
                Attribute("db.operation.name", .string(statement.operation)),
                Attribute("db.collection.name", .string(statement.table)),
                Attribute("server.address", .string("pg-\(number(4)).db.internal")),
                Attribute("server.port", 5432),
                Attribute("network.peer.address", .string("10.0.3.\(number(256))")),
                Attribute("db.response.returned_rows", .int(Int64(number(300)))),
            ])
    }

    private mutating func messaging() -> SpanRecord {
        let topic = pick(["orders.placed", "payments.settled", "stock.reserved"])
        return span(
            "publish \(topic)", .producer,
            [
                Attribute("messaging.system", "kafka"),
                Attribute("messaging.operation.type", "publish"),
                Attribute("messaging.destination.name", .string(topic)),
                Attribute("messaging.destination.partition.id", .string(String(number(24)))),
                Attribute("messaging.kafka.offset", .int(Int64(number(90_000_000)))),
                Attribute("messaging.message.body.size", .int(Int64(number(4_000)))),
                Attribute("messaging.client.id", .string("producer-\(hex(6))")),
                Attribute("app.order.id", .string(hex(24))),
            ])
    }

    private mutating func rpc() -> SpanRecord {
        let method = pick(["Reserve", "Quote", "Charge", "Refund"])
        return span(
            "shop.v1.Stock/\(method)", .client,
            [
                Attribute("rpc.system", "grpc"),
                Attribute("rpc.service", "shop.v1.Stock"),
                Attribute("rpc.method", .string(method)),
                Attribute("rpc.grpc.status_code", 0),
                Attribute("server.address", "stock.internal"),
                Attribute("server.port", 50051),
                Attribute("network.peer.address", .string("10.0.7.\(number(256))")),
                Attribute("app.cache_hit", .bool(number(2) == 0)),
                Attribute("app.warehouse", .string(pick(["hamburg", "łódź", "köln", "malmö"]))),
            ])
    }

    mutating func enlarge(_ span: inout SpanRecord) {
        for index in 0..<12 { span.attributes.append(Attribute("app.detail.\(index)", .string(hex(24)))) }
        let frames = (0..<8).map { "  at shop.Cart.step\($0)(Cart.swift:\(100 + $0 * 7))" }.joined(separator: "\n")
        span.events.append(
            SpanEvent(
                timeUnixNano: 0, name: "exception",
                attributes: [
                    Attribute("exception.type", "shop.OutOfStock"),
                    Attribute("exception.message", .string("item \(hex(8)) is out of stock")),
                    Attribute("exception.stacktrace", .string(frames)),
                ]))
    }

    private mutating func span(
        _ name: String, _ kind: SpanKind, isError: Bool = false, _ attributes: [Attribute]
    ) -> SpanRecord {
        let start: UInt64 = 1_000_000_000_000
        return SpanRecord(
            traceID: .invalid, spanID: .invalid, name: name, kind: kind, startTimeUnixNano: start,
            endTimeUnixNano: start + 200_000 + UInt64(number(80_000_000)), attributes: attributes,
            status: isError ? SpanStatus(.error, message: "upstream failed") : nil, flags: 0x101)
    }

    private mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

    private mutating func hex(_ digits: Int) -> String {
        String((0..<digits).map { _ in "0123456789abcdef".randomElement(using: &generator) ?? "0" })
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(elements.count)] }

    private static let userAgents = [
        "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148",
        "okhttp/4.12.0",
    ]

    private static let statements: [(operation: String, table: String, text: String)] = [
        (
            "SELECT", "orders",
            "SELECT id, total, currency FROM orders WHERE user_id = $1 ORDER BY created_at DESC LIMIT $2"
        ),
        ("SELECT", "products", "SELECT p.id, p.name, p.price FROM products p WHERE p.id = ANY($1)"),
        ("UPDATE", "stock", "UPDATE stock SET reserved = reserved + $1 WHERE sku = $2 AND available >= $1"),
        ("INSERT", "cart_items", "INSERT INTO cart_items (cart_id, product_id, quantity) VALUES ($1, $2, $3)"),
    ]
}

extension String {
    fileprivate func replacingID(with id: String) -> String {
        split(separator: "{id}", omittingEmptySubsequences: false).joined(separator: id)
    }
}
