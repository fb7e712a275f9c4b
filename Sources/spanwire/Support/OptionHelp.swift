import ArgumentParser

/// Help text of one option or argument, for a user who gave it a value that it does not take.
enum OptionHelp {
    private static let isInvalid = " is invalid for '"

    /// Returns the parser's message, followed by the values that are legal when the message ends without a reason.
    ///
    /// - Parameters:
    ///   - message: `The value '5' is invalid for '--to <address>'`.
    ///   - command: command that has the option.
    static func explained(_ message: String, of command: any ParsableCommand.Type) -> String {
        guard message.last == "'", let name = name(in: message), let text = text(of: name, in: command) else {
            return message
        }
        return "\(message). Its help says: \(text)"
    }

    /// Returns the option's name, such as `--to <address>`. It stands in the last quotes, for the value may hold quotes
    /// too.
    private static func name(in message: String) -> Substring? {
        var rest = message.dropLast()
        while !rest.isEmpty, !rest.hasSuffix(isInvalid) { rest.removeLast() }
        return rest.isEmpty ? nil : message[rest.endIndex...].dropLast()
    }

    private static func text(of name: Substring, in command: any ParsableCommand.Type) -> String? {
        // So wide that no text is broken.
        let lines = Spanwire.helpMessage(for: command, columns: 100_000).split(whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() where line.hasPrefix("  ") {
            let label = line.drop { $0 == " " }
            guard label.hasPrefix(name) else { continue }
            var text = label.dropFirst(name.count)
            if text.hasPrefix(" ...") { text = text.dropFirst(4) }
            guard text.isEmpty || text.first == " " else { continue }
            text = text.drop { $0 == " " }
            // Behind a long name the text begins on the next line.
            if text.isEmpty, index + 1 < lines.count { text = lines[index + 1].drop { $0 == " " } }
            while let mark = text.lastIndex(of: "("), isAppended(text[mark...]) {
                text = text[..<mark]
                while text.last == " " { text.removeLast() }
            }
            return text.isEmpty ? nil : String(text)
        }
        return nil
    }

    /// Returns `true` for text that the parser appended to the help.
    private static func isAppended(_ text: Substring) -> Bool {
        text.hasPrefix("(default: ") || text.hasPrefix("(values: ")
    }
}
