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

/// Options by which tables and trees are fitted into the width of the output.
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
    /// Width in columns: the terminal's own, else that of the variable COLUMNS, else 80; `nil` when standard output is
    /// no terminal.
    static var columns: Int? {
        guard isatty(1) == 1 else { return nil }
        // Proof: the call fills a variable of this function, which is of the type that TIOCGWINSZ asks for.
        var size = winsize()
        if unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        if let text = Process.environment("COLUMNS"), let columns = Int(text), columns > 0 { return columns }
        return 80
    }
}

/// Part of a command's output to people.
enum TextPart {
    /// Whole lines.
    case lines(String)
    case table(TextTable)
}

extension [TextPart] {
    /// Prints the parts one below the other, and returns what was left out.
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

    /// Prints the parts to standard output, and to standard error how to see what was left out.
    ///
    /// - Parameter whole: options that show all of a value.
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
    /// Writes to standard error what was left out, and how to see it.
    func note(whole: String) {
        if !columns.isEmpty {
            Process.writeError(
                "spanwire: the terminal has no room for \(columns.joined(separator: ", ")); \(whole) shows all\n")
        } else if hasShortened {
            Process.writeError("spanwire: long values are shortened; \(whole) shows them whole\n")
        }
    }
}
