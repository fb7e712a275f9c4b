import ProtoWire
import SpanMerge

/// What a store did against the contract.
public struct ContractFailure: Error, Sendable, CustomStringConvertible {
    /// One sentence.
    public var description: String

    public init(_ description: String) { self.description = description }
}

func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws(ContractFailure) {
    if !condition { throw ContractFailure(message()) }
}

func expectEqual<Value: Equatable>(
    _ found: Value, _ expected: Value, _ what: @autoclosure () -> String
) throws(ContractFailure) {
    if found != expected { throw ContractFailure("\(what()): found \(found), expected \(expected)") }
}

/// Holds two lists of spans to be the same, byte for byte and in order.
func expectSame(
    _ found: [MergedSpan], _ expected: [MergedSpan], _ what: @autoclosure () -> String
) throws(ContractFailure) {
    if found.count != expected.count {
        throw ContractFailure("\(what()): found \(found.count) spans, expected \(expected.count)")
    }
    for (index, pair) in zip(found, expected).enumerated() where pair.0.fingerprint != pair.1.fingerprint {
        throw ContractFailure("\(what()): span \(index) is \(pair.0), expected \(pair.1)")
    }
}

extension MergedSpan {
    /// Equal exactly where all that a reader sees is, byte for byte (`==` holds equivalent texts equal): span, origin, then
    /// the fields that clash.
    package var fingerprint: [[UInt8]] {
        [span.encoded(), origin.encoded()] + conflicts.map { Array($0.utf8) }
    }
}
