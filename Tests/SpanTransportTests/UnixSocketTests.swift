import Foundation
import Logging
import SpanModel
import SpanSession
import Testing

@testable import SpanTransport

/// A folder of a test's own, short enough for the path of a socket.
struct ScratchFolder: ~Copyable {
    let path = "/tmp/spanwire-\(UInt32.random(in: 0 ... .max))"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite(.timeLimit(.minutes(5))) struct UnixSocketTests {
    static func server(_ path: String, mode: UInt16 = 0o600) -> SpanServer {
        let sink = HoldingSink()
        sink.answerFromNowOn()
        var configuration = SpanServerConfiguration(addresses: [.unix(path: path)])
        configuration.socketMode = mode
        return SpanServer(configuration: configuration, sink: sink, logger: SpanServerTests.logger)
    }

    static func permissions(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    static func send(to path: String) async throws -> DeliveryReport {
        let client = try SpanClient(
            configuration: SpanClientConfiguration(address: .unix(path: path)), logger: SpanServerTests.logger)
        client.start()
        client.reporter().report(SpanRecord(traceID: .random(), spanID: .random(), name: "op", startTimeUnixNano: 1))
        return await client.shutdown(within: .seconds(20))
    }

    @Test func `a span goes through a Unix socket; its file has the mode that was asked for and is gone at the end`()
        async throws
    {
        let folder = try ScratchFolder()
        let path = folder.path + "/s"
        let server = Self.server(path, mode: 0o660)
        #expect(try await server.start() == 0)
        #expect(server.addresses == [.unix(path: path)])
        #expect(try Self.permissions(path) == 0o660)
        #expect(try await Self.send(to: path).storedSpans == 1)
        await server.shutdown(within: .seconds(5))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `a socket that a crash left is taken over; one that somebody listens at is not`() async throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/s"
        // Bound, never listened at, and its descriptor closed: as a process leaves it that is killed.
        try await #require(throws: CancellationError.self) {
            _ = try await UnixSocket.bind(path, mode: 0o600) { socket in
                close(socket.descriptor)
                try FileManager.default.moveItem(atPath: path, toPath: path + ".left")
                throw CancellationError()
            }
        }
        try FileManager.default.moveItem(atPath: path + ".left", toPath: path)
        let server = Self.server(path)
        try await server.start()
        let second = Self.server(path)
        let fault = await #expect(throws: TransportError.self) { try await second.start() }
        #expect(fault?.message.contains("another program listens there") == true)
        #expect(try await Self.send(to: path).storedSpans == 1)
        await server.shutdown(within: .seconds(5))
    }

    @Test func `what is no socket is left alone`() async throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/s"
        try "precious".write(toFile: path, atomically: true, encoding: .utf8)
        let fault = await #expect(throws: TransportError.self) { try await Self.server(path).start() }
        #expect(fault?.code == .cannotListen)
        #expect(fault?.message.contains("something else than a socket is there") == true)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    @Test func `a socket's file that another program put in our place is not ours to take away`() async throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/s"
        let server = Self.server(path)
        try await server.start()
        try FileManager.default.removeItem(atPath: path)
        let second = Self.server(path)
        try await second.start()
        await server.shutdown(within: .seconds(5))
        #expect(try await Self.send(to: path).storedSpans == 1)
        await second.shutdown(within: .seconds(5))
    }

    @Test func `a path that is too long, and a folder that is not there, are said in words`() async throws {
        let long = "/tmp/" + String(repeating: "x", count: 200)
        let words = "has 205 bytes, and may have at most \(TransportAddress.maxUnixPathBytes)"
        let listening = await #expect(throws: TransportError.self) { try await Self.server(long).start() }
        #expect(listening?.message.contains(words) == true)
        let sending = #expect(throws: TransportError.self) {
            try SpanClient(
                configuration: SpanClientConfiguration(address: .unix(path: long)), logger: SpanServerTests.logger)
        }
        #expect(sending?.message.contains(words) == true)
        let absent = await #expect(throws: TransportError.self) { try await Self.server("/tmp/no-such/s").start() }
        #expect(absent?.message.hasSuffix("its folder does not exist; make it first") == true)
        // The longest that fits does.
        let folder = try ScratchFolder()
        let rest = TransportAddress.maxUnixPathBytes - folder.path.utf8.count - 1
        let longest = folder.path + "/" + String(repeating: "x", count: rest)
        let server = Self.server(longest)
        try await server.start()
        #expect(try await Self.send(to: longest).storedSpans == 1)
        await server.shutdown(within: .seconds(5))
    }

    @Test func `a collector that cannot have all its addresses has none`() async throws {
        let folder = try ScratchFolder()
        let sink = HoldingSink()
        let paths = [folder.path + "/s", folder.path + "/no-such/s"]
        let server = SpanServer(
            configuration: SpanServerConfiguration(addresses: paths.map { .unix(path: $0) }), sink: sink,
            logger: SpanServerTests.logger)
        await #expect(throws: TransportError.self) { try await server.start() }
        #expect(!FileManager.default.fileExists(atPath: paths[0]))
        #expect(server.addresses.isEmpty)
    }
}
