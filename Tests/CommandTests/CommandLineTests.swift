import Foundation
import Testing

@Suite struct CommandLineTests {
    @Test(
        arguments: [
            [], ["frob"], ["--frob"], ["decode", "a", "b"], ["decode", "--to", "xml"], ["decode", "--from", "gzip"],
            ["decode", "--type", "spans"], ["decode", "--max-depth", "501"], ["decode", "--max-bytes", "0"],
            ["send"], ["spool"], ["spool", "x", "--format", "xml"],
            ["send", "x", "--compression", "lz4"], ["send", "x", "--compression", "zstd,"],
            ["collect", "--store", "x", "--compression", "identity"],
            ["collect", "--store", "x", "--window-log", "24"],
            ["collect"], ["collect", "--store", "x", "--discard"], ["collect", "--discard", "--memory-limit", "63M"],
            ["collect", "--discard", "--memory-limit", "1Q"],
            ["collect", "--discard", "--memory-limit", "64M", "--max-frame-bytes", "8000000"],
            ["bench", "--connections", "0"], ["bench", "--rate", "0"], ["bench", "--batch", "65537"],
            ["bench", "--duration", "0"], ["bench", "--to", "127.0.0.1"], ["bench", "--format", "xml"],
            ["bench", "--spread", "10h"], ["bench", "--total", "1"], ["bench", "--total", "9", "--spread", "soon"],
            ["bench", "--tls"], ["bench", "--token-file", "t"],
            ["collect", "--store", "x", "--tls-key", "k"], ["collect", "--store", "x", "--tls-client-ca", "c"],
            ["collect", "--store", "x", "--socket-mode", "888"], ["collect", "--store", "x", "--socket-mode", "4755"],
            ["collect", "--store", "x", "--max-connections", "0"],
            ["collect", "--store", "x", "--max-handshakes", "0"],
            ["collect", "--store", "x", "--handshake-limit", "0"],
            ["collect", "--store", "x", "--reload-interval", "-1"], ["collect", "--store", "x", "--listen", "unix:"],
            ["collect", "--store", "x", "--listen", "unix:/tmp/s", "--port-file", "p"],
            ["send", "x", "--tls-certificate", "c"], ["send", "x", "--to", "127.0.0.1:0"],
            ["query"], ["query", "services"], ["query", "trace", "--store", "x"],
            ["query", "trace", "12", "--store", "x"],
            ["query", "trace", "00000000000000000000000000000000", "--store", "x"],
            ["query", "search", "--store", "x", "--limit", "0"],
            ["query", "search", "--store", "x", "--limit", "10001"],
            ["query", "search", "--store", "x", "--min-duration", "5"],
            ["query", "search", "--store", "x", "--since", "yesterday"],
            ["query", "search", "--store", "x", "--status", "bad"],
            ["query", "search", "error", "root", "--store", "x"],
            ["query", "search", "--store", "x", "--after", "12"],
            ["query", "search", "--store", "x", "--order", "slowest"],
            [
                "query", "search", "--store", "x", "--order", "newest", "--after",
                "oldest-0000000000000001-00000000000000000000000000000001-00000000000000011",
            ],
            ["query", "services", "--store", "x", "--format", "xml"],
        ])
    func `a wrong command line is one line on standard error and exit code 2`(arguments: [String]) throws {
        let outcome = try SpanwireCommand.run(arguments)
        #expect(outcome.exitCode == 2)
        #expect(outcome.output.isEmpty)
        #expect(outcome.words.hasPrefix("spanwire: ") && outcome.words.contains("--help')\n"))
        #expect(outcome.words.split(separator: "\n").count == 1, "\(outcome.words)")
    }

