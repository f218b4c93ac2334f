#!/usr/bin/env python3
"""Makes ops.safetensors: one record for each operation on tensors, from torch.

Needs python 3.10 or newer, torch (CPU), safetensors (recorded with torch 2.13).   python make_ops.py
Names: OPERATION/in.NAME, OPERATION/outK, OPERATION/cotK and OPERATION/grad.NAME; the gradients belong to sum over K of <outK, cotK>.
Images are [B, C, H, W]. All arithmetic is float32 on one thread.
"""
import os
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
torch.set_num_threads(1)


def gen(seed):
    return torch.Generator().manual_seed(seed)


def save(name, tensors):
    t = {k: (v.detach().to(torch.float32) if v.is_floating_point() else v.detach()).contiguous().clone()
         for k, v in tensors.items()}
    save_file(t, os.path.join(HERE, name + ".safetensors"), metadata={"format": "pt"})


def dwt(x):
    a, b, c, d = x[..., 0::2, 0::2], x[..., 0::2, 1::2], x[..., 1::2, 0::2], x[..., 1::2, 1::2]
    return (a + b + c + d) / 2, (a - b + c - d) / 2, (a + b - c - d) / 2, (a - b - c + d) / 2   # LL LH HL HH


def iwt(ll, lh, hl, hh):
    B, C, H, W = ll.shape
    o = ll.new_zeros(B, C, 2 * H, 2 * W)
    o[..., 0::2, 0::2] = (ll + lh + hl + hh) / 2; o[..., 0::2, 1::2] = (ll - lh + hl - hh) / 2
    o[..., 1::2, 0::2] = (ll + lh - hl - hh) / 2; o[..., 1::2, 1::2] = (ll - lh - hl + hh) / 2
    return o


