import Peer

extension Spanwire {
    /// The place for reading with views, every field touched: the work named `views`. Without it the table has no such
    /// row, and nothing else changes.
    static func viewWorks(on payload: [UInt8]) -> [Work] { [] }
}
