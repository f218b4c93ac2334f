import Communication

/// Messages between ranks that are started now and are under way while the caller does something else; used on one thread.
///
/// Messages of one sender with one tag arrive in the order in which they were sent; they may be finished in any order.
protocol MessagePassing: AnyObject {
    /// Starts to send bytes, which stay as they are until the request is finished.
    func send(
        _ bytes: UnsafeRawBufferPointer,
        to rank: Int,
        tag: Int32
    ) throws(CommunicationError) -> MessageRequest
    /// Starts to receive a message of at most so many bytes, which belong to it until the request is finished.
    func receive(
        into bytes: UnsafeMutableRawBufferPointer,
        from rank: Int,
        tag: Int32
    ) throws(CommunicationError) -> MessageRequest
    /// Moves what is under way; the bytes that the request carried if it is finished, else nil.
    ///
    /// A finished request is spent and is not tested again. Throws if a message was longer than its place.
    func test(_ request: MessageRequest) throws(CommunicationError) -> Int?
}

/// A message under way.
struct MessageRequest: Hashable {
    /// The transport's number for it; used again once the request is finished.
    let number: Int
}
