import Testing

@testable import SpanTransport

@Suite struct PlainLineTests {
    @Test func `what a peer says makes one line of a log, and no more than that`() {
        #expect("łódź: 2 spans".plainLine == "łódź: 2 spans")
        #expect("a\nb\r\u{1B}[31mc\u{202E}".plainLine == "a\u{FFFD}b\u{FFFD}\u{FFFD}[31mc\u{FFFD}")
        #expect(String(repeating: "y", count: 10_000).plainLine.utf8.count == 512)
    }
}
