import SpanTransport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Services of the operating system that commands need.
enum Process {
    // Proof for all below: names and bytes live through the call that they are given to; what a call returns is copied at
    // once, before another call could change it.

    /// Ignores SIGPIPE: a reader that goes away (`| head`) then shows as `EPIPE`.
    static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

    static func exit(_ code: Int32) -> Never {
        #if canImport(Glibc)
            Glibc.exit(code)
        #elseif canImport(Musl)
            Musl.exit(code)
        #else
            Darwin.exit(code)
        #endif
    }

    /// Writes text to standard error; a failure is ignored, since there is nobody to tell.
    static func writeError(_ text: String) { _ = write(Array(text.utf8), to: 2) }

    /// Writes all bytes to a descriptor.
    ///
    /// - Returns: 0, or the error number.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        // Proof: the pointer and the count handed to write stay within the buffer, which lives through the closure.
        unsafe bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                guard let start = buffer.baseAddress else { return 0 }
                #if canImport(Glibc)
                    let count = unsafe Glibc.write(descriptor, start + written, buffer.count - written)
                #elseif canImport(Musl)
                    let count = unsafe Musl.write(descriptor, start + written, buffer.count - written)
                #else
                    let count = unsafe Darwin.write(descriptor, start + written, buffer.count - written)
                #endif
                if count >= 0 {
                    written += count
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }

    /// Returns the operating system's text for an error number.
    static func words(for errorNumber: Int32) -> String {
        guard let text = unsafe strerror(errorNumber) else { return "error \(errorNumber)" }
        return unsafe String(cString: text)
    }

    /// Returns the current time in nanoseconds since 1970-01-01T00:00:00Z.
    static func nowUnixNano() -> UInt64 { WallClock.nowUnixNano() }

    /// Returns the value of a variable of the environment; `nil` when it is not set.
    static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// Replaces the line of progress on standard error when that is a terminal; does nothing otherwise.
    static func showProgress(_ text: String) {
        if isatty(2) == 1 { writeError("\r\u{1B}[K\(text)") }
    }

    /// Removes the line of progress.
    static func clearProgress() { showProgress("") }
}
