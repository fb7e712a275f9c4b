/// A declaration in a Swift file, as far as its lines tell: the formatter's indentation shows what is inside of what.
struct SourceDeclaration {
    /// Index of the declaration's first line.
    var line: Int
    /// Keyword, such as `func` or `case`.
    var kind: Substring
    /// Name with labels, such as `merge(from:)`; the keyword for a subscript.
    var name: String
    /// Name of the type that it is in or extends, without the types around that; empty at the top.
    var owner: String
    /// `public`, `package`, or empty; members of public protocols and cases of public enums have that of their type.
    var access: Substring
    /// `true` in a protocol itself, `false` in an extension of one.
    var isRequirement: Bool
    /// `true` for a function that throws.
    var isThrowing: Bool
    /// Lines of the doc comment, without slashes.
    var documentation: [Substring]
}
