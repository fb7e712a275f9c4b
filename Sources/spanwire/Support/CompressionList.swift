import ArgumentParser
import SpanSession

/// Value of `--compression`: names with commas between, or `none`.
struct CompressionList: ExpressibleByArgument {
    var compressions: [Compression]

    /// Names as users write them, and as docs/protocol.md has them.
    private static let names: [(String, Compression)] = [
        ("zstd-stream", .zstdStream), ("zstd", .zstd), ("gzip", .gzip),
    ]

    init(_ compressions: [Compression]) { self.compressions = compressions }

    init?(argument: String) {
        compressions = []
        guard argument != "none" else { return }
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let known = Self.names.first(where: { $0.0 == word }) else { return nil }
            compressions.append(known.1)
        }
    }

    var defaultValueDescription: String {
        let words = compressions.compactMap { compression in Self.names.first { $0.1 == compression }?.0 }
        return words.isEmpty ? "none" : words.joined(separator: ",")
    }
}
