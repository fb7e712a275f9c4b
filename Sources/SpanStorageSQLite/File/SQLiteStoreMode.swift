/// What the store may do with the file.
public enum SQLiteStoreMode: Sendable, Hashable {
    /// Makes the file if there is none (its folder must exist).
    case readWrite
    /// Leaves the file as it is.
    case readOnly
}
