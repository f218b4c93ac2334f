"""Trains the digit classifier that judges generated digits, and prints what its tests compare with.

    python3 make_digit_classifier.py IMAGES.idx3.gz LABELS.idx1.gz

A 64-64-32-10 ReLU network on pixel/8 - 1, first 1,500 digits, Gaussian noise of deviation 0.1 on the input, Adam with a
rate that falls to 0. Its weights are rounded to float16 and written to digit_classifier.safetensors beside this script,
and as base64 to Sources/Training/Evaluation/DigitClassifierWeights.swift. Training runs in float64 on one thread.
"""
import base64
import gzip
import hashlib
import json
import os
import pathlib
import sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np

SEED, EPOCHS, BATCH, RATE, NOISE, TRAINED = 2, 60, 64, 1e-3, 0.1, 1500
SIZES = [64, 64, 32, 10]
NAMES = ["hidden.0", "hidden.1", "output"]
HERE = pathlib.Path(__file__).resolve().parent
SWIFT = HERE.parent.parent / "Sources/Training/Evaluation/DigitClassifierWeights.swift"


def layers(p, x):
    h1 = np.maximum(x @ p[0].T + p[1], 0)
    h2 = np.maximum(h1 @ p[2].T + p[3], 0)
    return h1, h2, h2 @ p[4].T + p[5]


def train(x, y):
    random = np.random.default_rng(SEED)
    p = []
    for inputs, outputs in zip(SIZES, SIZES[1:]):
        bound = inputs**-0.5
        p += [random.uniform(-bound, bound, (outputs, inputs)), random.uniform(-bound, bound, outputs)]
    m, v = [np.zeros_like(q) for q in p], [np.zeros_like(q) for q in p]
    step, steps = 0, EPOCHS * -(-len(x) // BATCH)
    for _ in range(EPOCHS):
        order = random.permutation(len(x))
        for start in range(0, len(x), BATCH):
            rows = order[start : start + BATCH]
            x0 = x[rows] + NOISE * random.standard_normal((len(rows), 64))
            h1, h2, logits = layers(p, x0)
            g = np.exp(logits - logits.max(1, keepdims=True))
            g /= g.sum(1, keepdims=True)
            g[np.arange(len(rows)), y[rows]] -= 1
            g /= len(rows)
            g2 = g @ p[4] * (h2 > 0)
            g1 = g2 @ p[2] * (h1 > 0)
            rate = RATE * (1 - step / steps)
            step += 1
            for k, d in enumerate([g1.T @ x0, g1.sum(0), g2.T @ h1, g2.sum(0), g.T @ h2, g.sum(0)]):
                m[k] = 0.9 * m[k] + 0.1 * d
                v[k] = 0.999 * v[k] + 0.001 * d * d
                p[k] -= rate * (m[k] / (1 - 0.9**step)) / (np.sqrt(v[k] / (1 - 0.999**step)) + 1e-8)
    return [q.astype(np.float16) for q in p]


def safetensors(tensors):
    header, offset = {}, 0
    for name, t in tensors.items():
        header[name] = {"dtype": "F16", "shape": list(t.shape), "data_offsets": [offset, offset + t.nbytes]}
        offset += t.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % 64)
    return len(text).to_bytes(8, "little") + text + b"".join(t.tobytes() for t in tensors.values())


def frechet(a, b):
    """Frechet distance of Gaussians fitted to the rows of a and b: covariances over n - 1, symmetric square roots."""
    d, ca, cb = a.mean(0) - b.mean(0), np.cov(a.T), np.cov(b.T)
    w, u = np.linalg.eigh(ca)
    root = (u * np.sqrt(np.clip(w, 0, None))) @ u.T
    values = np.clip(np.linalg.eigvalsh(root @ cb @ root), 0, None)
    return d @ d + np.trace(ca) + np.trace(cb) - 2 * np.sqrt(values).sum()


def swift(data):
    text = base64.b64encode(data).decode()
    lines = "\n".join("        " + text[i : i + 108] for i in range(0, len(text), 108))
    return f'''/// The weights of ``DigitClassifier``: a safetensors file as base64.
///
/// Written by `Tests/Goldens/make_digit_classifier.py`.
enum DigitClassifierWeights {{
    static let base64 = """
{lines}
        """
}}
'''


def main():
    pixels = np.frombuffer(gzip.open(sys.argv[1]).read(), np.uint8)[16:].reshape(-1, 64)
    labels = np.frombuffer(gzip.open(sys.argv[2]).read(), np.uint8)[8:].astype(int)
    x = pixels / 8.0 - 1
    p = train(x[:TRAINED], labels[:TRAINED])
    names = [f"{name}.{kind}" for name in NAMES for kind in ["weight", "bias"]]
    data = safetensors(dict(zip(names, p)))
    (HERE / "digit_classifier.safetensors").write_bytes(data)
    SWIFT.parent.mkdir(parents=True, exist_ok=True)
    SWIFT.write_text(swift(data))
    p = [q.astype(np.float64) for q in p]
    feature = lambda images: layers(p, images)[1]
    guess = layers(p, x)[2].argmax(1)
    real = feature(x[:TRAINED])
    noise = np.random.default_rng(9).standard_normal((1000, 64))
    some = np.random.default_rng(5).permutation(TRAINED)
    image = x.reshape(-1, 8, 8)
    print("bytes", len(data), "sha256", hashlib.sha256(data).hexdigest())
    for name, part in [("1,500 trained", slice(0, TRAINED)), ("297 held-out", slice(TRAINED, None))]:
        right = (guess == labels)[part]
        print(f"accuracy on the {name} digits: {right.mean():.4f}, {right.sum()} right")
    print("features of digit 0", [float(f"{f:.6f}") for f in real[0]])
    print("logits of digit 0", [float(f"{f:.6f}") for f in layers(p, x[:1])[2][0]])
    for name, images in [
        ("the 1,500 themselves", x[:TRAINED]),
        ("the 297 held out", x[TRAINED:]),
        ("the first 1,000", x[:1000]),
        ("1,000 of them drawn at random", x[some[:1000]]),
        ("every second one", x[:TRAINED:2]),
        ("classes 0 to 2", x[:TRAINED][labels[:TRAINED] < 3]),
        ("mirrored", image[:TRAINED, :, ::-1].reshape(-1, 64)),
        ("inverted", -x[:TRAINED]),
        ("halved contrast", 0.5 * x[:TRAINED]),
        ("1,000 with noise 0.1", x[:1000] + 0.1 * noise),
        ("1,000 with noise 0.2", x[:1000] + 0.2 * noise),
        ("1,000 with noise 0.4", x[:1000] + 0.4 * noise),
        ("1,000 with noise 0.8", x[:1000] + 0.8 * noise),
        ("1,000 of clipped noise alone", np.clip(noise, -1, 1)),
    ]:
        print(f"FD of the 1,500 and {name}: {frechet(real, feature(images)):.6f}")
    print(f"FD of two random halves of the 1,500: {frechet(real[some[:750]], real[some[750:]]):.6f}")
    print(f"FD of the even and the odd ones of the 1,500: {frechet(real[::2], real[1::2]):.6f}")


main()
