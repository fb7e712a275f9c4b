import ArgumentParser

/// Number of bytes as an argument: `4096`, `64K`, `512M`, `2G`, in powers of 1,024.
struct ByteSize: ExpressibleByArgument {
    var bytes: Int

    init(_ bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let units: [Character: Int] = ["K": 10, "M": 20, "G": 30, "k": 10, "m": 20, "g": 30]
        let shift = argument.last.flatMap { units[$0] }
        guard let number = Int(shift == nil ? argument : String(argument.dropLast())), number >= 0 else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << (shift ?? 0))
        guard !overflow else { return nil }
        self.bytes = bytes
    }

    var defaultValueDescription: String {
        for (unit, shift) in [("G", 30), ("M", 20), ("K", 10)] where bytes % (1 << shift) == 0 && bytes > 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return String(bytes)
    }
}
