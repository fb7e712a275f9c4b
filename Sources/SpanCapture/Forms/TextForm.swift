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
    case fault(TextFault)
}

/// Why a text is not of a form.
struct TextFault {
    /// How much speaks for a text being of a form although it cannot be read as that.
    enum Likeness: Int, Comparable {
        case none
        /// The text looks like that form.
        case some
        /// Offsets follow each other as that form has them.
        case strong

        static func < (left: Likeness, right: Likeness) -> Bool { left.rawValue < right.rawValue }
    }

    var error: CaptureError
    /// How the form is called.
    var name: String
    var likeness = Likeness.none
    /// Of two that are equally like, the one with the larger number is likelier.
    var weight = 0
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

    /// What the forms make of a text.
    struct Choice {
        /// The readings of the best fit, the likeliest first, each sequence of bytes once.
        var readings: [(encoding: CaptureForm, reading: TextReading)] = []
        /// What the text clearly is although it cannot be read as that, and why: it holds unless a reading is a message.
        var clear: TextFault?
        /// Why no form reads the text, by the form that most speaks for.
        var fault: CaptureError
    }

    /// - Parameter encoding: of those forms alone, `nil` for all.
    static func choice(_ text: [UInt8], encoding: CaptureForm? = nil, maxBytes: Int) -> Choice {
        var found: [(encoding: CaptureForm, reading: TextReading)] = []
        var choice = Choice(fault: CaptureError(.notHex, "no digits at all", offset: 0))
        for form in all where encoding == nil || encoding == form.encoding {
            switch form.read(text, maxBytes: maxBytes) {
            case .readings(let readings):
                for reading in readings where !reading.bytes.isEmpty { found.append((form.encoding, reading)) }
            case .fault(let fault):
                let before = choice.clear
                if fault.likeness > .none,
                    (fault.likeness, fault.weight) > (before?.likeness ?? .none, before?.weight ?? 0)
                {
                    choice.clear = fault
                    choice.fault = fault.error
                } else if before == nil, encoding != nil || form.encoding == .hex {
                    // Of equals the last: digits are what a text is that is no dump.
                    choice.fault = fault.error
                }
            }
        }
        guard let fit = found.map(\.reading.fit).max() else { return choice }
        // What confirms a reading rules out that the text is something else.
        if fit == .exact || fit == .close && choice.clear?.likeness != .strong { choice.clear = nil }
        var seen: Set<[UInt8]> = []
        // Stable, so that of equals the form that stands first in the list goes first.
        let order = found.indices.filter { found[$0].reading.fit == fit }.sorted { left, right in
            let (first, second) = (found[left].reading.confirmations, found[right].reading.confirmations)
            return first == second ? left < right : first > second
        }
        choice.readings = order.map { found[$0] }.filter { seen.insert($0.reading.bytes).inserted }
        return choice
    }
}
