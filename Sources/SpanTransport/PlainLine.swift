import SpanModel

extension String {
    /// A peer's words, fit for a log: one line of at most 512 bytes, without what moves a terminal's cursor.
    var plainLine: String {
        var text = ""
        for scalar in unicodeScalars.prefix(512) {
            let isPlain = scalar.properties.generalCategory != .control && scalar.properties.generalCategory != .format
            text.unicodeScalars.append(isPlain ? scalar : "\u{FFFD}")
        }
        return text.bounded(toUTF8Bytes: 512)
    }
}
