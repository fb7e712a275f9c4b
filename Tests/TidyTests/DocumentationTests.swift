import Testing

/// Rules of docs/style.md on doc comments, as far as a machine can check them.
@Suite struct DocumentationTests {
    /// Counts of what a target's comments lack.
    struct Debt: Equatable, CustomStringConvertible {
        /// Number of public and package declarations without a doc comment.
        var undocumented = 0
        /// Number of public functions that throw and do not say what.
        var unsaidErrors = 0
        /// Number of doc comments that do not begin with their subject.
        var openings = 0

        var description: String {
            "\(undocumented) undocumented, \(unsaidErrors) that do not say what they throw, \(openings) openings"
        }

        func isWithin(_ other: Debt) -> Bool {
            undocumented <= other.undocumented && unsaidErrors <= other.unsaidErrors && openings <= other.openings
        }
    }

    /// Targets whose comments are not done yet, with what is left to do: a number may fall and never rises, and a target
    /// that has nothing left is taken off the list. All other targets lack nothing.
    static let unfinished: [String: Debt] = [
        "SpanBlocks": Debt(undocumented: 58, openings: 129),
        "SpanCollector": Debt(undocumented: 1, openings: 24),
        "SpanCompression": Debt(openings: 9),
        "SpanLoad": Debt(undocumented: 3, openings: 30),
        "SpanSession": Debt(undocumented: 46, openings: 159),
        "SpanSpool": Debt(undocumented: 24, openings: 95),
        "SpanStorageSQLite": Debt(undocumented: 1, unsaidErrors: 2, openings: 254),
        "SpanTransport": Debt(undocumented: 17, openings: 169),
        "SpanTransportTLS": Debt(undocumented: 5, openings: 21),
    ]

    /// Witnesses of protocols that other packages document once for all who conform.
    static let witnesses: Set<String> = [
        // Equatable, Hashable, Comparable, CustomStringConvertible.
        "==", "<", "hash(into:)", "description", "debugDescription",
        // RawRepresentable and literals: the type says what its raw values and literals are.
        "rawValue", "init(rawValue:)", "init(stringLiteral:)", "init(integerLiteral:)", "init(floatLiteral:)",
        "init(booleanLiteral:)", "init(arrayLiteral:)",
        // Sequence, IteratorProtocol, Collection, RandomNumberGenerator.
        "next()", "makeIterator()", "makeAsyncIterator()", "startIndex", "endIndex", "index(after:)", "index(before:)",
        // Codable.
        "encode(to:)", "init(from:)",
        // Service of swift-service-lifecycle; commands of swift-argument-parser.
        "run()", "configuration", "validate()", "init(argument:)",
    ]

    /// Words with which a doc comment begins that does not name its subject: it answers a question, or leans on what is
    /// beside it.
    static let openings: Set<Substring> = [
        "What", "Whether", "How", "Who", "Whom", "Whose", "Why", "When", "Where", "Which", "Of", "By", "As", "With",
        "Without", "Those", "That", "It", "Its", "Same", "Likewise", "Ditto", "-",
    ]

    /// Returns what doc comments lack, and where, by target.
    static func debts(
        in files: [(target: String, file: SourceTree.File)]
    ) -> (debts: [String: Debt], places: [String: [String]]) {
        let sources = files.map { (target: $0.target, file: $0.file, found: SourceDeclarations($0.file)) }
        var conformances: [String: Set<String>] = [:]
        var requirements: [String: Set<String>] = [:]
        for source in sources {
            conformances.merge(source.found.conformances) { $0.union($1) }
            requirements.merge(source.found.requirements) { $0.union($1) }
        }
        /// Returns `true` for a witness: the protocol documents its requirement.
        func isWitness(_ declaration: SourceDeclaration) -> Bool {
            var seen: Set<String> = []
            var open = [declaration.owner]
            while let name = open.popLast() {
                guard seen.insert(name).inserted else { continue }
                let isItself = declaration.isRequirement && name == declaration.owner
                if !isItself, requirements[name]?.contains(declaration.name) == true { return true }
                open += conformances[name] ?? []
            }
            return false
        }
        var debts: [String: Debt] = [:]
        var places: [String: [String]] = [:]
        for source in sources {
            for declaration in source.found.all {
                func note(_ path: WritableKeyPath<Debt, Int>, _ words: String) {
                    debts[source.target, default: Debt()][keyPath: path] += 1
                    places[source.target, default: []].append(
                        "\(source.file.path):\(declaration.line + 1): \(declaration.name) \(words)")
                }
                if let first = declaration.documentation.first, opensBadly(first) {
                    note(\.openings, "does not begin with its subject: \(first)")
                }
                if declaration.access.isEmpty || witnesses.contains(declaration.name) || isWitness(declaration) {
                    continue
                }
                if declaration.documentation.isEmpty {
                    note(\.undocumented, "has no doc comment")
                } else if declaration.access == "public", declaration.isThrowing,
                    !declaration.documentation.contains(where: { $0.hasPrefix("- Throws: ") })
                {
                    note(\.unsaidErrors, "does not say what it throws")
                }
            }
        }
        return (debts, places)
    }

