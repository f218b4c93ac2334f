#!/usr/bin/env python3
"""Makes the golden files of the models: *_tiny.safetensors, *.keys.

Needs python 3.10 or newer, torch (CPU), numpy, safetensors, diffusers (recorded with torch 2.13, diffusers 0.42.1).
    python make_models.py            # all
    python make_models.py unet2d dit # some
All arithmetic is float32 on one thread. Names in a file: w/<parameter>, in/<name>, out/<name>, act/<place>, grad/<parameter>;
grad/* belongs to the loss sum(out/<first output> * in/cot). Images are [B, C, H, W].
"""
import math, os, sys
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
torch.set_num_threads(1)
CASES = {}


def case(fn):
    CASES[fn.__name__] = fn
    return fn


def path(n):
    return os.path.join(HERE, n)


def save(name, tensors):
    t = {k: (v.detach().to(torch.float32) if v.is_floating_point() else v.detach()).contiguous().clone()
         for k, v in tensors.items()}
    save_file(t, path(name + ".safetensors"), metadata={"format": "pt"})
    print(name, sum(v.numel() for v in t.values()), os.path.getsize(path(name + ".safetensors")))


def gen(seed):
    return torch.Generator().manual_seed(seed)


def randomize(module, seed):
    """Give every parameter a non-degenerate value (zero-initialised layers would hide mistakes)."""
    g = gen(seed)
    with torch.no_grad():
        for n, p in module.named_parameters():
            r = torch.randn(p.shape, generator=g)
            if p.ndim > 1:
                p.copy_(r * (1.0 / math.sqrt(max(1, p[0].numel()))))
            elif "norm" in n and n.endswith("weight"):
                p.copy_(1 + 0.2 * r)
            else:
                p.copy_(0.2 * r)


def record_module(module, call, inputs, acts=(), seed=0, out_names=("sample",)):
    t = {}
    hooks, got = [], {}
    mods = dict(module.named_modules())
    for a in acts:
        def mk(a):
            def h(m, i, o):
                got[a] = (o[0] if isinstance(o, tuple) else o)
            return h
        hooks.append(mods[a].register_forward_hook(mk(a)))
    outs = call()
    if not isinstance(outs, tuple):
        outs = (outs,)
    for h in hooks:
        h.remove()
    cot = torch.randn(outs[0].shape, generator=gen(seed + 77))
    module.zero_grad()
    (outs[0] * cot).sum().backward()
    for n, p in module.state_dict().items():
        t["w/" + n] = p
    for n, p in module.named_parameters():
        if p.grad is not None:
            t["grad/" + n] = p.grad
    for k, v in inputs.items():
        t["in/" + k] = v
    t["in/cot"] = cot
    for n, o in zip(out_names, outs):
        t["out/" + n] = o
    for k, v in got.items():
        t["act/" + k] = v
    return t


