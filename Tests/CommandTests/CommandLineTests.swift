import Foundation
import Testing

@Suite struct CommandLineTests {
    @Test(
        "a wrong command line is one line on standard error and exit code 2",
        arguments: [
            [], ["frob"], ["--frob"], ["decode", "a", "b"], ["decode", "--to", "xml"], ["decode", "--from", "gzip"],
            ["decode", "--type", "spans"], ["decode", "--max-depth", "501"], ["decode", "--max-bytes", "0"],
            ["query"], ["query", "services"], ["query", "trace", "--store", "x"],
            ["query", "trace", "12", "--store", "x"],
            ["query", "trace", "00000000000000000000000000000000", "--store", "x"],
            ["query", "search", "--store", "x", "--limit", "0"],
            ["query", "search", "--store", "x", "--limit", "10001"],
            ["query", "search", "--store", "x", "--min-duration", "5"],
            ["query", "search", "--store", "x", "--since", "yesterday"],
            ["query", "search", "--store", "x", "--status", "bad"],
            ["query", "services", "--store", "x", "--format", "xml"],
        ])
    func usage(arguments: [String]) throws {
        let outcome = try SpanwireCommand.run(arguments)
        #expect(outcome.exitCode == 2)
        #expect(outcome.output.isEmpty)
        #expect(outcome.words.hasPrefix("spanwire: ") && outcome.words.contains("--help')\n"))
        #expect(outcome.words.split(separator: "\n").count == 1, "\(outcome.words)")
    }

    @Test(
        "what cannot be read is one line on standard error and exit code 1",
        arguments: [
            (["decode", "no-such-file"], "cannot read no-such-file: No such file or directory"),
            (["decode", "/"], "cannot read /: it is a folder"),
            (["query", "services", "--store", "no-such-file"], "no-such-file"),
            (["query", "services", "--store", "small.pb"], "small.pb"),
            (["query", "services", "--store", "/"], "/"),
        ])
    func unreadable(arguments: [String], words: String) throws {
        let outcome = try SpanwireCommand.run(arguments)
        #expect(outcome.exitCode == 1)
        #expect(outcome.output.isEmpty)
        #expect(outcome.words.hasPrefix("spanwire: ") && outcome.words.contains(words))
        #expect(outcome.words.split(separator: "\n").count == 1, "\(outcome.words)")
    }

    @Test(
        "help goes to standard output, says what there is, and shows examples",
        arguments: [
            ["--help"], ["decode", "--help"], ["query", "--help"], ["query", "services", "--help"],
            ["query", "trace", "--help"], ["query", "search", "--help"],
        ])
    func help(arguments: [String]) throws {
        let outcome = try SpanwireCommand.run(arguments)
        #expect(outcome.exitCode == 0 && outcome.words.isEmpty)
        #expect(outcome.text.contains("USAGE: spanwire"))
        if arguments.count > 1 { #expect(outcome.text.contains("Example")) }
    }

    @Test("--version prints the version alone")
    func version() throws {
        let outcome = try SpanwireCommand.run(["--version"])
        #expect(outcome.exitCode == 0)
        #expect(outcome.text.split(separator: ".").count == 3 && outcome.text.hasSuffix("\n"))
    }
}
