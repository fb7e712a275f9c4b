import Foundation

/// Answers, line by line on standard input and output, what `compare.py` and `gates.py` ask about a codec.
public struct Peer<Subject: Codec> {
    private let folder: String
    private var works: [String: [Work]] = [:]

    /// - Parameter folder: where the payloads lie.
    public init(_ subject: Subject.Type, folder: String) { self.folder = folder }

    /// Answers until the input ends. A request that fails ends the program with exit code 1.
    public mutating func serve() {
        while let line = readLine() {
            do {
                print(try answer(to: line.split(separator: " ").map(String.init)))
                fflush(nil)
            } catch {
                FileHandle.standardError.write(Data("\(Subject.name): \(line): \(error)\n".utf8))
                exit(1)
            }
        }
    }

    private mutating func answer(to words: [String]) throws -> String {
        switch (words.first, words.count) {
        case ("about", 2):
            let names = try works(on: words[1]).map(\.name)
            return ([Subject.name, Subject.version] + names).joined(separator: "\t")
        case ("result", 3):
            return "\(try work(words).run())"
        case ("count", 3):
            return try allocations(of: try work(words)).map { "\($0)" } ?? "-"
        case ("time", 5):
            return "\(try bestNanoseconds(of: try work(words), samples: number(words[3]), repeats: number(words[4])))"
        default:
            throw Unanswerable()
        }
    }

    private mutating func works(on file: String) throws -> [Work] {
        if let known = works[file] { return known }
        let payload = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder).appendingPathComponent(file)))
        let made = try Subject.works(on: payload)
        works[file] = made
        return made
    }

    private mutating func work(_ words: [String]) throws -> Work {
        guard let found = try works(on: words[2]).first(where: { $0.name == words[1] }) else { throw Unanswerable() }
        return found
    }

    private func number(_ word: String) throws -> Int {
        guard let value = Int(word), value > 0 else { throw Unanswerable() }
        return value
    }

    /// The best of the samples, each the mean of `repeats` runs in a row; one run before them warms up.
    private func bestNanoseconds(of work: Work, samples: Int, repeats: Int) throws -> Double {
        _ = try work.run()
        let clock = ContinuousClock()
        var best = Double.infinity
        for _ in 0..<samples {
            let time = try clock.measure { try measured(work, repeats: repeats) }.components
            best = min(best, Double(time.seconds) * 1e9 + Double(time.attoseconds) / 1e9)
        }
        return best / Double(repeats)
    }

    /// Calls of malloc and its kin in one run after one that warms up; `nil` where no counting_malloc is loaded.
    private func allocations(of work: Work) throws -> Int? {
        // Null is what the C library calls RTLD_DEFAULT on Linux: all that is loaded.
        guard let symbol = dlsym(nil, "counted_allocations") else { return nil }
        let counted = unsafeBitCast(symbol, to: (@convention(c) () -> UInt).self)
        _ = try work.run()
        let before = counted()
        try measured(work, repeats: 1)
        return Int(counted() - before)
    }
}

/// A request that is none, or that the codec has no work for.
struct Unanswerable: Error {}

/// The only part in which callgrind counts: the gates name it by this function's name.
@inline(never)
private func measured(_ work: Work, repeats: Int) throws {
    var kept = 0
    for _ in 0..<repeats { kept &+= try work.run() }
    guard kept > 0 else { throw Unanswerable() }
}
