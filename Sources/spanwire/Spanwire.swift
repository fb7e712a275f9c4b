import ArgumentParser

/// Root command: parses the arguments, calls the library, prints.
@main struct Spanwire: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spanwire",
        abstract: "Carries, stores and explains tracing spans.",
        discussion: """
            Data goes to standard output, words to standard error.
            Exit codes: 0 fine, 1 bad input or failure, 2 wrong command line, 3 decoded in part (the input ends too early).
            """,
        version: version,
        subcommands: [
            CollectCommand.self, DecodeCommand.self, SendCommand.self, SpoolCommand.self, QueryCommand.self,
            DeleteCommand.self, StoreCommand.self, BenchCommand.self,
        ])

    /// Version of library and tool.
    static let version = "0.1.0"

    mutating func run() throws {
        throw ValidationError("Missing subcommand.")
    }

    static func main() { CommandRun.run(Array(CommandLine.arguments.dropFirst())) }
}
