import SpanModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Standard output in large writes. Remembers the first failure and drops what comes after it.
final class StandardOutput {
    private var errorNumber: Int32 = 0

    /// An output whose chunks come here.
    func makeOutput() -> ByteOutput {
        ByteOutput { bytes in
            if self.errorNumber == 0 { self.errorNumber = Process.write(bytes, to: 1) }
        }
    }

    /// An output for small texts, of which nobody asks whether they were read.
    static func makeOutput() -> ByteOutput { StandardOutput().makeOutput() }

    /// Whether all was written so far: neither a failure, nor a reader who has enough.
    var isWhole: Bool { errorNumber == 0 }

    /// - Throws: `CommandFailure` when not everything was written; not when the reader went away, who has enough.
    func check() throws {
        guard errorNumber != 0, errorNumber != EPIPE else { return }
        throw CommandFailure("cannot write the output: \(Process.words(for: errorNumber))")
    }
}
