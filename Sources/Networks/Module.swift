/// A layer or a block of layers: a description that reads its weights from the context of a forward pass.
///
/// A module holds `Parameter` values, which are places in a flat buffer, and never numbers: the same module computes with any buffer of its
/// layout.
public protocol Module: Sendable {
    /// What goes in.
    associatedtype Input
    /// What comes out.
    associatedtype Output

    /// Computes the output; operations are recorded if the context has a tape.
    func callAsFunction(_ input: Input, _ context: ForwardContext) -> Output
}
