import ArgumentParser
import Dispatch
import SpanCapture
import SpanModel

/// Runs a command line and turns every outcome into an exit code and, where it failed, one line on standard error.
enum CommandRun {
    /// Runs the command that the arguments name, and ends the process.
    static func run(_ arguments: [String]) -> Never {
        Process.ignoreBrokenPipes()
        let words = arguments.flatMap(parts)
        do {
            var command = try Spanwire.parseAsRoot(words)
            guard let asynchronous = command as? any AsyncParsableCommand else {
                try command.run()
                Process.exit(0)
            }
            // Before there is a task: without descriptors the runtime cannot begin one, and ends the process without a word.
            try DescriptorLimit.require(
                asynchronous is CollectCommand ? DescriptorLimit.ofACollector : DescriptorLimit.ofACommand)
        } catch {
            Process.exit(exitCode(of: error, arguments))
        }
        Task {
            do {
                // Parsed anew, for a command cannot be handed to a task.
                guard var command = try Spanwire.parseAsRoot(words) as? any AsyncParsableCommand else { return }
                try await command.run()
                Process.exit(0)
            } catch {
                Process.exit(exitCode(of: error, arguments))
            }
        }
        dispatchMain()
    }

    /// Prints an error and returns its exit code.
    private static func exitCode(of error: any Error, _ arguments: [String]) -> Int32 {
        guard let failure = error as? CommandFailure else { return finish(error, arguments) }
        if let message = failure.message { Process.writeError("spanwire: \(TerminalText.line(message))\n") }
        for line in failure.lines { Process.writeError("\(TerminalText.line(line))\n") }
        return failure.exitCode
    }

    /// Splits `--option=VALUE` in two when the value begins with a combining mark: together with the `=` it is one
    /// character, in which the parser would not find that.
    private static func parts(of argument: String) -> [String] {
        let scalars = argument.unicodeScalars
        guard argument.utf8.starts(with: "--".utf8), let equals = scalars.firstIndex(of: "=") else { return [argument] }
        let value = String(scalars[scalars.index(after: equals)...])
        return ("=" + value).first == "=" ? [argument] : [String(scalars[..<equals]), value]
    }

    /// Prints help, the version, or the parser's error, and returns the exit code.
    private static func finish(_ error: any Error, _ arguments: [String]) -> Int32 {
        if Spanwire.exitCode(for: error) == .success {
            var output = StandardOutput.makeOutput()
            output.append(Spanwire.fullMessage(for: error))
            output.append(UInt8(ascii: "\n"))
            return 0
        }
        let (command, name) = command(named: arguments)
        let message = OptionHelp.explained(Spanwire.message(for: error), of: command)
        let words = message.split(whereSeparator: \.isNewline).map { $0.trimmingSpaces }
        let line = TerminalText.line(words.joined(separator: " "))
        Process.writeError("spanwire: \(line) (see '\(name) --help')\n")
        return CommandFailure.usageExitCode
    }

    /// Returns the command that the first arguments name, as far as they name one, with its name: `spanwire query search`.
    private static func command(named arguments: [String]) -> (any ParsableCommand.Type, name: String) {
        var command: any ParsableCommand.Type = Spanwire.self
        var name = "spanwire"
        for argument in arguments {
            let commands = command.configuration.subcommands
            guard let next = commands.first(where: { $0.configuration.commandName == argument }) else { break }
            command = next
            name += " \(argument)"
        }
        return (command, name)
    }
}

extension Substring {
    /// Text without spaces at either end.
    fileprivate var trimmingSpaces: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
