/// What a command tells its user in one line on stderr, with exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

enum Spanwire {
    /// The version of library and tool.
    static let version = "0.1.0"
}
