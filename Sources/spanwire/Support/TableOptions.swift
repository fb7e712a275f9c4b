import ArgumentParser
import SpanCapture
import SpanModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How commands that print tables and trees fit them into the room there is.
struct TableOptions: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            "Show values and columns whole: without it a table fits the terminal, and elsewhere a value has 200 columns."
        ))
    var wide = false

    var room: TextRoom {
        if wide { return .unlimited }
        return Terminal.columns.map { .terminal(columns: $0) } ?? .file
    }
}

/// The terminal that standard output goes to.
enum Terminal {
    /// How wide it is: what it says itself, else what the variable COLUMNS says, else 80; `nil` where there is none.
    static var columns: Int? {
        guard isatty(1) == 1 else { return nil }
        var size = winsize()
        if unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        if let text = Process.environment("COLUMNS"), let columns = Int(text), columns > 0 { return columns }
        return 80
    }
}

/// A part of what a command prints for people.
enum TextPart {
    /// Whole lines.
    case lines(String)
    case table(TextTable)
}

extension [TextPart] {
    /// Prints the parts one below the other.
    ///
    /// - Returns: what is not to be seen of them.
    func print(to output: inout ByteOutput) -> TextTable.Omissions {
        var omissions = TextTable.Omissions()
        for part in self {
            switch part {
            case .lines(let text): output.append(text)
            case .table(let table):
                let found = table.write { output.append($0) }
                omissions.columns += found.columns.filter { !omissions.columns.contains($0) }
                omissions.hasShortened = omissions.hasShortened || found.hasShortened
            }
        }
        return omissions
    }

    /// Prints the parts to standard output, and to standard error how to see what is not to be seen of them.
    ///
    /// - Parameter whole: how to see all of a value.
    func print(whole: String = "--wide or --format json") throws {
        let standardOutput = StandardOutput()
        var output = standardOutput.makeOutput()
        let omissions = print(to: &output)
        output.flush()
        try standardOutput.check()
        if standardOutput.isWhole { omissions.note(whole: whole) }
    }
}

extension TextTable.Omissions {
    /// Says on standard error what is not to be seen, and how to see it.
    func note(whole: String) {
        if !columns.isEmpty {
            Process.writeError(
                "spanwire: the terminal has no room for \(columns.joined(separator: ", ")); \(whole) shows all\n")
        } else if hasShortened {
            Process.writeError("spanwire: long values are shortened; \(whole) shows them whole\n")
        }
    }
}
