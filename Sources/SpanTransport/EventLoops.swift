import NIOCore
import NIOPosix
import Synchronization

/// The threads that connections live on, where a service brings none of its own.
package enum EventLoops {
    /// The number of descriptors that must be free before the shared threads are made.
    package static var descriptors: Int { NIOSingletons.groupLoopCountSuggestion * descriptorsOfALoop + spare }

    /// NIO's shared threads, which are made at their first use. NIO ends the process when it lacks descriptors for
    /// them, and this is the process of a service: so they are asked for only when there are enough.
    ///
    /// - Throws: `out_of_descriptors`.
    static func shared() throws(TransportError) -> any EventLoopGroup {
        // One at a time, since each look takes for a moment what it looks for.
        let shortage = haveBeenMade.withLock { haveBeenMade -> TransportError? in
            if haveBeenMade { return nil }
            let needed = descriptors
            let free = DescriptorRoom.free(upTo: needed)
            guard free >= needed else {
                return TransportError(
                    .outOfDescriptors,
                    "connections need \(needed) file descriptors at the start and only \(free) are free; raise the limit "
                        + "(ulimit -n, LimitNOFILE=) or close files")
            }
            _ = MultiThreadedEventLoopGroup.singleton
            haveBeenMade = true
            return nil
        }
        if let shortage { throw shortage }
        return MultiThreadedEventLoopGroup.singleton
    }

    private static let haveBeenMade = Mutex(false)
    /// Descriptors of one event loop: on Linux epoll, an event and a timer; elsewhere less.
    private static let descriptorsOfALoop = 3
    /// Descriptors for timers of the runtime, which ends the process too when it lacks them, a spool, a connection, and
    /// what else happens at the same time.
    private static let spare = 16
}
