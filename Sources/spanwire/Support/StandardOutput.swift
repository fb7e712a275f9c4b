import SpanModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Standard output in large writes. It remembers the first failure and drops everything after it.
final class StandardOutput {
    private var errorNumber: Int32 = 0

    /// Returns an output whose chunks are written here.
    func makeOutput() -> ByteOutput {
        ByteOutput { bytes in
            if self.errorNumber == 0 { self.errorNumber = Process.write(bytes, to: 1) }
        }
    }

    /// Returns an output for small texts whose failure does not matter.
    static func makeOutput() -> ByteOutput { StandardOutput().makeOutput() }

    /// `true` while everything was written: no failure, and no reader that went away.
    var isWhole: Bool { errorNumber == 0 }

    /// Checks that everything was written. A reader that went away has enough, and is no failure.
    ///
    /// - Throws: `CommandFailure` when something was not written.
    func check() throws {
        guard errorNumber != 0, errorNumber != EPIPE else { return }
        throw CommandFailure("cannot write the output: \(Process.words(for: errorNumber))")
    }
}
