import SpanBlocks
import SpanStorage

/// The spans that the store has reports of, so that the first report of a span can be told from a further one, whenever that
/// comes and wherever it is filed.
///
/// Filters that never miss a span and rarely find one that is not there: one for some spans that were stored one after the
/// other, and one for their traces, an eighth as large. Where there is no room for all, the oldest filters of spans go first:
/// of their time it is only known then which traces were there. Of what was in the file before, the filter is made from the
/// stored indexes, which know traces. Where even that is too much, it is known until when reports came that are in no filter.
struct StoredSpans {
    /// Spans that were stored one after the other.
    private struct Era {
        /// `nil` once it had to go.
        var spans: KeyFilter?
        var traces: KeyFilter
        /// The time at which the last of them came.
        var untilUnixNano: UInt64

        var bytes: Int { (spans?.bytes ?? 0) + traces.bytes }
        var isFull: Bool { traces.isFull || spans?.isFull ?? true }

        init(bits: Int) {
            spans = KeyFilter(bits: bits)
            traces = KeyFilter(bits: bits / StoredSpans.spansPerTrace)
            untilUnixNano = 0
        }
    }

    private static let spansPerTrace = 8
    private static let minEraBits = 1 << 18
    private static let maxEraBits = 1 << 25

    private var eras: [Era] = []
    /// The traces that the file had when it was looked at last.
    private var earlier: Earlier?
    private struct Earlier {
        var traces: KeyFilter
        var untilUnixNano: UInt64
        /// Behind the chunks that are in the filter.
        var next = TraceIndexPlace()
    }

    /// The file has more traces than there is room for.
    private var isTooMuch = false

    /// `true` while what is in the ledger is known; else `load` is to be called before anything is asked.
    private(set) var isLoaded = false
    /// Reports that came until then may be in no filter; `nil`: all are.
    private(set) var forgottenUntilUnixNano: UInt64?
    /// The fault that kept the indexes from being read: all that came until then is taken for known.
    private(set) var damage: SpanStoreError?
    private let maxBytes: Int

    /// Makes filters that know nothing yet.
    ///
    /// - Parameter maxBytes: about how much memory the filters may take.
    init(maxBytes: Int) { self.maxBytes = maxBytes }

    private var bytes: Int { eras.reduce(earlier?.traces.bytes ?? 0) { $0 + $1.bytes } }

    // MARK: What is in the file

    /// Another process wrote to the file.
    mutating func noteOthers() { isLoaded = false }

    /// Takes in what the file has; of what it had the last time only what is new.
    ///
    /// Indexes that cannot be read are no reason to store nothing: no report is then taken for the first of its span.
    mutating func load(_ ledger: any BlockLedger, nowUnixNano: UInt64) throws(SpanStoreError) {
        do throws(SpanStoreError) {
            try loadIndexes(ledger, nowUnixNano: nowUnixNano)
        } catch {
            guard error.code == .corrupt else { throw error }
            damage = error
            earlier = nil
            isTooMuch = true
            forgottenUntilUnixNano = nowUnixNano
            isLoaded = true
        }
    }

    private mutating func loadIndexes(_ ledger: any BlockLedger, nowUnixNano: UInt64) throws(SpanStoreError) {
        if var known = earlier {
            try Self.read(ledger, into: &known)
            if !known.traces.isCrowded {
                known.untilUnixNano = nowUnixNano
                earlier = known
                isLoaded = true
                return
            }
        }
        if isTooMuch {
            forgottenUntilUnixNano = nowUnixNano
            isLoaded = true
            return
        }
        // With room for as much again, where more comes in this way.
        let entries = try ledger.traceEntries() * (earlier == nil ? 1 : 2)
        let bits = min(KeyFilter.bits(forKeys: entries), maxBytes / 2 * 8)
        var all = Earlier(traces: KeyFilter(bits: bits), untilUnixNano: nowUnixNano)
        try Self.read(ledger, into: &all)
        // Own reports are in the file, too.
        eras = []
        earlier = all.traces.isCrowded ? nil : all
        isTooMuch = all.traces.isCrowded
        forgottenUntilUnixNano = isTooMuch ? nowUnixNano : nil
        isLoaded = true
    }

