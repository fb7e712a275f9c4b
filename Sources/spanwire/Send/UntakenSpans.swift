import ProtoWire
import SpanCapture

/// What `send` left in the files when it was interrupted.
struct UntakenSpans {
    private var named: [String] = []
    private var unnamedFiles = 0

    /// Files beyond these are counted.
    private static let maxNamed = 20

    /// Everything was taken.
    var isEmpty: Bool { named.isEmpty }

    /// So many of a file's spans were not taken.
    mutating func note(_ file: String, _ spans: Int, of all: Int) {
        guard spans > 0 else { return }
        note("not taken: \(spans) of the \(all.counted("span")) of \(TerminalText.line(file))")
    }

    /// A file was not opened.
    mutating func noteFile(_ file: String) { note("not taken: all spans of \(TerminalText.line(file))") }

    private mutating func note(_ line: String) {
        if named.count < Self.maxNamed { named.append(line) } else { unnamedFiles += 1 }
    }

    /// One line for each file, at most twenty and one for the rest.
    var lines: [String] {
        unnamedFiles == 0 ? named : named + ["not taken: the spans of \(unnamedFiles.counted("more file"))"]
    }
}
