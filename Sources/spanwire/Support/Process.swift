#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a command needs from the operating system.
enum Process {
    /// A reader that goes away (`| head`) is told by `EPIPE` from then on, not by a signal.
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

    /// Writes words to standard error; there is nobody to tell when that fails.
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

    /// The operating system's words for an error number.
    static func words(for errorNumber: Int32) -> String {
        guard let text = unsafe strerror(errorNumber) else { return "error \(errorNumber)" }
        return unsafe String(cString: text)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    static func nowUnixNano() -> UInt64 {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0 else { return 0 }
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// A variable of the environment; `nil` when it is not set.
    static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// Replaces the line of progress on standard error, where that is a terminal; nothing elsewhere.
    static func showProgress(_ text: String) {
        if isatty(2) == 1 { writeError("\r\u{1B}[K\(text)") }
    }

    /// Takes the line of progress away.
    static func clearProgress() { showProgress("") }
}
