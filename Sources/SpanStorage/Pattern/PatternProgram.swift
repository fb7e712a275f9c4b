/// A regular expression as the steps of a nondeterministic automaton (Thompson's construction), all of whose ways are
/// followed at once.
struct PatternProgram: Sendable {
    enum Step: Sendable {
        case scalar(UInt32)
        case any
        case set(ScalarSet)
        /// Holds only at the start of the text.
        case start
        /// Holds only at the end of the text.
        case end
        /// Goes on at both steps.
        case split(Int, Int)
        case jump(Int)
        case found
    }

    private(set) var steps: [Step] = []
    /// Cost of following a step by one character: 2 for a program with a set in it, else 1.
    private var stepCost = 1

    /// Compiles an expression of bounded `size` into that many steps and a last one.
    init(_ expression: PatternExpression) {
        steps.reserveCapacity(expression.size + 1)
        append(expression)
        steps.append(.found)
    }

    private mutating func append(_ expression: PatternExpression) {
        switch expression {
        case .empty: break
        case .scalar(let value): steps.append(.scalar(value))
        case .any: steps.append(.any)
        case .set(let set):
            steps.append(.set(set))
            stepCost = 2
        case .start: steps.append(.start)
        case .end: steps.append(.end)
        case .sequence(let parts): for part in parts { append(part) }
        case .choice(let parts): appendChoice(parts)
        case .repetition(let part, let least, let most): appendRepetition(part, least, most)
        }
    }

    private mutating func appendChoice(_ parts: [PatternExpression]) {
        var jumps: [Int] = []
        for part in parts.dropLast() {
            let split = steps.count
            steps.append(.split(0, 0))
            append(part)
            jumps.append(steps.count)
            steps.append(.jump(0))
            steps[split] = .split(split + 1, steps.count)
        }
        if let last = parts.last { append(last) }
        for jump in jumps { steps[jump] = .jump(steps.count) }
    }

    private mutating func appendRepetition(_ part: PatternExpression, _ least: Int, _ most: Int?) {
        // What has no steps would be written out for nothing, and within repetitions for very long.
        guard part.size > 0 else { return }
        for _ in 0..<least { append(part) }
        guard let most else {
            let split = steps.count
            steps.append(.split(0, 0))
            append(part)
            steps.append(.jump(split))
            steps[split] = .split(split + 1, steps.count)
            return
        }
        var splits: [Int] = []
        for _ in least..<most {
            splits.append(steps.count)
            steps.append(.split(0, 0))
            append(part)
        }
        for split in splits { steps[split] = .split(split + 1, steps.count) }
    }

    /// Returns `true` when the expression is found anywhere in the first `TextPattern.maxTextLength` scalars of the
    /// text.
    ///
    /// - Parameter work: counts the cost; once it is used up the result is `false`.
    func matches(_ text: String, _ work: PatternWork?) -> Bool {
        if work?.isSpent == true { return false }
        var current = Places(steps.count)
        var following = Places(steps.count)
        var scalars = text.unicodeScalars.makeIterator()
        var next = scalars.next()
        var position = 0
        // Beyond the free ones; what making the places costs is in it.
        var cost = steps.count / 4
        defer { _ = work?.spend(cost) }
        while true {
            if reach(0, &current, isStart: position == 0, isEnd: next == nil) { return true }
            guard let scalar = next, position < TextPattern.maxTextLength else { return false }
            next = scalars.next()
            position += 1
            cost += (current.count - PatternWork.freeSteps) * stepCost
            if cost > Self.costsAtOnce {
                guard work?.spend(cost) ?? true else { return false }
                cost = 0
            }
            following.removeAll()
            for index in 0..<current.count {
                let place = current[index]
                guard consumes(place, scalar.value) else { continue }
                if reach(place + 1, &following, isStart: false, isEnd: next == nil) { return true }
            }
            swap(&current, &following)
        }
    }

    /// Cost that is counted in one go: little against the whole, and enough that threads do not contend for the
    /// counter.
    private static let costsAtOnce = 1 << 18

    private func consumes(_ place: Int, _ value: UInt32) -> Bool {
        switch steps[place] {
        case .scalar(let expected): expected == value
        case .any: true
        case .set(let set): set.contains(value)
        default: false
        }
    }

    /// Adds a step and all steps that are reached from it without consuming a scalar.
    ///
    /// - Returns: `true` when the end of the expression is among them.
    private func reach(_ place: Int, _ places: inout Places, isStart: Bool, isEnd: Bool) -> Bool {
        guard places.insert(place) else { return false }
        places.waiting.append(place)
        while let place = places.waiting.popLast() {
            switch steps[place] {
            case .found:
                places.waiting.removeAll(keepingCapacity: true)
                return true
            case .split(let one, let other):
                if places.insert(other) { places.waiting.append(other) }
                if places.insert(one) { places.waiting.append(one) }
            case .jump(let target): if places.insert(target) { places.waiting.append(target) }
            case .start: if isStart, places.insert(place + 1) { places.waiting.append(place + 1) }
            case .end: if isEnd, places.insert(place + 1) { places.waiting.append(place + 1) }
            case .scalar, .any, .set: break
            }
        }
        return false
    }

    /// A set of steps in the order of insertion; emptied in O(1).
    private struct Places {
        private var order: [Int]
        private var indices: [Int]
        private(set) var count = 0
        /// Steps whose successors have not been looked at; empty between calls of `reach`.
        var waiting: [Int] = []

        init(_ capacity: Int) {
            order = Array(repeating: 0, count: capacity)
            indices = Array(repeating: 0, count: capacity)
        }

        subscript(index: Int) -> Int { order[index] }

        /// Inserts a step and returns `true` when it is new.
        mutating func insert(_ place: Int) -> Bool {
            let index = indices[place]
            if index < count && order[index] == place { return false }
            indices[place] = count
            order[count] = place
            count += 1
            return true
        }

        mutating func removeAll() { count = 0 }
    }
}
