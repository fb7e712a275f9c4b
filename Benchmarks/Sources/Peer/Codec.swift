/// A codec that is measured.
public protocol Codec {
    /// The library's name in the table.
    static var name: String { get }

    /// The version that was built.
    static var version: String { get }

    /// What the codec can do with a payload; made once for each file, outside of what is measured.
    ///
    /// - Throws: what the codec throws when it cannot read the payload.
    static func works(on payload: [UInt8]) throws -> [Work]
}

/// Something a codec does with one payload, as often as it is asked.
public struct Work {
    /// `decode`, `encode` or `views`; variants of one codec are told apart behind a colon: `decode:arena`.
    public let name: String
    let run: () throws -> Int

    /// - Parameter run: does it once and lets go of what it made; returns how many spans it read, or how many bytes it
    ///   wrote.
    public init(_ name: String, run: @escaping () throws -> Int) {
        self.name = name
        self.run = run
    }
}
