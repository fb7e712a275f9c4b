/// JSON of other formats, recognised by the keys that its programs write.
enum ForeignJSON {
    /// Returns the error for a document without a single known key at its top.
    ///
    /// - Parameters:
    ///   - outline: outline of the document.
    ///   - type: type that was expected.
    static func fault(_ outline: JSONOutline, _ type: MessageType, offset: Int) -> CaptureError {
        if let signal = signal(outline) {
            return CaptureError(.otherSignal, SignalScan.words(signal, "the key \(signal.key)"), offset: offset)
        }
        if let signal = answered(outline) {
            return CaptureError(.otherSignal, answerWords(signal), offset: offset)
        }
        let keys = outline.topKeys.map(TerminalText.escaped)
        let list = keys.joined(separator: ", ")
        var words = "not one key of \(type.messageName) at the top"
        words += keys.isEmpty ? "" : keys.count == 1 ? ", only \(list)" : ": it starts with \(list)"
        let hints = KeyHint.words(for: outline.topKeys, in: type)
        if !hints.isEmpty {
            words += "; " + hints
        } else if let name = name(outline) {
            words += "; this looks like \(name)"
        } else if type == .traces || type == .batch {
            words += "; OTLP/JSON has resourceSpans there"
        }
        return CaptureError(.unknownJSON, words, offset: offset)
    }

    /// Returns the other OTLP signal that a document holds; `nil` when it holds none.
    static func signal(_ outline: JSONOutline) -> Signal? {
        Signal.allCases.dropFirst().first { signal in
            outline.paths.contains { !$0.contains(".") && KeyHint.folded($0) == KeyHint.folded(signal.key) }
        }
    }

    /// Returns the other OTLP signal to whose export a document is the answer; `nil` for another document.
    static func answered(_ outline: JSONOutline) -> Signal? {
        Signal.allCases.dropFirst().first { outline.paths.contains("partialSuccess." + $0.rejectedKey) }
    }

    static func answerWords(_ signal: Signal) -> String { SignalScan.words(signal, "the key \(signal.rejectedKey)") }

    /// Returns the name of a format with advice; `nil` for an unknown one.
    static func name(_ outline: JSONOutline) -> String? {
        // Most telling first. A path without a prefix is the document's own.
        func has(_ paths: String...) -> Bool { paths.allSatisfy(outline.paths.contains) }
        if has("data[].traceID") || has("data[].spans") || has("traceID", "spans", "processes")
            || has("[].traceID", "[].spans")
        {
            return "Jaeger UI JSON, which is not OTLP"
        }
        if has("result.resourceSpans") { return "an answer of Jaeger's API v3, with OTLP/JSON in its key result" }
        if has("trace.resourceSpans") { return "an answer of Tempo's API v2, with OTLP/JSON in its key trace" }
        if has("batches") { return "an answer of Tempo's API v1, which has batches for resourceSpans and base64 ids" }
        if has("traces[].rootTraceName") || has("traces[].rootServiceName") { return "an answer of Tempo's search" }
        if has("log.entries") || has("log.creator") { return "a HAR file of a browser, with requests in it" }
        if has("log", "stream") || has("log", "time") {
            return "log lines of docker; what the program wrote is in their key log"
        }
        for prefix in ["", "[]."] {
            if has(prefix + "traceId", prefix + "id"),
                has(prefix + "localEndpoint") || has(prefix + "timestamp") || has(prefix + "duration")
            {
                return "Zipkin v2 JSON, which is not OTLP"
            }
            if has(prefix + "traceId", prefix + "spanId") {
                return "spans without what is around them; OTLP/JSON has them in resourceSpans, scopeSpans, spans"
            }
            if has(prefix + "context.trace_id") { return "what OpenTelemetry's console exporter for Python prints" }
            if has(prefix + "SpanContext.TraceID") { return "what OpenTelemetry's stdout exporter for Go prints" }
        }
        if has("[].binaryAnnotations") || has("[].annotations[].endpoint") {
            return "Zipkin v1 JSON, which is not OTLP"
        }
        if has("[][].trace_id", "[][].span_id") { return "Datadog JSON, which is not OTLP" }
        if has("traceEvents") { return "a trace of Chrome or Perfetto, which is not OTLP" }
        if has("hits.hits") { return "an answer of Elasticsearch" }
        if has("frame", "message") || has("frame", "offset") {
            return "what decode prints of session frames; resend the frames themselves"
        }
        if has("partialSuccess") { return "an ExportTraceServiceResponse (decode --type response)" }
        if has("resourceSpans") { return "OTLP/JSON of traces (decode --type traces)" }
        if has("scopeSpans") || has("instrumentationLibrarySpans") {
            return "one element of resourceSpans; OTLP/JSON has it in an array under that key"
        }
        if has("spans") { return "one element of scopeSpans; OTLP/JSON has it inside resourceSpans" }
        if has("message"), has("code") || has("details") { return "an error answer of a collector" }
        if has("message") || has("msg"), has("level") || has("severity") || has("time") || has("timestamp") {
            return "log lines of a program"
        }
        return nil
    }
}
