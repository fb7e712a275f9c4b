import ArgumentParser
import SpanCapture
import SpanModel
import SpanStorage

/// `spanwire query services`.
struct QueryServicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "services", abstract: "Lists the services that spans came from.",
        discussion: """
            With --format json an array of objects: service, spans, newestStartUnixNano.

            Example: spanwire query services --store spans.db
            """)

    @OptionGroup var options: QueryOptions

    func run() async throws {
        let services = try await options.ask { store throws(SpanStoreError) in try await store.services() }
        if options.format == .table {
            var table = TextTable(
                [.text("SERVICE", 1), .number("SPANS", 2), .time("NEWEST START", 3)], in: options.room)
            for service in services {
                table.add([
                    options.room.shownName(service.name), String(service.spans),
                    AnswerText.time(service.newestStartUnixNano),
                ])
            }
            return try [TextPart.table(table)].print()
        }
        let standardOutput = StandardOutput()
        var output = standardOutput.makeOutput()
        Self.printJSON(services, to: &output)
        output.flush()
        try standardOutput.check()
    }

    private static func printJSON(_ services: [ServiceSummary], to output: inout ByteOutput) {
        output.append(UInt8(ascii: "["))
        for (index, service) in services.enumerated() {
            output.append(index == 0 ? "\n  {\"service\": " : ",\n  {\"service\": ")
            output.appendJSONString(service.name)
            output.append(", \"spans\": \(service.spans)")
            output.append(", \"newestStartUnixNano\": \"\(service.newestStartUnixNano)\"}")
        }
        output.append(services.isEmpty ? "]\n" : "\n]\n")
    }
}
