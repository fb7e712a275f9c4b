import ProtoWire
import SpanModel

/// Values that reports gave to one field: the one at the near end, which readers see, and the one at the far end if it
/// differs.
struct Ends<Value> {
    /// Value at the near end; `nil` while no report has set the field.
    var near: Value?
    /// Value at the far end; `nil` unless it differs from `near`.
    var far: Value?

    init(_ near: Value?, _ far: Value?) {
        self.near = near
        self.far = far
    }

    /// Joins the values of two sets of reports.
    ///
    /// - Parameter order: total order in which 0 means the same bytes; the greatest value is the near end.
    func joined(_ other: Ends, by order: (Value, Value) -> Int) -> Ends {
        guard let leftNear = near else { return other }
        guard let rightNear = other.near else { return self }
        let (leftFar, rightFar) = (far ?? leftNear, other.far ?? rightNear)
        let near = order(leftNear, rightNear) < 0 ? rightNear : leftNear
        let far = order(rightFar, leftFar) < 0 ? rightFar : leftFar
        return Ends(near, order(near, far) == 0 ? nil : far)
    }
}

extension Ends<String> {
    /// Creates the ends of a text, which is unset while empty.
    init(text near: String, _ far: String) {
        self.init(near.isEmpty ? nil : near, far.isEmpty ? nil : far)
    }
}

extension [Attribute] {
    /// Returns the union by key of two lists of ends, all sorted by key.
    static func join(
        _ left: (near: [Attribute], far: [Attribute]), _ right: (near: [Attribute], far: [Attribute])
    ) -> (near: [Attribute], far: [Attribute]) {
        if left.far.isEmpty && right.far.isEmpty && left.near.isIdentical(to: right.near) { return left }
        var (near, far): ([Attribute], [Attribute]) = ([], [])
        near.reserveCapacity(Swift.max(left.near.count, right.near.count))
        // Every far end has a near end under the same key, so each list of far ends is walked along with its near ends.
        var (i, j, farI, farJ) = (0, 0, 0, 0)
        while i < left.near.count || j < right.near.count {
            let side =
                i == left.near.count
                ? 1 : j == right.near.count ? -1 : byteOrder(left.near[i].key, right.near[j].key)
            var ends = Ends<Attribute>(nil, nil)
            if side <= 0 {
                ends = Ends(left.near[i], left.far.next(left.near[i].key, &farI))
                i += 1
            }
            if side >= 0 {
                let other = Ends<Attribute>(right.near[j], right.far.next(right.near[j].key, &farJ))
                ends = ends.joined(other) { $0.isIdentical(to: $1) ? 0 : encodedOrder($0, $1) }
                j += 1
            }
            if let value = ends.near { near.append(value) }
            if let value = ends.far { far.append(value) }
        }
        return (near, far)
    }

    /// Returns the attribute at `position`, and moves on, when it has the key; otherwise returns `nil`.
    private func next(_ key: String, _ position: inout Int) -> Attribute? {
        guard position < count, same(self[position].key, key) else { return nil }
        defer { position += 1 }
        return self[position]
    }
}

extension SpanStatus {
    /// Orders statuses by code, OK > ERROR > other numbers > UNSET as the specification states, then by message, then
    /// by unknown fields.
    static func order(_ left: SpanStatus, _ right: SpanStatus) -> Int {
        if left.code != right.code { return left.code.rank < right.code.rank ? -1 : 1 }
        let messages = byteOrder(left.message, right.message)
        return messages != 0 ? messages : byteOrder(left.unknownFields.bytes, right.unknownFields.bytes)
    }
}

extension SpanStatus.Code {
    var rank: UInt64 {
        switch self {
        case .unset: 0
        case .error: 1 << 32
        case .ok: 1 << 33
        default: UInt64(UInt32(bitPattern: rawValue))
        }
    }
}
