/// Why a command ends with another exit code than 0.
struct CommandFailure: Error {
    /// A wrong command line.
    static let usageExitCode: Int32 = 2

    /// One line for people; `nil` when all is said already.
    var message: String?
    var exitCode: Int32

    init(_ message: String?, exitCode: Int32 = 1) {
        self.message = message
        self.exitCode = exitCode
    }
}
