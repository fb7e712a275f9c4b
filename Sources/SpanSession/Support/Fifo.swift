/// A queue in an array: taking from the front moves an index, and the array is compacted when half of it is used up.
struct Fifo<Element: Sendable>: Sendable {
    private var elements: [Element?] = []
    private var head = 0

    var count: Int { elements.count - head }

    var isEmpty: Bool { count == 0 }

    var first: Element? { isEmpty ? nil : elements[head]! }

    /// - Parameter index: 0 for the front; within the count.
    subscript(index: Int) -> Element {
        get { elements[head + index]! }
        set { elements[head + index] = newValue }
    }

    mutating func append(_ element: Element) { elements.append(element) }

    /// Amortized O(1).
    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        elements[head] = nil
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: head <= 1024)
            head = 0
        } else if head >= 64 && head * 2 >= elements.count {
            elements.removeSubrange(..<head)
            head = 0
        }
        return element
    }

    /// O(n): for rare occasions.
    mutating func remove(at index: Int) -> Element { elements.remove(at: head + index)! }

    /// O(n): for rare occasions.
    mutating func insert(contentsOf more: [Element], at index: Int) {
        elements.insert(contentsOf: more.map(Optional.some), at: head + index)
    }

    mutating func removeAll() {
        elements = []
        head = 0
    }
}
