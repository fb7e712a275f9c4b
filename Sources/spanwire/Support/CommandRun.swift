import ArgumentParser
import SpanCapture
import SpanModel

/// Runs a command line and turns every outcome into an exit code and, where it failed, one line on standard error.
enum CommandRun {
    static func run(_ arguments: [String]) async -> Int32 {
        Process.ignoreBrokenPipes()
        do {
            var command = try Spanwire.parseAsRoot(arguments.flatMap(parts))
            if var asynchronous = command as? any AsyncParsableCommand {
                try DescriptorLimit.require(
                    asynchronous is CollectCommand ? DescriptorLimit.ofACollector : DescriptorLimit.ofACommand)
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch let failure as CommandFailure {
            if let message = failure.message { Process.writeError("spanwire: \(TerminalText.line(message))\n") }
            for line in failure.lines { Process.writeError("\(TerminalText.line(line))\n") }
            return failure.exitCode
        } catch {
            return finish(error, arguments)
        }
    }

    /// `--option=VALUE` in two, where the value begins with a mark: it is one character together with the `=`, in which the
    /// parser would not find that.
    private static func parts(of argument: String) -> [String] {
        let scalars = argument.unicodeScalars
        guard argument.utf8.starts(with: "--".utf8), let equals = scalars.firstIndex(of: "=") else { return [argument] }
        let value = String(scalars[scalars.index(after: equals)...])
        return ("=" + value).first == "=" ? [argument] : [String(scalars[..<equals]), value]
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
        let line = TerminalText.line(words.joined(separator: " "))
        Process.writeError("spanwire: \(line) (see '\(command(named: arguments)) --help')\n")
        return CommandFailure.usageExitCode
    }

    /// `spanwire query search`: the command that the first arguments name, as far as they name one.
    private static func command(named arguments: [String]) -> String {
        var command: any ParsableCommand.Type = Spanwire.self
        var name = "spanwire"
        for argument in arguments {
            let commands = command.configuration.subcommands
            guard let next = commands.first(where: { $0.configuration.commandName == argument }) else { break }
            command = next
            name += " \(argument)"
        }
        return name
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
