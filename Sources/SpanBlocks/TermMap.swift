/// Numbers by hashes that are good ones already.
struct TermMap {
    private var keys: [UInt64]
    private var values: [Int32]
    private(set) var count = 0

    init() {
        keys = [UInt64](repeating: 0, count: 1 << 10)
        values = [Int32](repeating: 0, count: 1 << 10)
    }

    /// - Parameter key: not 0.
    subscript(key: UInt64) -> Int32? {
        let mask = keys.count - 1
        var slot = Int(truncatingIfNeeded: key ^ key >> 32) & mask
        while keys[slot] != 0 {
            if keys[slot] == key { return values[slot] }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// - Parameter key: not 0, and not there yet.
    mutating func insert(_ key: UInt64, _ value: Int32) {
        if count * 2 >= keys.count {
            let (oldKeys, oldValues) = (keys, values)
            keys = [UInt64](repeating: 0, count: oldKeys.count * 2)
            values = [Int32](repeating: 0, count: oldKeys.count * 2)
            for slot in oldKeys.indices where oldKeys[slot] != 0 { place(oldKeys[slot], oldValues[slot]) }
        }
        place(key, value)
        count += 1
    }

    private mutating func place(_ key: UInt64, _ value: Int32) {
        let mask = keys.count - 1
        var slot = Int(truncatingIfNeeded: key ^ key >> 32) & mask
        while keys[slot] != 0 { slot = (slot + 1) & mask }
        keys[slot] = key
        values[slot] = value
    }
}
