import ProtoWire
import SpanMerge
import SpanStorage

/// Breach of the contract by a store.
public struct ContractFailure: Error, Sendable, CustomStringConvertible {
    /// One sentence: the rule, the value found and the value expected.
    public var description: String

    /// Creates a failure with its sentence.
    public init(_ description: String) { self.description = description }
}

func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws(ContractFailure) {
    if !condition { throw ContractFailure(message()) }
}

/// Holds two answers of groups to be equal, and names the groups that are not.
func expectEqual<Group: Sendable & Hashable>(
    _ found: SpanGroups<Group>, _ expected: SpanGroups<Group>, _ what: @autoclosure () -> String
) throws(ContractFailure) {
    if found == expected { return }
    let (surplus, missing) = (
        found.groups.filter { !expected.groups.contains($0) }, expected.groups.filter { !found.groups.contains($0) }
    )
    // Texts may have a NUL in them, where a message would end.
    throw ContractFailure(
        "\(what()): found \(String(reflecting: surplus)), expected \(String(reflecting: missing)), in the place of each "
            + "other; left out \(found.leftOutSpans) of \(expected.leftOutSpans); in order: "
            + "\(found.groups.count == expected.groups.count)")
}

func expectEqual<Value: Equatable>(
    _ found: Value, _ expected: Value, _ what: @autoclosure () -> String
) throws(ContractFailure) {
    if found != expected { throw ContractFailure("\(what()): found \(found), expected \(expected)") }
}

/// Requires two lists of spans to be equal, byte for byte and in order.
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
    /// Encoded form of everything that a reader sees: span, origin, then the fields with conflicts. Two fingerprints
    /// are equal exactly when all of that is, byte for byte; `==` treats canonically equivalent texts as equal.
    package var fingerprint: [[UInt8]] {
        [span.encoded(), origin.encoded()] + conflicts.map { Array($0.utf8) }
    }
}
