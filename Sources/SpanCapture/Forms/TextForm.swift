/// A way to write bytes as text. Each way has a type or a table entry of its own, and `TextForms.all` lists them.
protocol TextForm: Sendable {
    /// Name of the form in `--from`.
    var encoding: CaptureForm { get }

    /// Reads the text by the rules of this form alone.
    ///
    /// - Parameter maxBytes: greatest number of bytes that a text may stand for; a repeated line can stand for any
    ///   number.
    func read(_ text: [UInt8], maxBytes: Int) -> TextReadings
}

/// Result of reading a text by one form.
enum TextReadings {
    /// One reading, or several when the text does not tell which is right; the likeliest first.
    case readings([TextReading])
    case fault(TextFault)
}

/// Reason why a text is not of a form.
struct TextFault {
    /// Strength of the evidence that a text is of a form although it cannot be read as that.
    enum Likeness: Int, Comparable {
        case none
        /// The text looks like the form.
        case some
        /// Offsets follow each other as the form requires.
        case strong

        static func < (left: Likeness, right: Likeness) -> Bool { left.rawValue < right.rawValue }
    }

    var error: CaptureError
    /// Name of the form.
    var name: String
    var likeness = Likeness.none
    /// Weight among faults of equal likeness: the larger is likelier.
    var weight = 0
}

/// Bytes that a text stands for by one form.
struct TextReading {
    /// Part of the text that a reading explains. A better fit rules out every lesser one, whatever the bytes hold.
    enum Fit: Int, Comparable {
        /// Blanks are not where the form has them, and nothing confirms the reading.
        case loose
        /// Nothing in the text confirms or contradicts the reading.
        case bare
        /// Some of the text confirms the reading, and some contradicts it, is left out or lost its blanks.
        case close
        /// Everything stands where the form has it, and something confirms the reading: an offset, or the same bytes as
        /// text.
        case exact

        static func < (left: Fit, right: Fit) -> Bool { left.rawValue < right.rawValue }
    }

    var bytes: [UInt8]
    /// Name of the text in front of ` of raw protobuf`.
    var name: String
    var fit: Fit
    /// Number of confirmations; among readings of one fit the larger number goes first.
    var confirmations = 0
    /// Contradictions and omissions, one sentence each.
    var notes: [String] = []
    /// Fault of a text that lacks nothing but its start; it counts when the bytes make no message.
    var missingStart: CaptureError?
}

/// All forms, and the choice among them.
enum TextForms {
    static let all: [any TextForm] = DumpShape.all.map { Dump($0) } + [HexDigits(), Base64Text()]

    /// Result of reading a text by all forms.
    struct Choice {
        /// Readings of the best fit, the likeliest first, each sequence of bytes once.
        var readings: [(encoding: CaptureForm, reading: TextReading)] = []
        /// Form that the text clearly has although it cannot be read, with its fault; it holds unless a reading is a
        /// message.
        var clear: TextFault?
        /// Fault of the form with the strongest evidence, when no form reads the text.
        var fault: CaptureError
    }

    /// Reads a text by all forms and chooses among the readings.
    ///
    /// - Parameter encoding: forms to read by; `nil` for all.
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
        let lacksStartAlone = found.contains { $0.reading.fit == fit && $0.reading.missingStart != nil }
        if fit == .exact || fit == .close && (lacksStartAlone || choice.clear?.likeness != .strong) {
            choice.clear = nil
        }
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
