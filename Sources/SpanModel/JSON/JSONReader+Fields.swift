import ProtoWire

extension JSONReader {
    /// State of an object that is being read.
    struct ObjectState: Sendable {
        /// One bit for each field that was seen; a message has fewer than 64 fields.
        var seen: UInt64 = 0
        /// One bit for each oneof that has a member.
        var oneofs: UInt8 = 0
        /// Index of the field to try first; writers mostly keep the schema's order.
        var next = 0
        var lastNumber: UInt32 = 0
        var isSorted = true
    }

    /// Reads an object as the message at `place` of the plan and appends its fields, without a key and a length.
    ///
    /// - Throws: the fault. When the text ends too early in a message that holds spans, the appended fields are whole.
    mutating func message(
        _ place: Int, depthLeft: Int, into output: inout WireAppender
    ) throws(JSONError) {
        let start = output.count
        var object = ObjectState()
        do throws(JSONError) {
            if try openObject() {
                repeat {
                    if let field = try fieldKey(place, &object, depthLeft: depthLeft) {
                        try value(plan.fields[field], &object, depthLeft: depthLeft, into: &output)
                    }
                } while try scanner.another(closing: UInt8(ascii: "}"))
            }
        } catch {
            if error.code == .truncated, !object.isSorted { output.sortFields(since: start) }
            throw error
        }
        if !object.isSorted { output.sortFields(since: start) }
    }

    /// Reads the brace that opens an object; `false` when the object has no members, and then its end is read too.
    mutating func openObject() throws(JSONError) -> Bool {
        guard try scanner.peek() == UInt8(ascii: "{") else { throw scanner.wrongType(expected: "an object") }
        scanner.cursor += 1
        guard try scanner.peek() == UInt8(ascii: "}") else { return true }
        scanner.cursor += 1
        return false
    }

    /// Reads the bracket that opens an array; `false` when the array has no elements, and then its end is read too.
    mutating func openArray(_ field: JSONPlan.Field) throws(JSONError) -> Bool {
        do throws(JSONError) {
            guard try scanner.peek() == UInt8(ascii: "[") else { throw scanner.wrongType(expected: "an array") }
            scanner.cursor += 1
            guard try scanner.peek() == UInt8(ascii: "]") else { return true }
            scanner.cursor += 1
            return false
        } catch {
            throw error.inside(plan.name(of: field), index: nil)
        }
    }

    /// Reads a key and its colon.
    ///
    /// - Returns: the field's index in the plan; `nil` when the schema has no field of that name, and then the value is
    ///   skipped.
    mutating func fieldKey(
        _ place: Int, _ object: inout ObjectState, depthLeft: Int
    ) throws(JSONError) -> Int? {
        let fields = plan.messages[place].fields
        scanner.skipSpace()
        let keyStart = scanner.cursor
        let found: Int
        if let expected = labelledField(in: fields.lowerBound + object.next..<fields.upperBound) {
            found = expected
            scanner.cursor += plan.fields[expected].labelEnd - plan.fields[expected].labelStart
        } else {
            let token = try scanner.key()
            let known = findField(token, in: fields)
            try scanner.expect(UInt8(ascii: ":"))
            guard let known else {
                noteIgnored(token)
                try scanner.skipValue(depthLeft: depthLeft)
                return nil
            }
            found = known
        }
        let index = found - fields.lowerBound
        object.next = index + 1
        let bit: UInt64 = 1 << UInt64(index & 63)
        guard object.seen & bit == 0 else {
            throw JSONError(.duplicateKey, "this key stands in the object already", offset: keyStart)
                .inside(plan.name(of: plan.fields[found]), index: nil)
        }
        object.seen |= bit
        return found
    }

    /// Returns the field whose key and colon stand here as this package's printer writes them: the fast path for
    /// writers that keep the schema's order.
    @inline(__always)
    private func labelledField(in fields: Range<Int>) -> Int? {
        let labels = plan.labels.rawSpan
        for place in fields {
            let field = plan.fields[place]
            if scanner.stands(labels, field.labelStart..<field.labelEnd) { return place }
        }
        return nil
    }

    private func findField(_ token: JSONStringToken, in fields: Range<Int>) -> Int? {
        for place in fields where names(token, place) { return place }
        return nil
    }

    private func names(_ token: JSONStringToken, _ place: Int) -> Bool {
        let field = plan.fields[place]
        if token.hasEscapes {
            return scanner.scratch.elementsEqual(
                plan.labels[field.nameStart..<field.nameStart + field.nameCount])
        }
        guard token.end - token.start == field.nameCount else { return false }
        for index in 0..<field.nameCount
        where scanner.byte(token.start + index) != plan.labels[field.nameStart + index] {
            return false
        }
        return true
    }

