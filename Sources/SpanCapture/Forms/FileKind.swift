/// A kind of file that holds no message, recognised by its first bytes.
///
/// Some such files happen to be a message of unnamed fields, so only bytes that were not understood are compared with
/// these kinds.
struct FileKind {
    /// Name of the kind, with its article.
    let name: String
    /// Advice on what to do instead.
    let advice: String

    /// Recognises a file; `nil` when the bytes start as no known kind.
    init?(_ bytes: [UInt8]) {
        if let kind = Self.magics.first(where: { bytes.starts(with: $0.magic) }) {
            (name, advice) = (kind.name, kind.advice)
        } else if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) || Self.isBareUTF16(bytes) {
            (name, advice) = (
                "UTF-16 text",
                "convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8; UTF-16LE where it has no byte order mark)"
            )
        } else if Self.isMarkup(bytes) {
            (name, advice) = ("HTML or XML", "it is most often the error page of a server: look at what it says")
        } else {
            return nil
        }
    }

    private static let magics: [(magic: [UInt8], name: String, advice: String)] = [
        ([0x1F, 0x8B], "a gzip file", "decompress it first (gzip -dc)"),
        ([0x28, 0xB5, 0x2F, 0xFD], "a zstd file", "decompress it first (zstd -dc)"),
        (Array("BZh".utf8), "a bzip2 file", "decompress it first (bzip2 -dc)"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "an xz file", "decompress it first (xz -dc)"),
        (Array("PK\u{3}\u{4}".utf8), "a zip file", "decompress it first (unzip -p)"),
        (
            Array("SQLite format 3\0".utf8), "an SQLite file",
            "a store is read by spanwire query with --store, not decoded"
        ),
        (Array("-----BEGIN ".utf8), "a PEM file (a certificate or a key)", "it holds no spans"),
        (Array("%PDF-".utf8), "a PDF file", "it holds no spans"),
        ([0x7F, 0x45, 0x4C, 0x46], "an ELF file (a program)", "it holds no spans"),
    ]

    /// Returns `true` for printable characters, each beside a zero byte.
    private static func isBareUTF16(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 4, bytes.count % 2 == 0 else { return false }
        let start = bytes.prefix(64)
        return [0, 1].contains { zero in
            start.indices.allSatisfy { index in
                let byte = bytes[index]
                return index % 2 == zero ? byte == 0 : (0x20..<0x7F).contains(byte) || byte.isTextSpace
            }
        }
    }

    private static func isMarkup(_ bytes: [UInt8]) -> Bool {
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        let start = text.drop { $0.isTextSpace }.prefix(2)
        guard start.count == 2, start.first == UInt8(ascii: "<"), let next = start.last else { return false }
        return next == UInt8(ascii: "!") || next == UInt8(ascii: "?")
            || next | 0x20 >= UInt8(ascii: "a")
                && next | 0x20 <= UInt8(ascii: "z")
    }
}
