/// What the command line asks for.
struct Options {
    enum Subject: String {
        case worlds
        case conversations
    }

    var subject: Subject
    /// The first seed.
    var first: UInt64 = 1
    /// How many seeds; `nil` for as many as there is time for.
    var count: UInt64?
    /// How long at the most; `nil` for no limit.
    var seconds: Int?
    /// Whether to say everything that happens.
    var isVerbose = false

    static let usage = """
        usage: simulate worlds|conversations [--first SEED] [--count SEEDS] [--seconds SECONDS] [--verbose]

        worlds         senders, a network, a collector and a store that fail: nothing that was acknowledged is lost
        conversations  malformed conversations with a collector and a sender: no trap, no hang, no unbounded memory

        Without --count and --seconds it runs until something does not hold.
        """

    init?(_ arguments: [String]) {
        guard let first = arguments.first, let subject = Subject(rawValue: first) else { return nil }
        self.subject = subject
        var rest = arguments.dropFirst()
        while let option = rest.popFirst() {
            if option == "--verbose" {
                isVerbose = true
                continue
            }
            guard let text = rest.popFirst(), let value = UInt64(text) else { return nil }
            switch option {
            case "--first": self.first = value
            case "--count": count = value
            case "--seconds": seconds = Int(clamping: value)
            default: return nil
            }
        }
    }
}
