// Sends a load of reports in any order, some twice, some in parts, or holds stores against the oracle that was told the
// same; Interop/python/convergence.py starts it and kills the collector meanwhile.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A line past the buffers of the standard library, so that it is said at once.
func say(_ line: String, to descriptor: Int32 = 1) {
    let bytes = [UInt8]("\(line)\n".utf8)
    // Proof: the array lives through the call and has that many bytes.
    _ = unsafe bytes.withUnsafeBytes { buffer in unsafe write(descriptor, buffer.baseAddress, buffer.count) }
}

let arguments = CommandLine.arguments
guard arguments.count >= 7, let seed = UInt64(arguments[2]), let base = UInt64(arguments[3]),
    let spans = Int(arguments[4]), let senders = Int(arguments[5]), spans > 0, senders > 0,
    base > 0, base < UInt64.max / 2_000_000_000
else {
    say("usage: convergence-peer send SEED BASE_SECONDS SPANS SENDERS PORT", to: 2)
    say("       convergence-peer compare SEED BASE_SECONDS SPANS SENDERS STORE…", to: 2)
    exit(2)
}
let load = ReportLoad(seed: seed, baseUnixNano: base * 1_000_000_000, spans: spans, senders: senders)
do {
    var isFine = true
    switch (arguments[1], Int(arguments[6])) {
    case ("send", let port?): isFine = try await Sending(load: load, port: port).run()
    case ("compare", _):
        let comparison = try await Comparison(load)
        for path in arguments[6...] where try await !comparison.compare(path) {
            say("\(path) is not what the oracle has")
            isFine = false
        }
    default:
        say("neither send to a port nor compare", to: 2)
        exit(2)
    }
    exit(isFine ? 0 : 1)
} catch {
    say("\(error)", to: 2)
    exit(1)
}
