import Foundation
import Testing

/// Each use of an unsafe construct has its proof in the function that uses it, or one for all of its type.
@Suite struct ProofTests {
    /// Targets with uses whose proof is still to be written, and how many: a number may fall and never rises, and a target
    /// that has none left is taken off the list.
    static let unproven = [
        "SpanBlocks": 10, "SpanCollector": 1, "SpanCompression": 20, "SpanSpool": 10, "SpanStorageSQLite": 63,
        "SpanTransport": 16,
    ]

    /// Returns the indices of lines that use something unsafe without a proof.
    ///
    /// A proof is a comment with the word `Proof` in front of the use within the function, its doc comment included; or
    /// `Proof for all below` in the doc comment of the type, or in a comment among its members in front of the use.
    static func unprovenLines(in file: SourceTree.File) -> [Int] {
        let lines = file.lines
        return lines.indices.filter { isUse(lines[$0]) && !hasProofInFunction(lines, $0) && !hasProofForAll(lines, $0) }
    }

    private static func isUse(_ line: Substring) -> Bool {
        let text = line.drop { $0 == " " }
        if text.hasPrefix("//") { return false }
        let code = text.range(of: " //").map { text[..<$0.lowerBound] } ?? text
        return code.contains("@unchecked") || code.contains(#/\bunsafe\b/#)
    }

    private static func indentation(_ line: Substring) -> Int { line.prefix { $0 == " " }.count }

    private static func isComment(_ line: Substring) -> Bool { line.drop { $0 == " " }.hasPrefix("//") }

    /// Returns `true` for a proof in front of the use, in the member that holds it.
    private static func hasProofInFunction(_ lines: [Substring], _ use: Int) -> Bool {
        var least = indentation(lines[use]) + 1
        var start: Int?
        for index in stride(from: use, through: 0, by: -1) {
            let text = lines[index].drop { $0 == " " }
            // What closes something is as far out as what it closes.
            if text.isEmpty || text.hasPrefix("//") || text.hasPrefix(")") || text.hasPrefix("}") { continue }
            guard indentation(lines[index]) < least else { continue }
            least = indentation(lines[index])
            guard let head = DeclarationHead(text) else { continue }
            if DeclarationHead.types.contains(head.kind) { break }
            start = index
        }
        guard var first = start else { return false }
        while first > 0, isComment(lines[first - 1]) || DeclarationHead.isAttribute(lines[first - 1]) { first -= 1 }
        return lines[first...use].contains { isComment($0) && $0.contains("Proof") }
    }

    private static func hasProofForAll(_ lines: [Substring], _ use: Int) -> Bool {
        for index in 0..<use where isComment(lines[index]) && lines[index].contains("Proof for all below") {
            let outer = indentation(lines[index])
            if lines[index].contains("///") {
                // Up to the brace that closes the type.
                let body = lines[index...].drop { isComment($0) || DeclarationHead.isAttribute($0) }
                let end = body.dropFirst().firstIndex { indentation($0) == outer && $0.dropFirst(outer).hasPrefix("}") }
                if use <= end ?? lines.count { return true }
            } else if lines[index...use].allSatisfy({ $0.isEmpty || indentation($0) >= outer }) {
                return true
            }
        }
        return false
    }

    @Test func `each use of an unsafe construct has a proof in its function or for all of its type`() throws {
        var counts: [String: Int] = [:]
        var places: [String: [String]] = [:]
        for (target, file) in try DocumentationTests.sources() {
            for line in Self.unprovenLines(in: file) {
                counts[target, default: 0] += 1
                places[target, default: []].append("\(file.path):\(line + 1)")
            }
        }
        for (target, count) in counts {
            let known = Self.unproven[target] ?? 0
            let list = (places[target] ?? []).prefix(40).joined(separator: "\n")
            #expect(count <= known, "\(target) has \(count) uses without proof, more than \(known)\n\(list)")
        }
        for target in Self.unproven.keys {
            #expect(counts[target] != nil, "\(target) has proofs for all: take it off the list")
        }
    }

    @Test func `the search takes a proof for its own function or type, and for no other`() {
        let text = """
            struct One {
                func proven() {
                    // Proof: the bytes are there.
                    let byte = unsafe load()
                    if byte > 0 { unsafe store() }
                }

                func unproven() -> Int { unsafe load() }

                // Proof for all below: the bytes are there.

                func first(
                    _ count: Int
                ) {
                    unsafe store()
                }
            }

            /// Two bytes.
            ///
            /// Proof for all below: they are there.
            @safe
            struct Two {
                deinit { unsafe free() }
            }

            struct Three: @unchecked Sendable {
                deinit { unsafe free() }
                // It is said to be unsafe.
                let name = "it is"
            }
            """
        let file = SourceTree.File(path: "A.swift", text: text)
        let found = Self.unprovenLines(in: file).map { file.lines[$0].drop { $0 == " " } }
        #expect(
            found == [
                "func unproven() -> Int { unsafe load() }", "struct Three: @unchecked Sendable {",
                "deinit { unsafe free() }",
            ])
    }
}