def ops():
    t = {}
    g = gen(101)
    R = lambda *s: torch.randn(*s, generator=g).requires_grad_(True)

    def rec(name, fn, **ins):
        outs = fn(**ins)
        outs = outs if isinstance(outs, (tuple, list)) else (outs,)
        L = 0
        for i, o in enumerate(outs):
            c = torch.randn(o.shape, generator=g)
            t[f"{name}/out{i}"] = o; t[f"{name}/cot{i}"] = c
            L = L + (o * c).sum()
        fl = {k: v for k, v in ins.items() if isinstance(v, torch.Tensor) and v.requires_grad}
        gr = torch.autograd.grad(L, list(fl.values()), allow_unused=True)
        for k, v in ins.items():
            if isinstance(v, torch.Tensor):
                t[f"{name}/in.{k}"] = v
        for k, v in zip(fl, gr):
            if v is not None:
                t[f"{name}/grad.{k}"] = v
    cv = lambda **kw: (lambda x, w, b: F.conv2d(x, w, b, **kw))
    rec("conv3x3", cv(padding=1), x=R(2, 3, 5, 6), w=R(4, 3, 3, 3), b=R(4))
    rec("conv1x1", cv(), x=R(2, 3, 4, 4), w=R(5, 3, 1, 1), b=R(5))
    rec("conv3x3_s2_p1", cv(padding=1, stride=2), x=R(2, 3, 6, 6), w=R(4, 3, 3, 3), b=R(4))
    rec("conv3x3_s2_asym", lambda x, w, b: F.conv2d(F.pad(x, (0, 1, 0, 1)), w, b, stride=2), x=R(2, 3, 6, 6), w=R(4, 3, 3, 3), b=R(4))
    rec("conv4x4_s2_p1", cv(padding=1, stride=2), x=R(1, 3, 8, 8), w=R(4, 3, 4, 4), b=R(4))
    rec("conv4x4_s1_p1", cv(padding=1), x=R(1, 3, 5, 5), w=R(2, 3, 4, 4), b=R(2))
    rec("conv_patch2", cv(stride=2), x=R(2, 1, 4, 4), w=R(6, 1, 2, 2), b=R(6))
    rec("conv_depthwise", cv(padding=1, groups=4), x=R(2, 4, 5, 5), w=R(4, 1, 3, 3), b=R(4))
    rec("conv_grouped3", cv(padding=1, groups=3), x=R(1, 6, 4, 4), w=R(9, 2, 3, 3), b=R(9))
    rec("convT_k2s2", lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2), x=R(1, 4, 3, 3), w=R(4, 2, 2, 2), b=R(2))
    rec("convT_k4s2p1", lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=1), x=R(1, 4, 3, 3), w=R(4, 2, 4, 4), b=R(2))
    rec("conv3d_k333", lambda x, w, b: F.conv3d(x, w, b, padding=1), x=R(1, 2, 3, 4, 4), w=R(3, 2, 3, 3, 3), b=R(3))
    rec("linear", lambda x, w, b: F.linear(x, w, b), x=R(2, 3, 4), w=R(5, 4), b=R(5))
    rec("groupnorm_g4_eps1e-5", lambda x, w, b: F.group_norm(x, 4, w, b, 1e-5), x=R(2, 8, 3, 3), w=R(8), b=R(8))
    rec("layernorm", lambda x, w, b: F.layer_norm(x, (6,), w, b, 1e-5), x=R(2, 3, 6), w=R(6), b=R(6))
    rec("layernorm_noaffine_1e-6", lambda x: F.layer_norm(x, (6,), eps=1e-6), x=R(2, 3, 6))
    rec("instancenorm", lambda x: F.instance_norm(x, eps=1e-5), x=R(2, 3, 4, 4))
    rec("batchnorm_train", lambda x, w, b: F.batch_norm(x, None, None, w, b, True, 0.1, 1e-5), x=R(4, 3, 2, 2), w=R(3), b=R(3))
    for nm, f in dict(silu=F.silu, gelu_erf=F.gelu, gelu_tanh=lambda x: F.gelu(x, approximate="tanh"), relu=F.relu,
                      leaky02=lambda x: F.leaky_relu(x, 0.2), tanh=torch.tanh, sigmoid=torch.sigmoid, softplus=F.softplus,
                      exp=torch.exp).items():
        rec("act_" + nm, (lambda f: lambda x: f(x))(f), x=R(3, 5))
    rec("geglu", lambda x: x.chunk(2, -1)[0] * F.gelu(x.chunk(2, -1)[1]), x=R(2, 3, 8))
    rec("softmax", lambda x: F.softmax(x, -1), x=R(2, 3, 5))
    rec("log_softmax", lambda x: F.log_softmax(x, -1), x=R(3, 5))
    rec("attention_2heads", lambda q, k, v: (F.softmax(q @ k.transpose(-1, -2) * 0.5, -1) @ v), q=R(2, 2, 3, 4), k=R(2, 2, 5, 4), v=R(2, 2, 5, 4))
    rec("attention_bias", lambda q, k, v, b: (F.softmax(q @ k.transpose(-1, -2) * 0.5 + b, -1) @ v), q=R(2, 2, 3, 4), k=R(2, 2, 3, 4), v=R(2, 2, 3, 4), b=R(1, 2, 3, 3))
    rec("up_nearest2", lambda x: F.interpolate(x, scale_factor=2.0, mode="nearest"), x=R(1, 2, 3, 3))
    rec("up_bilinear2", lambda x: F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False), x=R(1, 2, 3, 3))
    rec("avgpool2", lambda x: F.avg_pool2d(x, 2), x=R(1, 2, 4, 4))
    rec("pixel_unshuffle2", lambda x: F.pixel_unshuffle(x, 2), x=R(1, 2, 4, 4))
    rec("pixel_shuffle2", lambda x: F.pixel_shuffle(x, 2), x=R(1, 8, 2, 2))
    rec("replication_pad1", lambda x: F.pad(x, (1, 1, 1, 1), mode="replicate"), x=R(1, 2, 3, 3))
    rec("haar_dwt", lambda x: dwt(x), x=R(1, 2, 4, 4))
    rec("haar_iwt", lambda a, b, c, d: iwt(a, b, c, d), a=R(1, 2, 2, 2), b=R(1, 2, 2, 2), c=R(1, 2, 2, 2), d=R(1, 2, 2, 2))
    rec("fft2_ortho_abs2", lambda x: torch.fft.fft2(x, norm="ortho").abs() ** 2, x=R(1, 2, 8, 8))
    idx = torch.tensor([[0, 2, 3], [1, 1, 0]])
    rec("gather_tokens", lambda x, i: torch.gather(x, 1, i[..., None].expand(-1, -1, x.shape[-1])), x=R(2, 4, 5), i=idx)
    rec("embedding", lambda w, i: F.embedding(i, w), w=R(6, 4), i=idx)
    rec("l2_normalize", lambda x: F.normalize(x, dim=-1, eps=1e-12), x=R(3, 4))
    rec("grn", lambda x: x * (x.pow(2).sum((1, 2), keepdim=True).sqrt() / (x.pow(2).sum((1, 2), keepdim=True).sqrt().mean(-1, keepdim=True) + 1e-6)), x=R(2, 3, 3, 4))
    rec("cross_entropy_ls01", lambda x, i: F.cross_entropy(x, i, label_smoothing=0.1)[None], x=R(6, 5), i=torch.tensor([0, 4, 2, 2, 1, 3]))
    A = R(6, 4).detach(); U, S, V = torch.linalg.svd(A, full_matrices=False)
    t["svd/in.a"] = A; t["svd/out.s"] = S; t["svd/out.rank2"] = (U[:, :2] * S[:2]) @ V[:2]
    M = R(5, 5).detach(); M = M @ M.T; w, Q = torch.linalg.eigh(M); t["eigh/in.m"] = M; t["eigh/out.w"] = w
    save("ops", t)


if __name__ == "__main__":
    ops()