    @Test(
        arguments: [
            (["send", "x", "--to", "localhost"], "host:port, with a port from 1 to 65535, or unix:path."),
            (["send", "x", "--timeout", "soon"], "1 to 86400"),
            (["send", "x", "--compression", "zip"], "any of zstd-stream, zstd, gzip, with commas between, or none"),
            (["send", "x", "--to", "' is invalid for '--timeout <seconds>'"], "host:port"),
            (["bench", "--to", "localhost"], "host:port"), (["bench", "--connections", "many"], "1 to 10000"),
            (["collect", "--discard", "--listen", "127.0.0.1"], "host:port, with a port from 0 to 65535"),
            (["collect", "--discard", "--socket-mode", "999"], "in octal up to 0777"),
            (["collect", "--store", "x", "--keep-bytes", "10X"], "500M, 10G"),
            (["collect", "--store", "x", "--keep", "7"], "a number with a unit"),
            (["spool", "x", "--format", "xml"], "'table' and 'json'"),
            (["delete", "abc", "--store", "x"], "32 hexadecimal digits"),
            (["query", "search", "--store", "x", "--limit", "few"], "10000"),
        ])
    func `a value that an option does not take is told together with what it takes`(arguments: [String], words: String)
        throws
    {
        let outcome = try SpanwireCommand.run(arguments)
        #expect(outcome.exitCode == 2 && outcome.output.isEmpty)
        #expect(outcome.words.contains(words), "\(outcome.words)")
        #expect(outcome.words.split(separator: "\n").count == 1, "\(outcome.words)")
    }