    private static func read(
        _ ledger: any BlockLedger, into earlier: inout Earlier
    ) throws(SpanStoreError) {
        var traces = earlier.traces
        // Out of the structure while it changes, so that it is not copied.
        earlier.traces = KeyFilter(bits: 0)
        defer { earlier.traces = traces }
        earlier.next = try ledger.forEachTraceChunk(since: earlier.next) { chunk in
            for trace in chunk { traces.insert(key(ofTrace: trace)) }
        }
    }

    /// Returns the key by which filters know a trace: of the same bits as the stored indexes.
    static func key(ofTrace hash: TraceHash) -> UInt64 { StableHash.mix(UInt64(hash.bits), 1) }

    // MARK: Own reports

    /// Returns `true` for each report of whose span the store has surely no other one.
    func areNew(_ reports: [HashedReport]) -> [Bool] {
        var areNew = [Bool](repeating: true, count: reports.count)
        if let forgotten = forgottenUntilUnixNano {
            // No report comes before its span starts, but for clocks that differ.
            let until = forgotten.addingReportingOverflow(Self.clockToleranceNanoseconds)
            let border = until.overflow ? UInt64.max : until.partialValue
            for index in reports.indices { areNew[index] = reports[index].startUnixNano > border }
        }
        let spans = reports.map(\.key)
        let traces = reports.map { Self.key(ofTrace: $0.trace) }
        earlier?.traces.find(traces, &areNew)
        for era in eras {
            if let filter = era.spans {
                filter.find(spans, &areNew)
            } else {
                era.traces.find(traces, &areNew)
            }
        }
        return areNew
    }

    /// The most by which a sender's clock may be ahead of the collector's.
    private static let clockToleranceNanoseconds: UInt64 = 60_000_000_000

    /// Takes reports in that are stored.
    mutating func insert(_ reports: [HashedReport], nowUnixNano: UInt64) {
        var next = 0
        while next < reports.count {
            if eras.last?.isFull ?? true { begin() }
            // Out of the array while it changes, so that it is not copied.
            guard var era = eras.popLast() else { return }
            var lastTrace: TraceHash?
            while next < reports.count, !era.isFull {
                let report = reports[next]
                era.spans?.insert(report.key)
                if report.trace != lastTrace { era.traces.insert(Self.key(ofTrace: report.trace)) }
                lastTrace = report.trace
                next += 1
            }
            era.untilUnixNano = max(era.untilUnixNano, nowUnixNano)
            eras.append(era)
        }
    }

    /// Begins an era, four times as large as the one before.
    private mutating func begin() {
        let bits = eras.last?.spans.map { min($0.bits * 4, Self.maxEraBits) } ?? Self.minEraBits
        // A quarter of the room at the most.
        eras.append(Era(bits: max(min(bits, maxBytes * 2), Self.minEraBits)))
        makeRoom()
    }

    private mutating func makeRoom() {
        while bytes > maxBytes, let oldest = eras.indices.dropLast().first(where: { eras[$0].spans != nil }) {
            eras[oldest].spans = nil
            joinOlder(oldest)
        }
        while bytes > maxBytes, forgetOldest() {}
    }

    /// Makes one era out of two of traces alone, where one filter has room for both.
    private mutating func joinOlder(_ index: Int) {
        guard index > 0, eras[index - 1].spans == nil,
            let joined = eras[index - 1].traces.joined(with: eras[index].traces)
        else { return }
        eras[index].traces = joined
        eras.remove(at: index - 1)
    }

    /// Forgets the oldest filter.
    ///
    /// - Returns: `false` where only the newest are left.
    private mutating func forgetOldest() -> Bool {
        if let gone = earlier {
            earlier = nil
            forgottenUntilUnixNano = max(forgottenUntilUnixNano ?? 0, gone.untilUnixNano)
            return true
        }
        guard eras.count > 1 else { return false }
        let gone = eras.removeFirst()
        forgottenUntilUnixNano = max(forgottenUntilUnixNano ?? 0, gone.untilUnixNano)
        return true
    }
}
