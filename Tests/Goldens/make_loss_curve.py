#!/usr/bin/env python3
"""Makes loss_curve.safetensors: the losses of the first 50 training steps of the workload `unet-small`, from torch,
and a few of its starting values.

Needs python 3.10 or newer, torch (CPU), numpy, safetensors, diffusers (recorded with torch 2.13, diffusers 0.42.1).
    python make_loss_curve.py              # float32 on one thread: writes the file, in about two minutes
    python make_loss_curve.py --threads 2  # the same on more threads: prints how far that leads from the file
    python make_loss_curve.py --double     # the same in float64: prints how far float32 strayed, at most 7.2e-7

Starting values, images, noise and times are no file: anyone computes the same bits from a name and an index.
    seed(name)         FNV-1a, 64 bits, of the name in UTF-8
    bits(name, i)      output i of SplitMix64 that starts at seed(name)
    normal(name, i)    the four 16-bit parts of bits(name, i), added, less 131070, times float32(sqrt(3) / 65536)
The sum has at most 18 bits, so the product is the only rounding of `normal`; it has mean 0 and variance 1.
A parameter is mean + deviation * normal with its own name and indices in row-major order, rounded to float32 after each
operation: mean 0 and deviation 1 / sqrt(numbers of a row), for vectors 0.2; the mean of the weight of a norm is 1.
Sample s of the run (16 each step) has the time bits("time", s) mod 1000, noise with indices from 3072 s on in the order
[C, H, W], and an image of 4 by 4 tiles of one colour each: normal("image", 48 s + 16 c + 4 (y / 8) + x / 8) / 2.
"""
import argparse
import math
import os
import numpy as np
import torch
from diffusers import UNet2DModel
from safetensors.torch import load_file, save_file

STEPS, BATCH, RATE, DECAY = 50, 16, 1e-4, 0.1
SOME = {"conv_in.weight": (64, 3, 3, 3), "conv_norm_out.weight": (64,), "conv_norm_out.bias": (64,)}
FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "loss_curve.safetensors")


def bits(name, start, count):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    z = np.uint64(seed) + np.arange(start + 1, start + count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


def normal(name, start, shape):
    parts = bits(name, start, math.prod(shape)).astype("<u8").view("<u2").reshape(-1, 4).astype(np.int64)
    return ((parts.sum(1) - 131070).astype(np.float32) * np.float32(math.sqrt(3) / 65536)).reshape(shape)


def starting_value(name, shape):
    mean = 1 if len(shape) == 1 and "norm" in name and name.endswith("weight") else 0
    deviation = 1 / math.sqrt(math.prod(shape[1:])) if len(shape) > 1 else 0.2
    return np.float32(mean) + np.float32(deviation) * normal(name, 0, shape)


def curve(dtype):
    torch.set_default_dtype(dtype)
    model = UNet2DModel(sample_size=32, in_channels=3, out_channels=3, layers_per_block=2,
                        block_out_channels=(64, 128, 128),
                        down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
                        up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"))
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.from_numpy(starting_value(name, tuple(p.shape))))
    # Biases and norms do not decay.
    weights = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW([dict(params=weights, weight_decay=DECAY), dict(params=vectors, weight_decay=0)],
                                  lr=RATE, betas=(0.9, 0.999), eps=1e-8)
    alpha2 = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    losses = []
    for step in range(STEPS):
        first = BATCH * step
        tiles = normal("image", 48 * first, (BATCH, 3, 4, 4)) * np.float32(0.5)
        x0 = torch.from_numpy(tiles.repeat(8, 2).repeat(8, 3)).to(dtype)
        noise = torch.from_numpy(normal("noise", 3072 * first, (BATCH, 3, 32, 32))).to(dtype)
        times = (bits("time", first, BATCH) % np.uint64(1000)).astype(np.int64)
        alpha = torch.from_numpy(np.sqrt(alpha2[times])).to(dtype).view(-1, 1, 1, 1)
        sigma = torch.from_numpy(np.sqrt(1 - alpha2[times])).to(dtype).view(-1, 1, 1, 1)
        answer = model(alpha * x0 + sigma * noise, torch.from_numpy(times), return_dict=False)[0]
        loss = torch.nn.functional.mse_loss(answer, noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--double", action="store_true")
    options = options.parse_args()
    torch.set_num_threads(options.threads)
    losses = curve(torch.float64 if options.double else torch.float32)
    if options.double or options.threads > 1:
        recorded = load_file(FILE)["loss"].double()
        for step, (loss, distance) in enumerate(zip(losses, (losses / recorded - 1).abs())):
            print(f"{step:2d}  {loss:.9f}  {distance:.1e}")
    else:
        tensors = {name: torch.from_numpy(starting_value(name, shape)) for name, shape in SOME.items()}
        save_file(dict(tensors, loss=losses.float()), FILE, metadata={"format": "pt"})


main()
