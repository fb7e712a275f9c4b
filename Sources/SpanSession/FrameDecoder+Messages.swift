import ProtoWire
import SpanModel

// Messages in frames, and faults with the number of the frame.
extension FrameDecoder {
    /// Decodes the payload of the frame returned last. Strings that are not UTF-8 are repaired.
    ///
    /// - Throws: `malformed_message`.
    func message<Message: WireMessage>() throws(SessionError) -> Message {
        do throws(WireError) {
            return try Message(decoding: payload, options: DecodeOptions(invalidUTF8: .repair))
        } catch {
            throw malformed(Message.schema, error)
        }
    }

    /// The fault of a frame whose payload is no message of its kind.
    func malformed(_ schema: MessageSchema, _ error: WireError) -> SessionError {
        SessionError(.malformedMessage, "\(schema.name): \(error)", frameNumber: frameCount, cause: error)
    }

    /// A fault of the frame returned last.
    func fault(_ code: SessionError.Code, _ message: String) -> SessionError {
        SessionError(code, message, frameNumber: frameCount)
    }
}
