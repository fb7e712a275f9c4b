import SpanStorage
import SpanStorageTesting
import Testing

@Suite struct MessageShapeTests {
    @Test(
        arguments: [
            ("order 5f0c2a11-77 not found after 300 ms: \"cart\"", "order <id> not found after # ms: \"…\""),
            ("HTTP 503", "HTTP #"), ("v1.20.3 rejected", "v#.#.# rejected"), ("", ""), ("deadbeef", "deadbeef"),
            ("550e8400-e29b-41d4-a716-446655440000", "<id>"), ("line\nbreak\tand \u{2028}", "line break and  "),
            ("an \"open quote", "an \"open quote"), ("10.0.0.3:5432 refused", "#.#.#.#:# refused"),
            ("Überlauf 7 bei é2", "Überlauf # bei é#"), ("well-known", "well-known"), ("\"\"\"", "\"…\"\""),
        ])
    func `messages that differ in numbers, ids and quoted texts alone have one shape`(message: String, shape: String) {
        #expect(MessageShape.of(message) == shape)
    }

    @Test func `a long message is cut off, and a shape keeps its shape`() {
        let shape = MessageShape.of(String(repeating: "word 1 ", count: 10_000))
        #expect(shape.unicodeScalars.count <= MessageShape.maxLength + 10 && shape.hasSuffix("…"))
        var generator = SeededGenerator(seed: seed)
        let pool: [Unicode.Scalar] = ["a", "f", "0", "9", "-", "\"", " ", "é", "\n", "_", ":"]
        for _ in 0..<2000 {
            let scalars = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                pool.randomElement(using: &generator)!
            }
            let shape = MessageShape.of(String(String.UnicodeScalarView(scalars)))
            #expect(!shape.unicodeScalars.contains { $0.value >= 0x30 && $0.value <= 0x39 || $0 == "\n" })
            #expect(MessageShape.of(shape) == shape)
        }
    }
}
