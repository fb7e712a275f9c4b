import ProtoWire
import SpanCapture

/// Spans that `send` left in the files when it was interrupted.
struct UntakenSpans {
    private var named: [String] = []
    private var unnamedFiles = 0

    /// Greatest number of files that are named; further ones are counted.
    private static let maxNamed = 20

    /// `true` when all spans were taken.
    var isEmpty: Bool { named.isEmpty }

    /// Notes that `spans` of a file's spans were not taken.
    mutating func note(_ file: String, _ spans: Int, of all: Int) {
        guard spans > 0 else { return }
        note("not taken: \(spans) of the \(all.counted("span")) of \(TerminalText.line(file))")
    }

    /// Notes that a file was not opened.
    mutating func noteFile(_ file: String) { note("not taken: all spans of \(TerminalText.line(file))") }

    private mutating func note(_ line: String) {
        if named.count < Self.maxNamed { named.append(line) } else { unnamedFiles += 1 }
    }

    /// One line for each file, at most twenty, and one for the rest.
    var lines: [String] {
        unnamedFiles == 0 ? named : named + ["not taken: the spans of \(unnamedFiles.counted("more file"))"]
    }
}
