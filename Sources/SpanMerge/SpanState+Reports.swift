import SpanModel

extension SpanState {
    /// Plain reports whose join is this state: at the most four, a part's shown values and, where values clashed, those at
    /// the far end.
    ///
    /// For an engine that keeps reports and not states, so that every reader of OTLP can read what it keeps. What a later
    /// version added to stored states has no place in a report and is left out.
    public func reports() -> [(span: SpanRecord, origin: SharedOrigin)] {
        var reports: [(span: SpanRecord, origin: SharedOrigin)] = []
        for part in [live, ended] {
            guard let part else { continue }
            reports.append((part.span, part.origin))
            if let far = part.farEnd { reports.append((part.farReport(far), SharedOrigin(far.origin))) }
        }
        return reports
    }
}

extension SpanPart {
    /// The far ends as a report of their own: what did not clash is unset, or as it is shown where a report has to have it
    /// to be one of this part of this span.
    fileprivate func farReport(_ far: FarEnd) -> SpanRecord {
        var report = far.span
        report.traceID = span.traceID
        report.spanID = span.spanID
        if report.kind == .unspecified { report.kind = span.kind }
        if report.endTimeUnixNano == 0 { report.endTimeUnixNano = span.endTimeUnixNano }
        report.revision = span.revision
        return report
    }
}
