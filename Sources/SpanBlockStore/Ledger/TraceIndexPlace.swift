/// A place in the indexes of traces up to which they were read: ids of chunks rise, and none is used twice.
package struct TraceIndexPlace: Sendable, Hashable {
    /// The id of the first chunk of a run's own index that was not read.
    package var nextOfRuns: Int64 = 0
    /// The id of the first chunk of a segment's index that was not read.
    package var nextOfSegments: Int64 = 0

    /// Before the first chunk.
    package init() {}
}
