/// Ids of what was looked at and found right: at the most so many, of which all are forgotten when they are full.
struct LookedAt {
    private var ids: Set<Int64> = []
    private static let most = 1 << 16

    func contains(_ id: Int64) -> Bool { ids.contains(id) }

    mutating func insert(_ id: Int64) {
        if ids.count == Self.most { ids.removeAll(keepingCapacity: true) }
        ids.insert(id)
    }
}
