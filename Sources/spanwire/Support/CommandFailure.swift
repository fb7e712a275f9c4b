/// Failure that ends a command with another exit code than 0.
struct CommandFailure: Error {
    /// Exit code for a wrong command line.
    static let usageExitCode: Int32 = 2

    /// One line for people; `nil` when everything was printed already.
    var message: String?
    /// Lines below the message, such as the place of a fault in a text.
    var lines: [String]
    var exitCode: Int32

    init(_ message: String?, lines: [String] = [], exitCode: Int32 = 1) {
        self.message = message
        self.lines = lines
        self.exitCode = exitCode
    }
}
