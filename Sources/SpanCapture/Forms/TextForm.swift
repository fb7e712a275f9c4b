/// A way to write bytes as text. Each has a type or a table entry of its own; `TextForms.all` lists them, and what is in
/// no form reads no text.
protocol TextForm: Sendable {
    /// What `--from` calls it.
    var encoding: CaptureForm { get }

    /// Reads the text by the rules of this form alone.
    ///
    /// - Parameter maxBytes: how many bytes a text may stand for; a line that is repeated can stand for any number.
    func read(_ text: [UInt8], maxBytes: Int) -> TextReadings
}

/// What a form makes of a text.
enum TextReadings {
    /// One reading, or several where the text does not tell which is right; the likeliest first.
    case readings([TextReading])
    /// The text is not of that form; `lines` of it were.
    case fault(CaptureError, lines: Int)
}

/// The bytes that a text stands for, by one form.
struct TextReading {
    /// How much of the text a reading explains. A reading that explains more rules out all that explain less, whatever
    /// their bytes hold.
    enum Fit: Int, Comparable {
        /// Blanks are not where the form has them, and nothing confirms it.
        case loose
        /// Nothing in the text confirms or contradicts it.
        case bare
        /// Some of the text confirms it, and some contradicts it or is left out or lost its blanks.
        case close
        /// Everything stands where the form has it, and something confirms it: an offset, or the same bytes as text.
        case exact

        static func < (left: Fit, right: Fit) -> Bool { left.rawValue < right.rawValue }
    }

    var bytes: [UInt8]
    /// How the text is called in front of ` of raw protobuf`.
    var name: String
    var fit: Fit
    /// How much confirms it; between readings of one fit the larger number goes first.
    var confirmations = 0
    /// What contradicts it, or was left out: one sentence each.
    var notes: [String] = []
}

/// All forms, and the choice among them.
enum TextForms {
    static let all: [any TextForm] = DumpShape.all.map { Dump($0) } + [HexDigits(), Base64Text()]

    /// The readings of the best fit, the likeliest first, each sequence of bytes once.
    ///
    /// - Parameter encoding: of those forms alone, `nil` for all.
    /// - Throws: the fault of the form that read the most lines, when no form reads the text.
    static func best(
        _ text: [UInt8], encoding: CaptureForm? = nil, maxBytes: Int
    ) throws(CaptureError) -> [(encoding: CaptureForm, reading: TextReading)] {
        var found: [(encoding: CaptureForm, reading: TextReading)] = []
        var worst: (fault: CaptureError, lines: Int)?
        for form in all where encoding == nil || encoding == form.encoding {
            switch form.read(text, maxBytes: maxBytes) {
            case .readings(let readings):
                for reading in readings where !reading.bytes.isEmpty { found.append((form.encoding, reading)) }
            case .fault(let fault, var lines):
                // A dump that was understood and is too large.
                if fault.code == .payloadTooLarge { lines += 1 }
                // Of equals the last: digits are what a text is that is no dump.
                if lines >= (worst?.lines ?? 0), encoding != nil || form.encoding == .hex { worst = (fault, lines) }
            }
        }
        guard let fit = found.map(\.reading.fit).max() else {
            throw worst?.fault ?? CaptureError(.notHex, "no digits at all", offset: 0)
        }
        var seen: Set<[UInt8]> = []
        // Stable, so that of equals the form that stands first in the list goes first.
        let order = found.indices.filter { found[$0].reading.fit == fit }.sorted { left, right in
            let (first, second) = (found[left].reading.confirmations, found[right].reading.confirmations)
            return first == second ? left < right : first > second
        }
        return order.map { found[$0] }.filter { seen.insert($0.reading.bytes).inserted }
    }
}
