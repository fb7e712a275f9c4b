import Foundation
import Testing

/// Runs the built `spanwire` as a user would.
enum SpanwireCommand {
    struct Outcome {
        var exitCode: Int32
        var output: Data
        /// Standard error.
        var words: String

        var text: String { String(decoding: output, as: UTF8.self) }
    }

    /// The folder of the tests.
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    static let corpus = folder.deletingLastPathComponent().appendingPathComponent("Corpus")

    /// Stands in the folder that the tests were built into.
    static let binary: URL = {
        var folder = URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent("spanwire")
            if FileManager.default.isExecutableFile(atPath: candidate.path), !candidate.hasDirectory {
                return candidate
            }
            folder.deleteLastPathComponent()
        }
        return Self.folder.appendingPathComponent("../../.build/debug/spanwire").standardizedFileURL
    }()

    /// - Parameters:
    ///   - input: what stands on standard input.
    ///   - environment: on top of the tests' own.
    ///   - descriptors: how many it may have open, `nil` for as many as the tests; it is told to end after two seconds then,
    ///     which is exit code 124.
    static func run(
        _ arguments: [String], input: Data = Data(), environment: [String: String] = [:], descriptors: Int? = nil
    ) throws -> Outcome {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let files = ["in", "out", "err"].map { scratch.appendingPathComponent($0) }
        try input.write(to: files[0])
        try Data().write(to: files[1])
        try Data().write(to: files[2])
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        if let descriptors {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments =
                ["-c", "ulimit -n \(descriptors); exec timeout 2 \"$@\"", "sh", binary.path] + arguments
        }
        process.currentDirectoryURL = corpus
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        process.waitUntilExit()
        return Outcome(
            exitCode: process.terminationStatus, output: try Data(contentsOf: files[1]),
            words: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
    }

    /// Runs it and sends it a signal as soon as that is reached, which is asked with what it has said so far.
    ///
    /// - Parameters:
    ///   - signal: 0 for none.
    ///   - input: what is its standard input; -1 for an empty one.
    ///   - afterwards: done right after the signal was sent.
    static func runUntil(
        _ arguments: [String], signal: Int32, input: Int32 = -1, afterwards: () -> Void = {},
        isReached: (_ words: String) -> Bool
    ) throws -> Outcome {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        process.currentDirectoryURL = corpus
        process.standardInput =
            input < 0 ? FileHandle.nullDevice : FileHandle(fileDescriptor: input, closeOnDealloc: false)
        process.standardError = try FileHandle(forWritingTo: file)
        try process.run()
        func words() throws -> String { String(decoding: try Data(contentsOf: file), as: UTF8.self) }
        // Another process has no other way to tell.
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while process.isRunning, ContinuousClock.now < deadline {
            if try isReached(words()) { break }
            usleep(1_000)
        }
        kill(process.processIdentifier, signal)
        afterwards()
        process.waitUntilExit()
        return Outcome(exitCode: process.terminationStatus, output: Data(), words: try words())
    }

    /// Runs it with a terminal for standard output.
    ///
    /// - Parameter columns: how wide the terminal says it is; 0 for one that does not say.
    static func runOnTerminal(
        _ arguments: [String], columns: Int, input: Data = Data(), environment: [String: String] = [:]
    ) throws -> Outcome {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let files = ["in", "err"].map { scratch.appendingPathComponent($0) }
        try input.write(to: files[0])
        try Data().write(to: files[1])
        let terminal = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        var (locked, number): (Int32, Int32) = (0, -1)
        // TIOCSPTLCK and TIOCGPTN of Linux, which are no constants of Swift.
        // Proof: each variable lives through its call and has the type that the call takes.
        let isOpen =
            unsafe terminal >= 0 && ioctl(terminal, 0x4004_5431, &locked) == 0
            && ioctl(terminal, 0x8004_5430, &number) == 0 && ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0
        guard isOpen else { throw POSIXError(.ENOTTY) }
        let inner = unsafe open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard inner >= 0 else { throw POSIXError(.ENOTTY) }
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        process.currentDirectoryURL = corpus
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = FileHandle(fileDescriptor: inner, closeOnDealloc: false)
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        close(inner)
        var output = Data()
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            // Proof: the buffer has as many bytes as are asked for.
            let count = unsafe read(terminal, &buffer, buffer.count)
            if count > 0 { output.append(contentsOf: buffer[..<count]) } else if count == 0 || errno != EINTR { break }
        }
        close(terminal)
        process.waitUntilExit()
        // A terminal puts a carriage return before each line feed. Byte by byte: a mark may follow, which joins them.
        output = Data(
            output.indices.filter { output[$0] != 0x0D || output.dropFirst($0 + 1).first != 0x0A }.map { output[$0] })
        return Outcome(
            exitCode: process.terminationStatus, output: output,
            words: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self))
    }

    /// Compares with `Goldens/NAME`, which `RECORD=1` writes anew.
    static func expectGolden(_ text: String, _ name: String, _ location: SourceLocation = #_sourceLocation) throws {
        let file = folder.appendingPathComponent("Goldens/\(name)")
        if ProcessInfo.processInfo.environment["RECORD"] == "1" {
            try Data(text.utf8).write(to: file)
        }
        let golden = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        #expect(text == golden, "RECORD=1 rewrites \(name)", sourceLocation: location)
    }
}

extension URL {
    /// A folder stands there.
    fileprivate var hasDirectory: Bool {
        (try? resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory ?? false
    }
}
