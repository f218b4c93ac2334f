"""Packs the digits of the UCI optical recognition set into the Swift sources that carry them.

    python3 make_digits.py IMAGES.idx3.gz LABELS.idx1.gz

1,797 * 64 grey levels of 0...16 and then 1,797 labels, one byte each, as one zstd frame in base64: the compiler reads a
string literal at once, but an array literal of as many bytes takes it many seconds. Needs the program `zstd`.
"""
import base64
import gzip
import pathlib
import subprocess
import sys

SOURCES = pathlib.Path(__file__).resolve().parent.parent.parent / "Sources/Datasets/DataSources"
WIDTH = 108


def part(name, summary, lines):
    text = "\n".join("        " + line for line in lines)
    return f'''extension DigitsArchive {{
    /// {summary}
    static let {name} = """
{text}
        """
}}
'''


def main():
    pixels = gzip.open(sys.argv[1]).read()[16:]
    labels = gzip.open(sys.argv[2]).read()[8:]
    assert len(pixels) == 64 * len(labels) == 64 * 1797
    raw = pixels + labels
    command = ["zstd", "--ultra", "-22", "--no-check", f"--stream-size={len(raw)}", "-c"]
    frame = subprocess.run(command, input=raw, stdout=subprocess.PIPE, check=True).stdout
    text = base64.b64encode(frame).decode()
    lines = [text[i : i + WIDTH] for i in range(0, len(text), WIDTH)]
    half = len(lines) // 2
    origin = "of the frame as base64, written by `Tests/Goldens/make_digits.py`."
    first = part("firstHalf", f"The first half {origin}", lines[:half])
    second = part("secondHalf", f"The rest {origin}", lines[half:])
    (SOURCES / "DigitsArchive+FirstHalf.swift").write_text(first)
    (SOURCES / "DigitsArchive+SecondHalf.swift").write_text(second)
    print(len(frame), "bytes,", len(lines), "lines")


main()
