/// The part of a .proto file's text that these tests need: messages, fields, enums, reserved numbers. proto3 alone; what
/// it does not understand is an error, never skipped, so that nothing in `proto/` escapes the comparison.
struct ProtoFile {
    struct Field: Hashable {
        var number: UInt32
        var name: String
        /// A scalar type's name or the full name of a message or enum.
        var type: String
        var isRepeated: Bool
        var oneof: String?
    }

    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    /// Full name → fields by number.
    private(set) var messages: [String: [Field]] = [:]
    /// Full name → values by number.
    private(set) var enums: [String: [Int32: String]] = [:]
    /// Full name → numbers that no field may have.
    private(set) var reserved: [String: Set<UInt32>] = [:]

    private var tokens: ArraySlice<String> = []
    private var package = ""

    /// Parses files and resolves the type names in them against all of them.
    init(texts: [String]) throws {
        for text in texts {
            tokens = try Self.tokens(of: text)[...]
            package = ""
            while !tokens.isEmpty { try parseTopLevel() }
        }
        for (message, fields) in messages {
            messages[message] = try fields.map { field in
                var field = field
                field.type = try resolve(field.type, within: message)
                return field
            }
        }
    }

    private static let scalars: Set<String> = [
        "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32",
        "sfixed64", "bool", "string", "bytes",
    ]

    /// Names are looked up from the innermost scope outwards, as protoc does.
    private func resolve(_ type: String, within message: String) throws -> String {
        if Self.scalars.contains(type) { return type }
        var scope = message.split(separator: ".")
        while true {
            let candidate = (scope.map(String.init) + [type]).joined(separator: ".")
            if messages[candidate] != nil || enums[candidate] != nil { return candidate }
            guard scope.popLast() != nil else { throw Fault(description: "\(message): no type \(type)") }
        }
    }

    private static func tokens(of text: String) throws -> [String] {
        var result: [String] = []
        for line in text.split(separator: "\n") {
            var word = ""
            var inString = false
            var previous: Character = " "
            for character in line {
                if inString {
                    word.append(character)
                    if character == "\"" { inString = false }
                } else if character == "/", previous == "/" {
                    word.removeLast()
                    break
                } else if character == "\"" || character == "/" || character == "." || character == "_"
                    || character.isLetter || character.isNumber || character == "-"
                {
                    word.append(character)
                    inString = character == "\""
                } else {
                    if !word.isEmpty { result.append(word) }
                    word = ""
                    if !character.isWhitespace { result.append(String(character)) }
                }
                previous = character
            }
            if inString { throw Fault(description: "a string does not end: \(line)") }
            if !word.isEmpty { result.append(word) }
        }
        return result
    }

    private mutating func next() throws -> String {
        guard let token = tokens.popFirst() else { throw Fault(description: "the file ends early") }
        return token
    }

    private mutating func expect(_ token: String) throws {
        let found = try next()
        if found != token { throw Fault(description: "\(token) expected, found \(found)") }
    }

    private mutating func number() throws -> Int64 {
        let token = try next()
        let value = token.hasPrefix("0x") ? Int64(token.dropFirst(2), radix: 16) : Int64(token)
        guard let value else { throw Fault(description: "a number expected, found \(token)") }
        return value
    }

    private mutating func skipStatement() throws {
        while try next() != ";" {}
    }

    private mutating func parseTopLevel() throws {
        switch try next() {
        case "syntax":
            try expect("=")
            try expect("\"proto3\"")
            try expect(";")
        case "package":
            package = try next()
            try expect(";")
        case "import", "option": try skipStatement()
        case "message": try parseMessage(in: package)
        case "enum": try parseEnum(in: package)
        case "service": try skipBlock()
        case let other: throw Fault(description: "unexpected at top level: \(other)")
        }
    }

    private mutating func skipBlock() throws {
        while try next() != "{" {}
        var depth = 1
        while depth > 0 {
            switch try next() {
            case "{": depth += 1
            case "}": depth -= 1
            default: break
            }
        }
    }

    private mutating func parseMessage(in scope: String) throws {
        let name = scope + "." + (try next())
        try expect("{")
        if messages[name] != nil { throw Fault(description: "\(name) twice") }
        messages[name] = []
        while true {
            switch try next() {
            case "}": return
            case "message": try parseMessage(in: name)
            case "enum": try parseEnum(in: name)
            case "reserved":
                reserved[name, default: []].insert(UInt32(try number()))
                try expect(";")
            case "oneof":
                let oneof = try next()
                try expect("{")
                while true {
                    let type = try next()
                    if type == "}" { break }
                    try parseField(type: type, in: name, repeated: false, oneof: oneof)
                }
            case "repeated": try parseField(type: next(), in: name, repeated: true, oneof: nil)
            case let type: try parseField(type: type, in: name, repeated: false, oneof: nil)
            }
        }
    }

    private mutating func parseField(type: String, in message: String, repeated: Bool, oneof: String?) throws {
        let name = try next()
        try expect("=")
        let field = Field(
            number: UInt32(try number()), name: name, type: type, isRepeated: repeated, oneof: oneof)
        try expect(";")
        if messages[message, default: []].contains(where: { $0.number == field.number || $0.name == name }) {
            throw Fault(description: "\(message).\(name) twice")
        }
        messages[message, default: []].append(field)
    }

    private mutating func parseEnum(in scope: String) throws {
        let name = scope + "." + (try next())
        try expect("{")
        var values: [Int32: String] = [:]
        while true {
            let value = try next()
            if value == "}" { break }
            try expect("=")
            let number = Int32(try number())
            try expect(";")
            if values.updateValue(value, forKey: number) != nil {
                throw Fault(description: "\(name): \(number) twice")
            }
        }
        enums[name] = values
    }
}
