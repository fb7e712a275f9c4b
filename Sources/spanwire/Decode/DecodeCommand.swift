import ArgumentParser
import ProtoWire
import SpanCapture
import SpanModel

/// `spanwire decode`: what a captured payload holds.
struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Shows what a captured payload holds.",
        discussion: """
            Takes raw protobuf, hexadecimal or base64 text of it, dumps (xxd, hexdump, od, tshark -x, tcpdump -X, scapy), \
            OTLP/JSON (one document, JSON Lines or an array), and frames of a Spanwire session, and says on standard error \
            which it was, and what of it is ignored. What is whole of an input that ends too early is shown. Logs, metrics \
            and other JSON are named and not decoded.

            Exit codes: 0 when the bytes are a valid message (or frames of valid messages), 3 when they are the start of \
            one and something whole was in it, 1 otherwise, 2 for a wrong command line.

            Examples:
              spanwire decode payload.pb
              spanwire decode payload.pb --to json | jq .
              xxd payload.pb | spanwire decode
              spanwire decode traces.jsonl --to binary > spans.pb
              echo CgQKAhIA | spanwire decode --from base64
              spanwire decode session.frames --to binary > spans.pb
              spanwire decode answer.bin --type response
            """)

    @Argument(help: "The file to read, or - for standard input.")
    var file = "-"

    @Option(help: ArgumentHelp("The form of the input; auto finds out.", valueName: "form"))
    var from = FromOption.auto

    @Option(
        help: ArgumentHelp(
            "What to print: a tree for people, OTLP/JSON, or the message encoded again.", valueName: "output"))
    var to = CaptureOutput.tree

    @Option(
        help: ArgumentHelp(
            "The message that raw protobuf or JSON holds; frames say it themselves.", valueName: "message"))
    var type = MessageType.traces

    @Option(help: ArgumentHelp("How many messages may lie inside each other, 0 to 500.", valueName: "count"))
    var maxDepth = 100

    @Option(
        help: ArgumentHelp("The largest message, or document of JSON, in bytes, 1 to 2147483647.", valueName: "bytes"))
    var maxBytes = Int(Int32.max)

    @Flag(help: "Do not say what was detected, only what is ignored or doubtful.")
    var quiet = false

    @OptionGroup var tables: TableOptions

    func validate() throws {
        guard (0...500).contains(maxDepth) else {
            throw ValidationError("--max-depth takes 0 to 500, not \(maxDepth).")
        }
        guard (1...Int(Int32.max)).contains(maxBytes) else {
            throw ValidationError("--max-bytes takes 1 to \(Int32.max), not \(maxBytes).")
        }
    }

    func run() throws {
        // A line of a dump has five characters for a byte, and a session many messages.
        let bytes = try InputFile.read(file, maxBytes: 5 * maxBytes + (1 << 20), advice: "; see --max-bytes")
        let limits = WireLimits(maxDepth: maxDepth, maxPayloadBytes: maxBytes)
        let capture = Capture(bytes, options: CaptureOptions(form: from.form, type: type, limits: limits))
        if !quiet { Process.writeError("spanwire: \(capture.explanation)\n") }
        // What the fault says anyway is said once.
        for note in capture.notes where capture.fault?.message.contains(note) != true {
            Process.writeError("spanwire: \(note)\n")
        }
        let standardOutput = StandardOutput()
        var omissions = TextTable.Omissions()
        do throws(CaptureError) {
            var output = try capture.print(
                as: to, to: standardOutput.makeOutput(), in: tables.room, &omissions.hasShortened)
            output.flush()
        } catch {
            throw CommandFailure(error.description)
        }
        try standardOutput.check()
        if standardOutput.isWhole { omissions.note(whole: "--wide or --to json") }
        if let fault = capture.fault {
            throw CommandFailure(
                TerminalText.escaped(fault.description) + (capture.isPartial ? "; what was whole is shown" : ""),
                exitCode: capture.isPartial ? 3 : 1)
        }
    }
}

/// Values of `--from`.
enum FromOption: String, CaseIterable, ExpressibleByArgument {
    case auto, protobuf, hex, base64, frames, json

    /// Form that the value stands for; `nil` for `auto`.
    var form: CaptureForm? { CaptureForm(rawValue: rawValue) }
}

extension CaptureOutput: ExpressibleByArgument {}
extension MessageType: ExpressibleByArgument {}
