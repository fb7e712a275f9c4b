/// Declarations of a file, and conformances of its types.
struct SourceDeclarations {
    private(set) var all: [SourceDeclaration] = []
    /// Protocols that the headers of a type and of its extensions name, by type.
    private(set) var conformances: [String: Set<String>] = [:]
    /// Names of the requirements of each protocol of the file.
    private(set) var requirements: [String: Set<String>] = [:]

    private struct Scope {
        var indentation: Int
        var name: String
        var kind: Substring
        var access: Substring
    }

    init(_ file: SourceTree.File) {
        let lines = file.lines
        var open: [Scope] = []
        for (index, line) in lines.enumerated() {
            let text = line.drop { $0 == " " }
            if text.isEmpty || text.hasPrefix("//") { continue }
            let indentation = line.count - text.count
            while let last = open.last, indentation <= last.indentation { open.removeLast() }
            guard let head = DeclarationHead(text) else {
                // Declarations in the body of a function are no members.
                if text.hasSuffix("{") { open.append(Scope(indentation: indentation, name: "", kind: "", access: "")) }
                continue
            }
            let signature = Self.signature(lines[index...])
            let name = head.name(in: signature)
            if DeclarationHead.types.contains(head.kind) {
                conformances[name, default: []].formUnion(Self.protocols(in: signature))
                if head.kind == "protocol" { requirements[name, default: []] = [] }
            }
            add(head, name, signature, at: index, lines, within: open.last)
            if signature.contains("{"), !text.hasSuffix("}") {
                open.append(Scope(indentation: indentation, name: name, kind: head.kind, access: head.access))
            }
        }
    }

    private mutating func add(
        _ head: DeclarationHead, _ name: String, _ signature: String, at index: Int, _ lines: [Substring],
        within scope: Scope?
    ) {
        if head.kind == "extension" { return }
        if let scope, scope.kind == "protocol" { requirements[scope.name, default: []].insert(name) }
        var access = head.access
        if access.isEmpty, let scope, scope.kind == "protocol" || scope.kind == "enum" && head.kind == "case" {
            access = scope.access
        }
        var documentation: [Substring] = []
        var above = index - 1
        while above >= 0, DeclarationHead.isAttribute(lines[above]) { above -= 1 }
        while above >= 0, case let text = lines[above].drop(while: { $0 == " " }), text.hasPrefix("///") {
            documentation.insert(text.dropFirst(text.hasPrefix("/// ") ? 4 : 3), at: 0)
            above -= 1
        }
        all.append(
            SourceDeclaration(
                line: index, kind: head.kind, name: name, owner: scope?.name ?? "", access: access,
                isRequirement: scope?.kind == "protocol",
                isThrowing: head.isFunction && Self.isThrowing(signature), documentation: documentation))
    }

    /// Returns the declaration's lines up to its brace, or to the end of its last line.
    private static func signature(_ lines: ArraySlice<Substring>) -> String {
        var text = ""
        var depth = 0
        for line in lines.prefix(24) {
            let next = line.drop { $0 == " " }
            let goesOn = [")", "throws", "async", "->", "where"].contains { next.hasPrefix($0) } || next == "{"
            if !text.isEmpty, depth <= 0, !goesOn { break }
            text += text.isEmpty ? next : " " + next
            for character in line {
                if character == "(" || character == "[" { depth += 1 }
                if character == ")" || character == "]" { depth -= 1 }
            }
            if depth <= 0, line.contains("{") { break }
        }
        return text
    }

    /// Returns `true` for `throws` behind the parameters, before the arrow.
    private static func isThrowing(_ signature: String) -> Bool {
        var depth = 0
        var word = ""
        for character in signature + " " {
            if character == "(" || character == "[" { depth += 1 }
            if depth == 0, character.isLetter {
                word.append(character)
            } else {
                if word == "throws" { return true }
                word = ""
            }
            if character == ")" || character == "]" { depth -= 1 }
            if depth == 0, character == "{" || character == ">" { return false }
        }
        return false
    }

    /// Returns the names behind the colon of a type's header.
    private static func protocols(in signature: String) -> [String] {
        var depth = 0
        var list = ""
        var isList = false
        for character in signature {
            if character == "<" || character == "(" || character == "[" { depth += 1 }
            if character == ">" || character == ")" || character == "]" { depth -= 1 }
            if character == "{" { break }
            if isList { list.append(character) }
            if character == ":", depth == 0 { isList = true }
        }
        return list.split { !($0.isLetter || $0.isNumber) }.map(String.init)
    }
}
