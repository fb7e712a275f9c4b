/// Which file something is, whatever it is called.
struct FileIdentity: Equatable {
    var device: UInt64
    var number: UInt64
}
