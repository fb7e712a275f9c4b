import NIOCore
import SpanSession

/// The share of a server's memory for frames above 64 KiB, and the lines of those that wait for it.
///
/// A frame takes its whole length before it is read, and next to nothing of it is held until then. Lanes keep sizes
/// apart: lane 0 has frames above 64 KiB up to 128 KiB, each further one frames up to twice as long. Half of the limit
/// is divided among the lanes, a share for each that no other can take; the other half is common, for whoever comes
/// first. So frames of one size cannot keep those of another waiting, and a few connections with the longest cannot
/// take all there is.
///
/// In a lane, known connections, which have delivered as much as they ask for, and newcomers wait apart: of each there
/// is room for one frame in any case, and where both wait they take turns. So who only ever begins frames cannot keep
/// those waiting who complete theirs, and neither can these keep away who comes for the first time.
struct FrameLanes: Sendable {
    /// Room that is taken, or asked for.
    struct Room: Sendable, Equatable {
        var lane: Int
        var bytes: Int
        var isKnown: Bool
    }

    /// A connection that waits, and the room that it waits for.
    struct Place: Sendable, Equatable {
        var id: ServerConnectionID
        var room: Room
    }

    struct Lane: Sendable {
        fileprivate var usedBytes = 0
        fileprivate var knownFrames = 0
        fileprivate var newcomersFrames = 0
        /// The longest wait first.
        fileprivate var known: [Place] = []
        fileprivate var newcomers: [Place] = []
        fileprivate var isNewcomersTurn = false
    }

    private var lanes: [Lane] = []
    /// The bytes of each lane that no other can take.
    let share: Int
    /// The bytes that lanes together may take beyond their shares.
    let common: Int

    /// The longest frame that needs no lane.
    static let smallFrameBytes = FrameDecoder.controlLimit

    /// - Parameters:
    ///   - limit: for all lanes, in bytes; exceeded at most by two frames of each lane.
    ///   - maxFrameBytes: the longest frame there is.
    init(limit: Int, maxFrameBytes: Int) {
        let count = maxFrameBytes > Self.smallFrameBytes ? Self.index(of: maxFrameBytes) + 1 : 0
        lanes = Array(repeating: Lane(), count: count)
        share = limit / 2 / max(count, 1)
        common = limit / 2
    }

    var indices: Range<Int> { lanes.indices }

    /// Whether a frame of so many bytes needs a lane.
    func needsLane(_ bytes: Int) -> Bool { bytes > Self.smallFrameBytes && !lanes.isEmpty }

    /// The room that a frame asks for which needs a lane.
    func room(for bytes: Int, isKnown: Bool) -> Room {
        Room(lane: min(Self.index(of: bytes), lanes.count - 1), bytes: bytes, isKnown: isKnown)
    }

    private static func index(of bytes: Int) -> Int {
        let units = (bytes - 1) / smallFrameBytes
        return Int.bitWidth - 1 - units.leadingZeroBitCount
    }

    private func overShare(_ lane: Int) -> Int { max(lanes[lane].usedBytes - share, 0) }

    /// Whether more is used in a lane than its share, and so something that others may have.
    func isOverShare(_ lane: Int) -> Bool { overShare(lane) > 0 }

    /// Whether there is this room: in the share, in what is common, or since nobody of its kind is in the lane.
    func has(_ room: Room) -> Bool {
        let own = lanes[room.lane]
        if (room.isKnown ? own.knownFrames : own.newcomersFrames) == 0 { return true }
        let used = own.usedBytes + room.bytes
        if used <= share { return true }
        let othersOver = indices.reduce(0) { $0 + overShare($1) } - overShare(room.lane)
        return othersOver + used - share <= common
    }

    mutating func take(_ room: Room) { change(room, 1) }

    mutating func free(_ room: Room) { change(room, -1) }

    private mutating func change(_ room: Room, _ sign: Int) {
        lanes[room.lane].usedBytes += sign * room.bytes
        if room.isKnown { lanes[room.lane].knownFrames += sign } else { lanes[room.lane].newcomersFrames += sign }
    }
}

// Lines.
extension FrameLanes {
    /// Whether nobody is in front of who would join this line.
    func isLineEmpty(_ room: Room) -> Bool {
        room.isKnown ? lanes[room.lane].known.isEmpty : lanes[room.lane].newcomers.isEmpty
    }

    mutating func join(_ place: Place) {
        if place.room.isKnown {
            lanes[place.room.lane].known.append(place)
        } else {
            lanes[place.room.lane].newcomers.append(place)
        }
    }

    /// The places in a lane's lines, those of known connections first.
    func line(_ lane: Int) -> [Place] { lanes[lane].known + lanes[lane].newcomers }

    /// Takes out of its line who waits no more.
    mutating func leave(_ place: Place) {
        if place.room.isKnown {
            lanes[place.room.lane].known.removeAll { $0.id == place.id }
        } else {
            lanes[place.room.lane].newcomers.removeAll { $0.id == place.id }
        }
    }

    /// Takes out of a lane's lines whose turn it is, if there is room.
    mutating func popNext(_ lane: Int) -> Place? {
        let known = lanes[lane].known.first.flatMap { has($0.room) ? $0 : nil }
        let newcomer = lanes[lane].newcomers.first.flatMap { has($0.room) ? $0 : nil }
        if let newcomer, known == nil || lanes[lane].isNewcomersTurn {
            lanes[lane].isNewcomersTurn = false
            lanes[lane].newcomers.removeFirst()
            return newcomer
        }
        guard let known else { return nil }
        lanes[lane].isNewcomersTurn = true
        lanes[lane].known.removeFirst()
        return known
    }
}
