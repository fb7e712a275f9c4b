import ProtoWire
import SpanModel
import SpanSession

/// Form in which a capture is printed.
public enum CaptureOutput: String, Sendable, Hashable, CaseIterable {
    /// A tree for people.
    case tree
    /// OTLP/JSON; for frames one document in each line.
    case json
    /// Encoded again; for frames the batches one after the other, which together are one message with all spans.
    case binary
}

extension Capture {
    /// Prints the capture, as far as it is whole.
    ///
    /// - Throws: `tooDeep` for JSON of a message nested deeper than any decoder reads.
    public func print(as form: CaptureOutput, to output: consuming ByteOutput) throws(CaptureError) -> ByteOutput {
        var hasShortened = false
        return try print(as: form, to: output, in: .unlimited, &hasShortened)
    }

    /// Prints the capture with values that fit into the room.
    ///
    /// - Parameters:
    ///   - room: space for the values of a tree.
    ///   - hasShortened: set when a value is shortened.
    /// - Throws: `tooDeep` for JSON of a message nested deeper than any decoder reads.
    package func print(
        as form: CaptureOutput, to output: consuming ByteOutput, in room: TextRoom, _ hasShortened: inout Bool
    ) throws(CaptureError) -> ByteOutput {
        switch form {
        case .tree: return printTree(to: output, in: room, &hasShortened)
        case .json:
            var output = output
            do throws(WireError) {
                try printJSON(to: &output)
            } catch {
                throw CaptureError(error)
            }
            return output
        case .binary:
            var output = output
            switch content {
            case .message(let message): message.printBinary(to: &output)
            case .frames(let frames):
                for frame in frames where frame.head.kind == .batch { frame.message?.printBinary(to: &output) }
            case .nothing: break
            }
            return output
        }
    }

    // MARK: Tree

    private func printTree(
        to output: consuming ByteOutput, in room: TextRoom, _ hasShortened: inout Bool
    ) -> ByteOutput {
        var printer = SpanTreePrinter(to: output, in: room)
        switch content {
        case .message(let message): Self.print(message, byteCount: message.byteCount, to: &printer)
        case .frames(let frames):
            for frame in frames { Self.print(frame, to: &printer) }
        case .nothing: break
        }
        hasShortened = printer.hasShortened
        return printer.finish()
    }

    private static func print(_ message: CapturedMessage, byteCount: Int, to printer: inout SpanTreePrinter) {
        var text = "\(message.type.messageName), \(AttributeText.count(byteCount, "byte"))"
        if let spans = message.spanCount { text += ", \(AttributeText.count(spans, "span"))" }
        printer.line(text)
        printer.indented { $0.print(message) }
    }

    private static func print(_ frame: CapturedFrame, to printer: inout SpanTreePrinter) {
        var text =
            "frame at byte \(frame.offset): \(frame.head.kind), \(AttributeText.count(Int(frame.head.length), "byte"))"
        if let spans = frame.message?.spanCount { text += ", \(AttributeText.count(spans, "span"))" }
        switch frame.content {
        case .message: break
        case .compressed: text += ", compressed (not looked into)"
        case .malformed(let error): text += ", malformed: \(TerminalText.escaped(error.description))"
        case .cut: text += ", cut off"
        }
        printer.line(text)
        if let message = frame.message { printer.indented { $0.print(message) } }
    }

    // MARK: JSON

    private func printJSON(to output: inout ByteOutput) throws(WireError) {
        switch content {
        case .message(let message):
            try Self.printJSON(message, JSONPrinter(message.type.schema, style: .pretty), to: &output)
            output.append(UInt8(ascii: "\n"))
        case .frames(let frames):
            var printers: [MessageType: JSONPrinter] = [:]
            for frame in frames { try Self.printJSON(frame, &printers, to: &output) }
        case .nothing: break
        }
    }

    private static func printJSON(
        _ frame: CapturedFrame, _ printers: inout [MessageType: JSONPrinter], to output: inout ByteOutput
    ) throws(WireError) {
        output.append("{\"frame\":\"\(frame.head.kind)\",\"offset\":\(frame.offset),\"length\":\(frame.head.length)")
        switch frame.content {
        case .message: break
        case .compressed: output.append(ascii: ",\"compressed\":true")
        case .malformed(let error):
            output.append(ascii: ",\"error\":")
            output.appendJSONString(error.description)
        case .cut: output.append(ascii: ",\"cut\":true")
        }
        if let message = frame.message {
            let printer = printers[message.type] ?? JSONPrinter(message.type.schema)
            printers[message.type] = printer
            output.append(ascii: ",\"message\":")
            try printJSON(message, printer, to: &output)
        }
        output.append(ascii: "}\n")
    }

    private static func printJSON(
        _ message: CapturedMessage, _ printer: JSONPrinter, to output: inout ByteOutput
    ) throws(WireError) {
        var object = printer.openObject(&output)
        try message.forEachPart { (part: RawSpan) throws(WireError) in
            try printer.printPart(part, of: &object, to: &output)
        }
        printer.closeObject(&object, &output)
    }
}
