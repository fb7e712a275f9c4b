/// A queue in an array: taking from the front moves an index, and the array is compacted when half of it is used up.
package struct Fifo<Element: Sendable>: Sendable {
    private var elements: [Element?] = []
    private var head = 0

    /// Makes an empty queue.
    package init() {}

    /// The number of elements.
    package var count: Int { elements.count - head }

    /// Whether there are no elements.
    package var isEmpty: Bool { count == 0 }

    /// The element at the front.
    package var first: Element? { isEmpty ? nil : elements[head]! }

    /// - Parameter index: 0 for the front; within the count.
    package subscript(index: Int) -> Element {
        get { elements[head + index]! }
        set { elements[head + index] = newValue }
    }

    /// Puts an element behind all others. Amortized O(1).
    package mutating func append(_ element: Element) { elements.append(element) }

    /// Takes the element at the front out. Amortized O(1).
    package mutating func popFirst() -> Element? {
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

    /// Takes an element out. O(n): for rare occasions.
    package mutating func remove(at index: Int) -> Element { elements.remove(at: head + index)! }

    /// Puts elements in front of the one at `index`. O(n): for rare occasions.
    package mutating func insert(contentsOf more: [Element], at index: Int) {
        elements.insert(contentsOf: more.map(Optional.some), at: head + index)
    }

    /// Takes all elements out, and gives their memory back.
    package mutating func removeAll() {
        elements = []
        head = 0
    }
}