@case
def unet2d():
    from diffusers import UNet2DModel
    m = UNet2DModel(sample_size=8, in_channels=1, out_channels=1, layers_per_block=1, block_out_channels=(8, 16),
                    norm_num_groups=4, attention_head_dim=4, num_class_embeds=11,
                    down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"))
    randomize(m, 1)
    x = torch.randn(2, 1, 8, 8, generator=gen(2)); t = torch.tensor([3, 741]); y = torch.tensor([4, 10])
    acts = ["conv_in", "time_embedding", "down_blocks.0", "down_blocks.1", "mid_block", "up_blocks.0", "up_blocks.1"]
    r = record_module(m, lambda: m(x, t, class_labels=y).sample, dict(sample=x, timestep=t, class_labels=y), acts)
    save("unet2d_tiny", r)
    # the older "google/ddpm-*" flavour: sin first, shift 1, asymmetric stride-2 padding
    m = UNet2DModel(sample_size=8, in_channels=1, out_channels=1, layers_per_block=2, block_out_channels=(8, 8, 16),
                    norm_num_groups=4, norm_eps=1e-6, attention_head_dim=None, flip_sin_to_cos=False, freq_shift=1,
                    downsample_padding=0, down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
                    up_block_types=("UpBlock2D", "AttnUpBlock2D", "UpBlock2D"))
    randomize(m, 3)
    r = record_module(m, lambda: m(x, t).sample, dict(sample=x, timestep=t), ["down_blocks.0", "mid_block"])
    save("unet2d_ddpm_tiny", r)


@case
def vae():
    from diffusers import AutoencoderKL
    m = AutoencoderKL(in_channels=1, out_channels=1, down_block_types=("DownEncoderBlock2D",) * 2,
                      up_block_types=("UpDecoderBlock2D",) * 2, block_out_channels=(8, 16), layers_per_block=1,
                      latent_channels=2, norm_num_groups=4, sample_size=8, scaling_factor=0.18215)
    randomize(m, 11)
    x = torch.randn(2, 1, 8, 8, generator=gen(12))
    noise = torch.randn(2, 2, 4, 4, generator=gen(13))

    def call():
        d = m.encode(x).latent_dist
        z = d.mean + d.std * noise
        return m.decode(z).sample, d.mean, d.logvar, d.kl(), z
    r = record_module(m, call, dict(sample=x, noise=noise),
                      ["encoder.down_blocks.0", "encoder.mid_block", "quant_conv", "decoder.conv_in", "decoder.mid_block"],
                      out_names=("decoded", "mean", "logvar", "kl", "latent"))
    save("autoencoder_kl_tiny", r)


@case
def dit_diffusers():
    from diffusers import DiTTransformer2DModel
    m = DiTTransformer2DModel(num_attention_heads=2, attention_head_dim=8, in_channels=1, out_channels=2, num_layers=2,
                              patch_size=2, sample_size=8, num_embeds_ada_norm=10)
    randomize(m, 15)
    m.eval()
    x = torch.randn(2, 1, 8, 8, generator=gen(16)); t = torch.tensor([5, 900]); y = torch.tensor([3, 10])
    r = record_module(m, lambda: m(x, timestep=t, class_labels=y).sample, dict(sample=x, timestep=t, class_labels=y),
                      ["pos_embed", "transformer_blocks.0", "transformer_blocks.1"])
    r["act/pos_embed_table"] = m.pos_embed.pos_embed
    save("dit_diffusers_tiny", r)


@case
def keylists():
    from diffusers import AutoencoderKL, DiTTransformer2DModel, UNet2DModel
    vae = dict(down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
               block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4, sample_size=512)
    dit = dict(num_attention_heads=16, attention_head_dim=72, in_channels=4, out_channels=8, num_layers=28,
               patch_size=2, sample_size=32)
    ddpm = dict(sample_size=32, block_out_channels=(128, 256, 256, 256), layers_per_block=2, norm_eps=1e-6,
                attention_head_dim=None, flip_sin_to_cos=False, freq_shift=1, downsample_padding=0,
                down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
                up_block_types=("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"))
    for name, cls, cfg in [("dit_xl_2_diffusers", DiTTransformer2DModel, dit), ("ddpm_cifar10_unet", UNet2DModel, ddpm),
                           ("kl_f8", AutoencoderKL, vae)]:
        with torch.device("meta"):
            shapes = {k: v.shape for k, v in cls(**cfg).state_dict().items()}
        with open(path(name + ".keys"), "w") as f:
            for key in sorted(shapes):
                f.write(" ".join([key, *map(str, shapes[key])]) + "\n")


def tproj(t, dim, max_period=10000.0):
    half = dim // 2
    f = torch.exp(-math.log(max_period) * torch.arange(half, dtype=torch.float32) / half)
    a = t.float()[:, None] * f[None]
    return torch.cat([a.cos(), a.sin()], -1)


def sincos1d(dim, pos):
    om = 1.0 / 10000 ** (np.arange(dim // 2, dtype=np.float64) / (dim / 2.0))
    o = pos.reshape(-1)[:, None] * om[None]
    return np.concatenate([np.sin(o), np.cos(o)], 1)


def sincos2d(dim, g):
    yy, xx = np.meshgrid(np.arange(g), np.arange(g), indexing="ij")
    # the first half of the channels encodes the column (x), the second half the row (y)
    return torch.from_numpy(np.concatenate([sincos1d(dim // 2, xx), sincos1d(dim // 2, yy)], 1)).float()


class Net:
    """Flat parameter dictionary with the official names; forward functions read from it."""

    def __init__(self, shapes, seed):
        g = gen(seed)
        self.p = {}
        for n, s in shapes.items():
            r = torch.randn(s, generator=g)
            if len(s) > 1:
                v = r / math.sqrt(max(1, int(np.prod(s[1:]))))
            elif "norm" in n and n.endswith("weight"):
                v = 1 + 0.2 * r
            else:
                v = 0.2 * r
            self.p[n] = v.requires_grad_(True)

    def __getitem__(self, k):
        return self.p[k]

    def lin(self, n, x):
        return F.linear(x, self.p[n + ".weight"], self.p.get(n + ".bias"))


def dit_block_shapes(pre, d):
    return {pre + "attn.qkv.weight": (3 * d, d), pre + "attn.qkv.bias": (3 * d,), pre + "attn.proj.weight": (d, d),
            pre + "attn.proj.bias": (d,), pre + "mlp.fc1.weight": (4 * d, d), pre + "mlp.fc1.bias": (4 * d,),
            pre + "mlp.fc2.weight": (d, 4 * d), pre + "mlp.fc2.bias": (d,),
            pre + "adaLN_modulation.1.weight": (6 * d, d), pre + "adaLN_modulation.1.bias": (6 * d,)}


def head_shapes(d, p, cin, cout, k, tokens):
    return {"x_embedder.proj.weight": (d, cin, p, p), "x_embedder.proj.bias": (d,), "t_embedder.mlp.0.weight": (d, 256),
            "t_embedder.mlp.0.bias": (d,), "t_embedder.mlp.2.weight": (d, d), "t_embedder.mlp.2.bias": (d,),
            "y_embedder.embedding_table.weight": (k + 1, d), "final_layer.linear.weight": (p * p * cout, d),
            "final_layer.linear.bias": (p * p * cout,), "final_layer.adaLN_modulation.1.weight": (2 * d, d),
            "final_layer.adaLN_modulation.1.bias": (2 * d,)}


def ln(x, eps=1e-6):
    return F.layer_norm(x, x.shape[-1:], eps=eps)


def mhsa(P, pre, x, heads):
    B, T, D = x.shape
    q, k, v = P.lin(pre + "qkv", x).reshape(B, T, 3, heads, D // heads).permute(2, 0, 3, 1, 4)
    a = q @ k.transpose(-1, -2) * (D // heads) ** -0.5
    o = (a.softmax(-1) @ v).transpose(1, 2).reshape(B, T, D)
    return P.lin(pre + "proj", o)


def ada_block(P, pre, x, c, heads):
    m = P.lin(pre + "adaLN_modulation.1", F.silu(c))[:, None]
    s1, k1, g1, s2, k2, g2 = m.chunk(6, -1)
    x = x + g1 * mhsa(P, pre + "attn.", ln(x) * (1 + k1) + s1, heads)
    h = P.lin(pre + "mlp.fc2", F.gelu(P.lin(pre + "mlp.fc1", ln(x) * (1 + k2) + s2), approximate="tanh"))
    return x + g2 * h


def final(P, x, c, p, cout, g):
    s, k = P.lin("final_layer.adaLN_modulation.1", F.silu(c))[:, None].chunk(2, -1)
    x = P.lin("final_layer.linear", ln(x) * (1 + k) + s)
    B = x.shape[0]
    return x.reshape(B, g, g, p, p, cout).permute(0, 5, 1, 3, 2, 4).reshape(B, cout, g * p, g * p)


def embed(P, x, t, y, p):
    h = F.conv2d(x, P["x_embedder.proj.weight"], P["x_embedder.proj.bias"], stride=p).flatten(2).transpose(1, 2)
    te = P.lin("t_embedder.mlp.2", F.silu(P.lin("t_embedder.mlp.0", tproj(t, 256))))
    ye = P["y_embedder.embedding_table.weight"][y]
    return h, te, ye


def finish(P, name, outs, inputs, acts=None, seed=0):
    first = next(iter(outs))
    cot = torch.randn(outs[first].shape, generator=gen(seed + 177))
    for p in P.p.values():
        p.grad = None
    (outs[first] * cot).sum().backward()
    t = {"w/" + k: v for k, v in P.p.items()}
    t.update({"grad/" + k: v.grad for k, v in P.p.items() if v.grad is not None})
    t.update({"in/" + k: v for k, v in inputs.items()}); t["in/cot"] = cot
    t.update({"out/" + k: v for k, v in outs.items()})
    t.update({"act/" + k: v for k, v in (acts or {}).items()})
    save(name, t)


D, G, PS, HEADS, NC = 16, 4, 2, 2, 10


def xty(seed, cin=1):
    return (torch.randn(2, cin, 8, 8, generator=gen(seed)), torch.tensor([5, 900]), torch.tensor([3, 10]))


def dit_forward(P, x, t, y, depth, cout, acts=None):
    h, te, ye = embed(P, x, t, y, PS)
    h = h + sincos2d(D, G); c = te + ye
    for i in range(depth):
        h = ada_block(P, f"blocks.{i}.", h, c, HEADS)
        if acts is not None:
            acts[f"blocks.{i}"] = h
    return final(P, h, c, PS, cout, G)


@case
def dit():
    sh = head_shapes(D, PS, 1, 2, NC, G * G)
    for i in range(2):
        sh.update(dit_block_shapes(f"blocks.{i}.", D))
    P = Net(sh, 31); x, t, y = xty(32); acts = {}
    out = dit_forward(P, x, t, y, 2, 2, acts)
    acts["pos_embed"] = sincos2d(D, G)
    # classifier-free guidance on the first k channels, doubled batch convention
    w = 4.0
    h = x[:1]; both = torch.cat([h, h]); yy = torch.tensor([3, NC]); tt = torch.tensor([5, 5])
    o = dit_forward(P, both, tt, yy, 2, 2)
    e = o[:, :1]; cfg = e[1:] + w * (e[:1] - e[1:])
    finish(P, "dit_official_tiny", dict(sample=out, cfg_eps=cfg, cfg_cond=e[:1], cfg_uncond=e[1:]),
           dict(sample=x, timestep=t, class_labels=y), acts)


for name in sys.argv[1:] or CASES:
    CASES[name]()
