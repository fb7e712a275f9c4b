// Many seeds on all cores: `make simulate`, and the short form in `make test`. `Options.usage` says the rest.

import SessionSimulation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@main
struct Simulate {
    static func main() async {
        guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
            say(Options.usage)
            exit(2)
        }
        var simulate = Simulate(options: options)
        await simulate.run()
        exit(simulate.report() ? 0 : 1)
    }

    /// In MiB: far more than any session may hold, far less than a bomb would take.
    private static let maxMemory = 256

    private let options: Options
    private let clock = ContinuousClock()
    private let began = ContinuousClock.now
    private var total = Result()
    private var next: UInt64

    private init(options: Options) {
        self.options = options
        next = options.first
    }

    private var line: String { total.line(options.subject, after: clock.now - began) }

    /// Hands the next seeds out: few enough that a worker has them done in about a second.
    private mutating func takeSeeds() -> Range<UInt64>? {
        let isTimeLeft = options.seconds.map { clock.now - began < .seconds($0) } ?? true
        guard total.failure == nil, isTimeLeft else { return nil }
        let chunk: UInt64 = options.subject == .worlds ? 100 : 2000
        let end = min(next &+ chunk, options.count.map { options.first &+ $0 } ?? .max)
        guard next < end else { return nil }
        defer { next = end }
        return next..<end
    }

    private mutating func run() async {
        let cores = Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))
        let workers = options.isVerbose || options.count == 1 ? 1 : max(cores, 1)
        Watchdog.start(workers: workers)
        let (subject, isVerbose) = (options.subject, options.isVerbose)
        await withTaskGroup(of: (Int, Result).self) { group in
            var idle = Array(0..<workers)
            var lastWord = clock.now
            while true {
                while let worker = idle.last, let seeds = takeSeeds() {
                    idle.removeLast()
                    group.addTask { (worker, live(through: seeds, subject, worker: worker, isVerbose: isVerbose)) }
                }
                guard let (worker, result) = await group.next() else { break }
                idle.append(worker)
                total.add(result)
                Watchdog.progress()
                if clock.now - lastWord > .seconds(10) {
                    lastWord = clock.now
                    say(line)
                }
            }
        }
        Watchdog.stop()
    }

    /// Says how it went.
    ///
    /// - Returns: whether everything held.
    private func report() -> Bool {
        print(line)
        if let failure = total.failure {
            say("error: seed \(failure.seed): \(failure.text)")
            say("  again: SIMULATE=\(options.subject.rawValue) SEED=\(failure.seed) VERBOSE=1 make simulate")
            return false
        }
        guard peakMemory() < Simulate.maxMemory else {
            say("error: the process has had \(peakMemory()) MiB, \(Simulate.maxMemory) are enough")
            return false
        }
        guard options.subject == .worlds else {
            print(total.census.lines)
            return true
        }
        print(total.tally.lines)
        // A fault that never occurs proves nothing.
        let missing = total.tally.missing
        guard total.seeds >= 1000, !missing.isEmpty else { return true }
        say("error: in \(total.seeds) seeds there was none of: \(missing.map { "\($0)" }.joined(separator: ", "))")
        return false
    }
}
