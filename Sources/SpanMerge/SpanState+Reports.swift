import SpanModel

extension SpanState {
    /// Returns plain reports whose join is this state, at most four: for each part the values that readers see and,
    /// when some conflict, those at the far end.
    ///
    /// An engine that keeps reports and not states uses them, so that every reader of OTLP can read its store. Fields
    /// that a later version added to stored states have no place in a report and are left out.
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
    /// Returns the far ends as a report of their own. A field without a conflict is unset, except where a report needs
    /// it to belong to this part of this span.
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