    static func opensBadly(_ first: Substring) -> Bool {
        first.hasPrefix("The same") || openings.contains(first.prefix { $0.isLetter || $0 == "-" })
    }

    /// Returns all Swift files of targets.
    static func sources() throws -> [(target: String, file: SourceTree.File)] {
        try SourceTree.files(in: "Sources", suffix: ".swift").map { file in
            (target: String(file.path.split(separator: "/")[1]), file: file)
        }
    }

    @Test func `public and package declarations have doc comments that name their subject and say what is thrown`()
        throws
    {
        let sources = try Self.sources()
        #expect(sources.count > 200)
        let (debts, places) = Self.debts(in: sources)
        for (target, debt) in debts {
            let known = Self.unfinished[target] ?? Debt()
            let list = (places[target] ?? []).prefix(40).joined(separator: "\n")
            #expect(debt.isWithin(known), "\(target): \(debt), more than \(known)\n\(list)")
        }
        for target in Self.unfinished.keys {
            #expect(debts[target] != nil, "\(target) lacks nothing more: take it off the list")
        }
    }

    // MARK: The search itself

    private static func found(_ text: String) -> [String] {
        debts(in: [(target: "A", file: SourceTree.File(path: "A.swift", text: text))]).places["A"] ?? []
    }

    @Test func `the search finds what has no comment, whatever attributes and modifiers it has`() {
        let text = """
            public struct Limits {
                /// Greatest size in bytes.
                @usableFromInline package var size: Int
                @inlinable
                @inline(__always)
                public mutating func grow(
                    by bytes: Int
                ) -> Int { bytes }
                public private(set) var count = 0
                private var own = 0
                /// Creates limits.
                @inlinable
                public init() {}
            }

            /// Kind of a limit.
            public enum Kind {
                case soft
                /// A limit that holds.
                case hard
            }

            enum Own { case one }
            """
        let names = Self.found(text).map { $0.split(separator: " ")[1...].joined(separator: " ") }
        #expect(
            names == [
                "Limits has no doc comment", "grow(by:) has no doc comment", "count has no doc comment",
                "soft has no doc comment",
            ])
    }

    @Test func `the search asks for requirements, and not for their witnesses`() {
        let text = """
            /// A store.
            public protocol Store: Sendable {
                /// Closes the store.
                func close()
                func open(_ path: String, mode: Int)
            }

            extension Store {
                public func close() {}
                public func close(_ force: Bool) {}
            }

            /// A store on disk.
            public struct Disk {
                public func open(_ path: String, mode: Int) {}
                public func open(at path: String) {}
            }

            extension Disk: Store {}

            extension Disk: Equatable {
                public static func == (left: Disk, right: Disk) -> Bool { true }
            }
            """
        let names = Self.found(text).map { $0.split(separator: " ")[1] }
        #expect(names == ["open(_:mode:)", "close(_:)", "open(at:)"])
    }

    @Test func `the search finds public functions that do not say what they throw`() {
        let text = """
            /// A reader.
            public struct Reader {
                /// Reads a byte.
                public func byte() throws(Fault) -> UInt8 { 0 }
                /// Reads a word.
                ///
                /// - Throws: `truncated` at the end.
                public func word() throws(Fault) -> UInt64 { 0 }
                /// Reads with a function that throws.
                public func read(_ body: () throws -> Void) -> () throws -> Void { {} }
                /// Reads for this package.
                package func bits() throws {}
                /// Reads a text.
                public init(
                    _ text: String
                )
                    throws(Fault)
                {}
            }
            """
        let names = Self.found(text).map { $0.split(separator: " ")[1] }
        #expect(names == ["byte()", "init(_:)"])
    }

    @Test func `the search finds comments that do not begin with their subject`() {
        for first in ["What a store keeps.", "Of `runs`.", "By payload.", "The same.", "- Parameter size: bytes."] {
            #expect(Self.found("/// \(first)\nstruct A {}").count == 1, "\(first)")
        }
        for first in [
            "Bytes of each payload.", "Returns `nil` at the end.", "`true` when it is open.", "Official name.",
        ] {
            #expect(Self.found("/// \(first)\nstruct A {}") == [], "\(first)")
        }
    }
}
