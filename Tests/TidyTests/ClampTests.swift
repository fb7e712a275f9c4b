import Testing

/// What an initializer holds within its range holds however it is set.
@Suite struct ClampTests {
    /// Of each type the variables that anybody may set and nothing looks at, and those that an initializer does not take as
    /// they are given.
    static func bypassed(in file: SourceTree.File) -> [String] {
        var bare: Set<Substring> = []
        var held: Set<Substring> = []
        for line in file.lines {
            if let match = line.firstMatch(of: /^ +(?:public|package) var (\w+): [^{]*$/) { bare.insert(match.1) }
            if let match = line.firstMatch(
                of: /^ +self\.(\w+) = .*\b(?:min|max|clamp\w*|held|bounded|precondition)\(/)
            {
                held.insert(match.1)
            }
        }
        return bare.intersection(held).sorted().map { "\(file.path): \($0)" }
    }

    @Test func `a setting that its initializer clamps cannot be set beside the clamp`() throws {
        let files = try SourceTree.files(in: "Sources", suffix: ".swift")
        #expect(files.count > 200)
        #expect(files.flatMap(Self.bypassed) == [])
    }

    @Test func `the search finds one that could be, and none that looks at what it is set to`() {
        func found(_ variable: String) -> [String] {
            let text = """
                public struct Limits {
                    \(variable)

                    public init(most: Int) {
                        self.most = max(most, 1)
                    }
                }
                """
            return Self.bypassed(in: SourceTree.File(path: "Limits.swift", text: text))
        }
        #expect(found("public var most: Int") == ["Limits.swift: most"])
        #expect(found("public var most: Int { didSet { most = max(most, 1) } }") == [])
        #expect(found("public let most: Int") == [])
    }
}
