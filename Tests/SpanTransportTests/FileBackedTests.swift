import Foundation
import NIOCore
import Testing

@testable import SpanTransport

@Suite struct FileBackedTests {
    @Test func `a change counts when two looks find the same, once`() {
        var watch = FileWatch(stamps: [FileStamp(bytes: 1), FileStamp(bytes: 1)])
        let half = [FileStamp(bytes: 2), FileStamp(bytes: 1)]
        let whole = [FileStamp(bytes: 2), FileStamp(bytes: 2)]
        let looks: [([FileStamp], Bool)] = [
            (half, false), (whole, false), (whole, true), (whole, false),
            // Changed and changed back.
            (half, false), (whole, false), (half, false), (half, true),
        ]
        for (index, (stamps, isRead)) in looks.enumerated() {
            let result = watch.polled(stamps)
            #expect(result == isRead, "look \(index)")
        }
        watch.read(whole)
        let result = watch.polled(whole)
        #expect(!result)
    }

    @Test func `a value is read again when its file changes; a file that cannot be used leaves it as it was`() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        func write(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }
        try write("first-token-of-ours\nsecond-token-of-ours")
        let tokens = try FileBacked(paths: [path]) { _ throws(TransportError) in
            try BearerTokenFile.read(path, awaitsWriter: false).tokens
        }
        #expect(tokens.value == ["first-token-of-ours", "second-token-of-ours"])
        func look(_ occasion: ReloadOccasion) -> String {
            switch tokens.reload(occasion, words: { "\($0.count)" }) {
            case .unchanged: "unchanged"
            case .reloaded(let words): words
            case .failed(let error): error.message
            }
        }
        #expect(look(.poll) == "unchanged")
        try write("third-token-of-ours\n")
        #expect(look(.poll) == "unchanged")
        #expect(look(.poll) == "1")
        #expect(tokens.value == ["third-token-of-ours"])
        try write(" \n")
        #expect(look(.asked).contains("holds no token"))
        #expect(look(.poll) == "unchanged")
        #expect(tokens.value == ["third-token-of-ours"])
        try FileManager.default.removeItem(atPath: path)
        #expect(look(.poll) == "unchanged")
        #expect(look(.poll).contains("cannot be read (No such file or directory)"))
        #expect(tokens.value == ["third-token-of-ours"])
    }

    @Test func `a line passes the gate once per interval, and says how many it stands for`() {
        let gate = LogGate(interval: .seconds(10))
        #expect(gate.pass(now: .uptimeNanoseconds(1)) == 1)
        #expect(gate.pass(now: .uptimeNanoseconds(2)) == nil)
        #expect(gate.pass(now: .uptimeNanoseconds(9_000_000_000)) == nil)
        #expect(gate.pass(now: .uptimeNanoseconds(11_000_000_000)) == 3)
        #expect(gate.pass(now: .uptimeNanoseconds(12_000_000_000)) == nil)
        // A line may stand for several things, and another reason passes apart.
        #expect(gate.pass("other", adding: 5, now: .uptimeNanoseconds(12_000_000_000)) == 5)
        #expect(gate.pass("other", adding: 5, now: .uptimeNanoseconds(12_000_000_000)) == nil)
        #expect(gate.pass("other", adding: 2, now: .uptimeNanoseconds(22_000_000_000)) == 7)
    }

    @Test func `reasons without end pass as one`() {
        let gate = LogGate(interval: .seconds(10))
        let passed = (0..<1000).count { gate.pass("reason \($0)", now: .uptimeNanoseconds(1)) != nil }
        #expect(passed > 8 && passed <= 17)
    }

    @Test func `so many descriptors are found free as are asked for, and all are given back`() {
        #expect(DescriptorRoom.free(upTo: 0) == 0)
        // More often than any limit would bear if one stayed open.
        for _ in 0..<3000 { #expect(DescriptorRoom.free(upTo: 8) == 8) }
    }
}
