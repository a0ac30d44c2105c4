"""docs/journeys.md: questions that users really ask, each answered by one command.

python -m tools.journeys > docs/journeys.md      runs every command; `make docs` calls it
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

HEAD = """\
# Ten questions, one command each

<!-- made by `make docs`; tests run every command again and compare -->

Each of these was asked in public, in these or in similar words. Every answer was run on the spot: `verified` means that the frameworks
gave, on shared data and forward and backward, what the specification says.
"""

STEM, SAME_STEM = "nn.Conv2d(3, 64, 7, stride=2, padding=3)", 'keras.layers.Conv2D(64, 7, strides=2, padding="same")'

JOURNEYS = [
    ("A PyTorch transposed convolution, in Keras and JAX",
     ["port", "nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1)", "--to", "keras,jax", "--input", "1,64,16,16"]),
    ("TensorFlow's antialiased resize, in PyTorch and JAX",
     ["port", 'tf.image.resize(x, (7, 7), method="bilinear", antialias=True)', "--to", "torch,jax", "--input", "1,16,16,3"]),
    ("Adaptive pooling, where a framework has none",
     ["port", "nn.AdaptiveAvgPool2d(7)", "--to", "keras,tensorflow", "--input", "1,8,15,15"]),
    ("ceil_mode, in Keras", ["port", "nn.MaxPool2d(3, stride=2, ceil_mode=True)", "--to", "keras", "--input", "1,8,112,112"]),
    ("Average pooling with padding on an odd length: is it Keras's 'same'?",
     ["compare", "nn.AvgPool2d(3, 2, 1)", 'keras.layers.AveragePooling2D(3, 2, "same")', "--input", "1,8,15,15"]),
    ("… and on an even one",
     ["compare", "nn.AvgPool2d(3, 2, 1)", 'keras.layers.AveragePooling2D(3, 2, "same")', "--input", "1,8,16,16"]),
    ("ResNet's first layer: is padding=3 Keras's 'same'? On 224 pixels",
     ["compare", STEM, SAME_STEM, "--input", "1,3,224,224"]),
    ("… and on 225",
     ["compare", STEM, SAME_STEM, "--input", "1,3,225,225"]),
    ("PixelShuffle, in TensorFlow", ["port", "nn.PixelShuffle(2)", "--to", "tensorflow", "--input", "1,12,8,8"]),
    ("A separable convolution, channels first, in PyTorch",
     ["port", 'keras.layers.SeparableConv2D(32, 3, strides=2, padding="same", data_format="channels_first")', "--to", "torch",
      "--input", "1,3,16,16"]),
    ("A forum's question: the images are shifted, by how much, and why?",
     ["compare", "nn.ConvTranspose2d(56, 1, 9, stride=4, padding=4, output_padding=3)",
      'keras.layers.Conv2DTranspose(1, 9, strides=4, padding="same")', "--input", "1,56,10,10"]),
    ("flax's transposed convolution against PyTorch's, kernel 3",
     ["compare", "nn.ConvTranspose2d(4, 8, 3, padding=1)",
      "flax.linen.ConvTranspose(8, (3, 3), padding=[(1, 1), (1, 1)], transpose_kernel=True)", "--input", "1,4,8,8"]),
    ("… and kernel 4",
     ["compare", "nn.ConvTranspose2d(4, 8, 4, padding=1)",
      "flax.linen.ConvTranspose(8, (4, 4), padding=[(1, 1), (1, 1)], transpose_kernel=True)", "--input", "1,4,8,8"]),
]  # fmt: skip
"""A title, and the words after `concordant`."""


def command(words: list[str]) -> str:
    """As it is typed."""
    return f"concordant {shlex.join(words)}"


def answer(words: list[str]) -> str:
    """What the command prints."""
    done = subprocess.run([sys.executable, str(ROOT / "concordant.py"), *words], capture_output=True, text=True)
    assert done.returncode in (0, 1), f"{command(words)}: {done.stderr}"
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def page() -> str:
    """Markdown: every question, its command, what it printed."""
    blocks = [f"## {title}\n\n```console\n$ {command(words)}\n{answer(words)}\n```\n" for title, words in JOURNEYS]
    return "\n".join([HEAD, *blocks])


if __name__ == "__main__":
    print(page(), end="")