    private mutating func noteIgnored(_ token: JSONStringToken) {
        ignoredKeys += 1
        guard ignoredKeyNames.count < 8 else { return }
        let end = min(token.end, token.start + 64)
        let name = String(decoding: [UInt8](copying: scanner.text.extracting(token.start..<end)), as: UTF8.self)
        if !ignoredKeyNames.contains(name) { ignoredKeyNames.append(name) }
    }

    // MARK: Values

    /// Reads the value of a field, all elements of a repeated one.
    mutating func value(
        _ field: JSONPlan.Field, _ object: inout ObjectState, depthLeft: Int, into output: inout WireAppender
    ) throws(JSONError) {
        let start = output.count
        if field.isRepeated {
            guard try !isNull(), try openArray(field) else { return }
            try elements(field, depthLeft: depthLeft, into: &output)
        } else {
            do throws(JSONError) {
                if try isNull() { return }
                if field.oneof != 0 {
                    guard object.oneofs & field.oneof == 0 else {
                        throw JSONError(
                            .oneofSetTwice, "another member of the same oneof is set already", offset: scanner.cursor)
                    }
                    object.oneofs |= field.oneof
                }
                try single(field, isPresent: field.oneof != 0, depthLeft: depthLeft, into: &output)
            } catch {
                output.truncate(to: start)
                throw error.inside(plan.name(of: field), index: nil)
            }
        }
        guard output.count > start else { return }
        if field.number < object.lastNumber { object.isSorted = false }
        object.lastNumber = field.number
    }

    /// Moves over `null`, which stands for an absent value; `false` when another value stands here.
    private mutating func isNull() throws(JSONError) -> Bool {
        guard try scanner.peek() == UInt8(ascii: "n") else { return false }
        try scanner.literal("null")
        return true
    }

    /// Reads all elements of an open array that has some.
    private mutating func elements(
        _ field: JSONPlan.Field, depthLeft: Int, into output: inout WireAppender
    ) throws(JSONError) {
        let isPacked = field.isPacked
        let start = output.count
        let mark = isPacked ? output.openMessage(key: field.key, lengthWidth: 1) : 0
        var index = 0
        do throws(JSONError) {
            repeat {
                try element(field, index: index, depthLeft: depthLeft, into: &output)
                index += 1
            } while try scanner.another(closing: UInt8(ascii: "]"))
        } catch {
            if isPacked { output.truncate(to: start) }
            throw error
        }
        if isPacked { output.closeMessage(mark, lengthWidth: 1) }
    }

    /// Reads one element of an array.
    mutating func element(
        _ field: JSONPlan.Field, index: Int, depthLeft: Int, into output: inout WireAppender
    ) throws(JSONError) {
        let start = output.count
        do throws(JSONError) {
            try single(field, isPresent: true, depthLeft: depthLeft, into: &output)
        } catch {
            // What is left of a message that holds spans was closed, and stays.
            if error.code != .truncated || !isContainer(field) { output.truncate(to: start) }
            throw error.inside(plan.name(of: field), index: index)
        }
    }

    private func isContainer(_ field: JSONPlan.Field) -> Bool {
        if case .message(let place) = field.form { plan.messages[place].isContainer } else { false }
    }

    /// Reads one value and appends it with its key; in a packed field without a key.
    ///
    /// - Parameter isPresent: `true` to append the value even when it is the default.
    private mutating func single(
        _ field: JSONPlan.Field, isPresent: Bool, depthLeft: Int, into output: inout WireAppender
    ) throws(JSONError) {
        switch field.form {
        case .message(let place):
            _ = try scanner.peek()
            guard depthLeft > 0 else {
                throw JSONError(
                    .tooDeep, "more than \(maxDepth) messages inside each other", offset: scanner.cursor)
            }
            let width = Int(lengthWidths[place])
            let mark = output.openMessage(key: field.key, lengthWidth: width)
            do throws(JSONError) {
                try message(place, depthLeft: depthLeft - 1, into: &output)
            } catch {
                if error.code == .truncated, plan.messages[place].isContainer {
                    output.closeMessage(mark, lengthWidth: width)
                }
                throw error
            }
            lengthWidths[place] = UInt8(output.closeMessage(mark, lengthWidth: width))
        case .string: try string(field, isPresent: isPresent, into: &output)
        case .hex: try hex(field, isPresent: isPresent, into: &output)
        case .base64: try base64(field, isPresent: isPresent, into: &output)
        default: try scalar(field, isPresent: isPresent, into: &output)
        }
    }
}
