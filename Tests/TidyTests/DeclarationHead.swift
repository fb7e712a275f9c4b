/// Words with which a declaration begins.
struct DeclarationHead {
    static let types: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "extension"]
    private static let kinds = types.union([
        "func", "init", "deinit", "var", "let", "subscript", "typealias", "associatedtype", "case", "macro",
    ])
    private static let modifiers: Set<Substring> = [
        "static", "final", "mutating", "nonmutating", "indirect", "nonisolated", "override", "consuming", "borrowing",
        "required", "convenience", "lazy", "weak", "unowned", "prefix", "postfix", "infix", "isolated", "unsafe",
    ]
    private static let accesses: Set<Substring> = ["public", "package", "open", "internal", "private", "fileprivate"]

    var kind: Substring
    /// `public` (also for `open`), `package` or empty.
    var access: Substring = ""
    private var rest: Substring

    /// Reads the words at the start of a line; `nil` when it begins no declaration.
    init?(_ line: Substring) {
        var rest = line
        while true {
            rest = rest.drop { $0 == " " }
            if rest.first == "@" {
                rest = Self.behindAttribute(rest)
                continue
            }
            let word = rest.prefix { $0.isLetter }
            let after = rest.dropFirst(word.count)
            if Self.accesses.contains(word) {
                // `private(set)` is about the setter.
                if after.first == "(" {
                    rest = after.drop { $0 != ")" }.dropFirst()
                    continue
                }
                access = word == "open" ? "public" : word == "public" || word == "package" ? word : ""
                rest = after
            } else if Self.modifiers.contains(word), after.first == " " {
                rest = after
            } else if word == "class", after.hasPrefix(" func") || after.hasPrefix(" var") {
                rest = after
            } else if Self.kinds.contains(word), after.first.map({ " (<?".contains($0) }) == true {
                kind = word
                self.rest = after
                return
            } else {
                return nil
            }
        }
    }

    var isFunction: Bool { kind == "func" || kind == "init" || kind == "subscript" }

    /// Returns `true` for a line that is an attribute and nothing else.
    static func isAttribute(_ line: Substring) -> Bool {
        let text = line.drop { $0 == " " }
        return text.first == "@" && behindAttribute(text).allSatisfy { $0 == " " }
    }

    private static func behindAttribute(_ text: Substring) -> Substring {
        var rest = text.dropFirst().drop { $0.isLetter || $0.isNumber || $0 == "_" }
        guard rest.first == "(" else { return rest }
        var depth = 0
        while let character = rest.popFirst() {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if depth == 0 { break }
        }
        return rest
    }

    /// Returns the name with the labels that the signature has.
    func name(in signature: String) -> String {
        let text = rest.drop { $0 == " " }
        switch kind {
        case "init": return "init" + Self.labels(in: signature)
        case "subscript": return "subscript"
        case "func":
            let name = text.prefix { $0 != "(" && ($0 != "<" || $0 == text.first) && $0 != " " }
            return name + (name.first?.isLetter == true ? Self.labels(in: signature) : "")
        default:
            let name = text.prefix { $0.isLetter || $0.isNumber || "_.`[]".contains($0) }
            // Of `Outer.Inner` the inner.
            return String(name.split(separator: ".").last ?? name)
        }
    }

    private static func labels(in signature: String) -> String {
        var result = ""
        var label = ""
        var isLabel = true
        var depth = 0
        var angles = 0
        for character in signature {
            if depth == 0, character == "<" { angles += 1 }
            if depth == 0, character == ">" { angles -= 1 }
            if "([{".contains(character), angles == 0 {
                depth += 1
                if depth == 1 { continue }
            }
            if ")]}".contains(character), angles == 0 {
                depth -= 1
                if depth == 0 { break }
            }
            guard depth > 0 else { continue }
            if depth == 1, character == "," {
                isLabel = true
                label = ""
            } else if isLabel, character == ":" || character == " " && !label.isEmpty {
                result += label + ":"
                isLabel = false
            } else if isLabel, character != " " {
                label.append(character)
            }
        }
        return "(\(result))"
    }
}
