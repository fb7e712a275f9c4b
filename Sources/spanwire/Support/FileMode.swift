import ArgumentParser

/// Permissions of a file as an argument, in octal as chmod takes them.
struct FileMode: ExpressibleByArgument {
    /// Permission bits, 0 ... 0o777.
    var bits: UInt16

    init(_ bits: UInt16) { self.bits = bits }

    init?(argument: String) {
        guard let bits = UInt16(argument, radix: 8), bits <= 0o777 else { return nil }
        self.bits = bits
    }

    var defaultValueDescription: String { "0" + String(bits, radix: 8) }
}
