/// The number of spans that the damaged places of a segment hid, where nothing else tells: one for each place at the
/// least, but none where the place had the size of one of the two copies of an origin and the other copy stands beside
/// it, and none where it was both copies of the origin of the span behind it.
///
/// Told of everything that a walk over the segment meets, in its order.
struct HiddenSpans {
    /// The least number of hidden spans.
    private(set) var count = 0
    /// Places that may have hidden spans besides an origin, and nobody knows whether.
    private(set) var doubtfulPlaces = 0
    /// The record before the place at hand, when it is an origin.
    private var last: Origin?
    /// A damaged place, of which the next records tell what it was.
    private var place: Place?
    /// The tags that were met, in origin records and in span records.
    private var metTags: Set<UInt16> = []

    private struct Origin {
        var tag: UInt16
        var bytes: Int
        /// The number of copies that were met in a row.
        var copies: Int
    }

    private struct Place {
        var bytes: Int
        /// Whether spans in it count.
        var counts: Bool
        /// The bytes could be twice the same record.
        var isTwin: Bool
        /// The record behind it is the copy of an origin that it may have been one of too.
        var isMaybeCopy = false
    }

    /// Bytes that are no record.
    ///
    /// - Parameters:
    ///   - isTwin: whether they are two records with the same body, as far as can be seen.
    ///   - counts: whether what it hides is to be counted.
    mutating func met(gap: Range<Int>, isTwin: Bool, counts: Bool) {
        if place?.isMaybeCopy == true { last?.copies += 1 }
        decide(isCopy: true)
        if let last, last.copies == 1, last.bytes == gap.count {
            self.last = nil
            return
        }
        place = Place(bytes: gap.count, counts: counts, isTwin: isTwin)
        last = nil
    }

    /// A whole record.
    mutating func met(_ head: RecordHead) {
        let isNewTag = metTags.insert(head.tag).inserted
        guard head.kind == Segment.originKind else {
            if isNewTag { placeHeldOrigin() }
            decide(isCopy: true)
            last = nil
            return
        }
        let bytes = RecordHead.byteCount + head.bodyBytes
        let copies = if let last, last.tag == head.tag { last.copies + 1 } else { 1 }
        if place?.isMaybeCopy == true {
            // Both copies are there, so the place was neither.
            decide(isCopy: copies == 1)
        } else if place?.bytes == bytes {
            place?.isMaybeCopy = true
        }
        decideUnlessMaybeCopy()
        last = Origin(tag: head.tag, bytes: bytes, copies: copies)
    }

    /// Nothing follows.
    mutating func metEnd() {
        decide(isCopy: true)
        last = nil
    }

    /// A span is behind the place whose origin is nowhere: both its copies were there, for they stand in front of the
    /// first of their spans.
    private mutating func placeHeldOrigin() {
        guard let place, !place.isMaybeCopy else { return }
        if place.counts, !place.isTwin { doubtfulPlaces += 1 }
        self.place = nil
    }

    private mutating func decideUnlessMaybeCopy() {
        if place?.isMaybeCopy == false { decide(isCopy: false) }
    }

    /// - Parameter isCopy: what the place was, where it may have been one.
    private mutating func decide(isCopy: Bool) {
        guard let place else { return }
        self.place = nil
        if place.counts, !(isCopy && place.isMaybeCopy) { count += 1 }
    }
}