    @Test(
        arguments: [
            ("localhost", "there is no port behind the host"), ("", "it is empty"),
            ("http://localhost:4319", "it is no URL; leave out http:// and what stands behind the port"),
            (":4319", "there is no host in front of the port"), ("[]:4319", "there is no host in front of the port"),
            ("a:99999", "there is no port 99999"), ("a:0", "there is no port 0"), ("a:", "no port behind the colon"),
            ("a:99999999999999999999", "there is no port 99999999999999999999"), ("a:-1", "the port '-1' is no number"),
            ("a:4319/v1/traces", "the port '4319/v1/traces' is no number"), ("a:+5", "the port '+5' is no number"),
            ("::1:4319", "an IPv6 address stands in brackets, with the port behind them, as in [::1]:4319"),
            ("[::1]", "an IPv6 address stands in brackets"), ("unix:", "there is no path behind unix:"),
        ])
    func `of an address it is told which part is wrong`(text: String, words: String) throws {
        for command in [["send", "x", "--to"], ["bench", "--to"], ["collect", "--discard", "--listen"]] {
            // To listen on, 0 is a port.
            if text == "a:0", command[0] == "collect" { continue }
            let outcome = try SpanwireCommand.run(command + [text])
            #expect(outcome.exitCode == 2 && outcome.output.isEmpty)
            #expect(outcome.words.contains(words), "\(outcome.words)")
            #expect(
                outcome.words.contains("write host:port") && outcome.words.contains("unix:path"), "\(outcome.words)")
            #expect(outcome.words.split(separator: "\n").count == 1, "\(outcome.words)")
        }
    }

    @Test(arguments: ["send", "collect"])
    func `help names the address that is taken where none is given`(command: String) throws {
        let words = try SpanwireCommand.run([command, "--help"]).text.split { $0 == " " || $0 == "\n" }
        #expect(words.joined(separator: " ").contains("ithout it 127.0.0.1:4319."))
    }

    @Test(
        arguments: [
            (
                ["--max-frame-bytes", "8000000"],
                "--max-frame-bytes 8000000 needs a --memory-limit of at least 256000000 bytes"
            ),
            (
                ["--credit-bytes", "4194305"],
                "--credit-bytes 4194305 needs a --memory-limit of at least 67108880 bytes"
            ),
            (["--credit-bytes", "0"], "--credit-bytes takes at least 1"),
            (
                ["--credit-bytes", "18446744073709551615"],
                "--credit-bytes takes at most 68719476736, not 18446744073709551615"
            ),
            (["--credit-bytes", "68719476737"], "--credit-bytes takes at most 68719476736"),
            (
                ["--max-connections", "4097"],
                "--max-connections 4097 needs a --memory-limit of at least 67125248 bytes"
            ),
            (["--max-handshakes", "129"], "--max-handshakes 129 needs a --memory-limit of at least 67633152 bytes"),
            (["--max-connections", "-1"], "--max-connections"), (["--max-handshakes", "1000001"], "1 to 1000000"),
        ])
    func `what does not fit in the collector's memory is refused, and it is told how much it needs`(
        arguments: [String], words: String
    ) throws {
        let outcome = try SpanwireCommand.run(["collect", "--discard", "--memory-limit", "64M"] + arguments)
        #expect(outcome.exitCode == 2 && outcome.output.isEmpty, "\(outcome.words)")
        #expect(outcome.words.contains(words), "\(outcome.words)")
        #expect(outcome.words.split(separator: "\n").count == 1, "\(outcome.words)")
    }

    @Test(
        arguments: [
            (["frob"], "spanwire"), (["decode", "--frob"], "spanwire decode"), (["query", "frob"], "spanwire query"),
            (["query", "search", "--limit", "x"], "spanwire query search"),
        ])
    func `the help that a wrong command line is sent to is that of the command it named`(
        arguments: [String], command: String
    ) throws {
        let outcome = try SpanwireCommand.run(arguments)
        #expect(outcome.words.hasSuffix(" (see '\(command) --help')\n"), "\(outcome.words)")
    }

    @Test(
        arguments: [
            ["decode", "a\u{1B}[2J\nb\u{202E}"], ["decode", "x", "a\u{1B}[2J\nb\u{202E}"],
            ["query", "services", "--store", "a\u{1B}[2J\nb\u{202E}"],
            ["collect", "--listen", "127.0.0.1:0", "--store", "/a\u{1B}[2J\nb\u{202E}/x"],
        ])
    func `an argument with control characters cannot drive the terminal and stays one line`(arguments: [String]) throws
    {
        let outcome = try SpanwireCommand.run(arguments)
        #expect(outcome.exitCode == 1 || outcome.exitCode == 2)
        #expect(outcome.words.split(separator: "\n").count == 1, "\(outcome.words.debugDescription)")
        let unsafe = outcome.words.unicodeScalars.filter { $0 != "\n" && $0.value < 0x20 || $0 == "\u{202E}" }
        #expect(unsafe.isEmpty, "\(outcome.words.debugDescription)")
    }

    @Test func `an address to listen on that no name stands for is one clear line`() throws {
        let store = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: store + end) } }
        let outcome = try SpanwireCommand.run(["collect", "--store", store, "--listen", "nobody.invalid:4319"])
        #expect(outcome.exitCode == 1)
        #expect(
            outcome.words.contains("nobody.invalid:4319 cannot be listened on: no address is known for that name"),
            "\(outcome.words)")
        #expect(!outcome.words.contains("SocketAddressError"))
    }

    @Test func `send to nobody ends at the timeout and says what to look at`() throws {
        let outcome = try SpanwireCommand.run(["send", "small.pb", "--to", "127.0.0.1:1", "--timeout", "1"])
        #expect(outcome.exitCode == 1)
        #expect(
            outcome.words.hasSuffix(
                "spanwire: 127.0.0.1:1 did not acknowledge everything within 1 s; "
                    + "not connected: connection_lost: could not connect to 127.0.0.1:1 "
                    + "(Connection refused)\n"), "\(outcome.words)")
    }

    @Test(
        arguments: [
            (["decode", "no-such-file"], "cannot read no-such-file: No such file or directory"),
            (["decode", "/"], "cannot read /: it is a folder"),
            (["query", "services", "--store", "no-such-file"], "no-such-file"),
            (["query", "services", "--store", "small.pb"], "small.pb"),
            (["query", "services", "--store", "/"], "/"),
            (["spool", "."], ". is no spool; name the directory"),
        ])
    func `what cannot be read is one line on standard error and exit code 1`(arguments: [String], words: String) throws
    {
        let outcome = try SpanwireCommand.run(arguments)
        #expect(outcome.exitCode == 1)
        #expect(outcome.output.isEmpty)
        #expect(outcome.words.hasPrefix("spanwire: ") && outcome.words.contains(words))
        #expect(outcome.words.split(separator: "\n").count == 1, "\(outcome.words)")
    }

    @Test(
        arguments: [
            ["--help"], ["decode", "--help"], ["query", "--help"], ["query", "services", "--help"],
            ["query", "trace", "--help"], ["query", "search", "--help"],
        ])
    func `help goes to standard output, says what there is, and shows examples`(arguments: [String]) throws {
        let outcome = try SpanwireCommand.run(arguments)
        #expect(outcome.exitCode == 0 && outcome.words.isEmpty)
        #expect(outcome.text.contains("USAGE: spanwire"))
        if arguments.count > 1 { #expect(outcome.text.contains("Example")) }
    }

    @Test func `no help of any command has a gap in a sentence, as a line that is not joined leaves one`() throws {
        var waiting: [[String]] = [[]]
        var count = 0
        while let command = waiting.popLast(), count < 200 {
            let help = try SpanwireCommand.run(command + ["--help"])
            #expect(help.exitCode == 0)
            count += 1
            var section = ""
            for line in help.text.split(separator: "\n", omittingEmptySubsequences: false) {
                if !line.hasPrefix(" "), line.hasSuffix(":") { section = String(line.dropLast()) }
                // Behind the commands stands a hint, which begins with "See".
                if line.isEmpty { section = "" }
                // Behind an option, a command or a label blanks stand before its text; within that text none do.
                let text = line.drop { $0 == " " }
                let isTabular = line.hasPrefix("  ")
                let gap = text.range(of: "  ")
                let rest = gap.map { text[$0.upperBound...].drop { $0 == " " } } ?? ""
                let label = gap.map { text[..<$0.lowerBound] } ?? ""
                #expect(
                    !rest.contains("  ") && (gap == nil || isTabular || label.hasSuffix(":")), "\(command): \(line)")
                if section == "SUBCOMMANDS", isTabular, !line.hasPrefix("   "),
                    let name = text.split(separator: " ").first
                {
                    waiting.append(command + [String(name)])
                }
            }
        }
        #expect(count > 25 && count < 200)
    }

    @Test func `--version prints the version alone`() throws {
        let outcome = try SpanwireCommand.run(["--version"])
        #expect(outcome.exitCode == 0)
        #expect(outcome.text.split(separator: ".").count == 3 && outcome.text.hasSuffix("\n"))
    }

    /// All commands, found by asking each for its own.
    private func commands(below path: [String] = []) throws -> [[String]] {
        let text = try SpanwireCommand.run(path + ["--help"]).text
        let names = text.components(separatedBy: "SUBCOMMANDS:\n").dropFirst().joined().split(separator: "\n")
            .filter { $0.hasPrefix("  ") && $0.dropFirst(2).first?.isLowercase == true }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
        return try [path] + names.flatMap { try commands(below: path + [$0]) }
    }

    @Test func `no paragraph of any help is broken before its line is full`() throws {
        let commands = try commands()
        #expect(commands.count > 20)
        for command in commands {
            let text = try SpanwireCommand.run(command + ["--help"]).text
            let lines = text.components(separatedBy: "USAGE:")[0].split(
                separator: "\n", omittingEmptySubsequences: false)
            for (line, next) in zip(lines, lines.dropFirst()) {
                // Lists are indented, and tables have two spaces in a row; the line that leads to one stands alone.
                guard let word = next.split(separator: " ").first, !line.isEmpty, !line.hasPrefix(" "),
                    !next.hasPrefix(" "), !next.contains("  "), !line.contains("  "), !line.hasSuffix(".")
                else { continue }
                #expect(line.count + 1 + word.count > 79, "spanwire \(command.joined(separator: " ")): \(line)")
            }
        }
    }
}
