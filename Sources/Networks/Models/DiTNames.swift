/// Where a checkpoint of the diffusers library keeps the parameters of a ``DiT``.
public enum DiTNames {
    /// The tensors that, stacked along their first axis, are the parameter of a name here; nil for an unknown name.
    ///
    /// A shared embedding (variant `official`) stands in every block there, as equal copies; the name of the first is given.
    public static func diffusers(_ name: String) -> [String]? {
        diffusers(name, block: 0)
    }

    /// All copies of a parameter in a checkpoint of `depth` blocks, each a list of tensors to stack along the first axis.
    public static func diffusersCopies(_ name: String, depth: Int) -> [[String]] {
        let isShared = name.hasPrefix("t_embedder.") || name.hasPrefix("y_embedder.")
        return (0..<(isShared ? depth : 1)).compactMap { diffusers(name, block: $0) }
    }

    private static func diffusers(_ name: String, block: Int) -> [String]? {
        guard let dot = name.lastIndex(of: ".") else { return nil }
        let kind = name[dot...]
        let layer = String(name[..<dot])
        if let outer = outerLayers[layer] { return [outer + kind] }
        guard layer.hasPrefix("blocks.") else {
            return innerLayers[layer].map { stack in stack.map { "transformer_blocks.\(block).\($0)\(kind)" } }
        }
        let rest = layer.dropFirst("blocks.".count)
        guard let end = rest.firstIndex(of: "."), let index = Int(rest[..<end]) else { return nil }
        let inner = String(rest[rest.index(after: end)...])
        return innerLayers[inner].map { stack in stack.map { "transformer_blocks.\(index).\($0)\(kind)" } }
    }

    private static let outerLayers = [
        "x_embedder.proj": "pos_embed.proj",
        "final_layer.adaLN_modulation.1": "proj_out_1",
        "final_layer.linear": "proj_out_2",
    ]

    private static let innerLayers = [
        "t_embedder.mlp.0": ["norm1.emb.timestep_embedder.linear_1"],
        "t_embedder.mlp.2": ["norm1.emb.timestep_embedder.linear_2"],
        "y_embedder.embedding_table": ["norm1.emb.class_embedder.embedding_table"],
        "adaLN_modulation.1": ["norm1.linear"],
        "attn.qkv": ["attn1.to_q", "attn1.to_k", "attn1.to_v"],
        "attn.proj": ["attn1.to_out.0"],
        "mlp.fc1": ["ff.net.0.proj"],
        "mlp.fc2": ["ff.net.2"],
    ]
}
