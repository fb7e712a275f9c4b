import ArgumentParser
import SpanModel

/// Runs a command line and turns every outcome into an exit code and, where it failed, one line on standard error.
enum CommandRun {
    static func run(_ arguments: [String]) async -> Int32 {
        Process.ignoreBrokenPipes()
        do {
            var command = try Spanwire.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch let failure as CommandFailure {
            if let message = failure.message { Process.writeError("spanwire: \(message)\n") }
            return failure.exitCode
        } catch {
            return finish(error, arguments)
        }
    }

    /// Help, version, and what the parser did not like.
    private static func finish(_ error: any Error, _ arguments: [String]) -> Int32 {
        if Spanwire.exitCode(for: error) == .success {
            var output = StandardOutput.makeOutput()
            output.append(Spanwire.fullMessage(for: error))
            output.append(UInt8(ascii: "\n"))
            return 0
        }
        let words = Spanwire.message(for: error).split(whereSeparator: \.isNewline).map { $0.trimmingSpaces }
        let name = arguments.first.flatMap { first in
            Spanwire.configuration.subcommands.first { $0.configuration.commandName == first } != nil ? first : nil
        }
        let help = name.map { "spanwire \($0) --help" } ?? "spanwire --help"
        Process.writeError("spanwire: \(words.joined(separator: " ")) (see '\(help)')\n")
        return CommandFailure.usageExitCode
    }
}

extension Substring {
    /// Without spaces at either end.
    fileprivate var trimmingSpaces: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
