import SpanSession

// Each connection's part of what all may keep.
extension SpanServer {
    /// The size of the empty buffer that a connection keeps for the next frame: 1 KiB ... 1 MiB.
    var keptBytesPerConnection: Int {
        min(max(configuration.maxKeptBytes / 2 / max(directory.count, 1), 1 << 10), 1 << 20)
    }

    /// The settings of a new connection's session: as configured, with as small a window as the number of connections
    /// asks for; without streams when even the smallest windows would be too many.
    var sessionSettings: ServerSettings {
        var settings = configuration.session
        let part = UInt64(configuration.maxKeptBytes / 2 / (directory.count + 1))
        let smallest = Compression.windowLogs.lowerBound
        while settings.windowLog > smallest, UInt64(1) << settings.windowLog > part { settings.windowLog -= 1 }
        if UInt64(1) << settings.windowLog > part {
            settings.compressions.removeAll { $0 == .zstdStream }
        }
        return settings
    }
}
