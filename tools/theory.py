"""docs/theory.md: every statement by subject, with its verdict on each framework, and ten questions "is X the same as Y?".

concordant theorems --out runs/theorems
python -m tools.theory runs/theorems/report.json > docs/theory.md      runs every comparison; `make docs` calls it
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import verify.plan.prove  # noqa: F401  (puts the statements on the list)
from spec.theorems.theorem import THEOREMS
from tools.journeys import answer, command
from verify.record import Report, TheoremReport, load
from verify.report.pages import cell, verdict

HEAD = """\
# What is the same as what

<!-- made by `make docs`; the statements are the docstrings of spec/theorems/ -->

Part one answers ten public questions of the form "is X the same as Y?". Part two has every statement that the project checks, by subject:
{count} of them. Each is two programs. Both are computed by definition on whole numbers or fractions, over many sizes, and then by each
framework. **holds** and **holds if** are what was found on these sizes, not a proof for all. For **false** the counterexample is the
smallest that a search over the sizes found.
"""

ASKED: list[tuple[str, str, str, list[str]]] = [
    ("Is padding=1 Keras's 'same' with stride 2?", "Conv2D Layer in PyTorch and Keras. Issue with padding elements",
     "https://github.com/keras-team/keras/issues/19291",
     ["nn.Conv2d(3, 8, 3, stride=2, padding=1)", 'keras.layers.Conv2D(8, 3, strides=2, padding="same")', "--input", "1,3,4,4"]),
    ("Are the transposed convolutions with stride 2 the same?", "Does conv2D transpose converting work properly?",
     "https://github.com/gmalivenko/pytorch2keras/issues/7",
     ["nn.ConvTranspose2d(4, 4, 3, stride=2, padding=1, output_padding=1)",
      'keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")', "--input", "1,4,5,5"]),
    ("Is PixelUnshuffle TensorFlow's space_to_depth?", "Wrong channel ordering in space_to_depth",
     "https://github.com/tensorflow/tensorflow/issues/53291",
     ["nn.PixelUnshuffle(2)", "tf.nn.space_to_depth(x, 2)", "--input", "1,3,4,4"]),
    ("Is bilinear resampling the same in TensorFlow and PyTorch?", "Bilinear interpolation behavior inconsistent with TF and Caffe",
     "https://github.com/pytorch/pytorch/issues/10604",
     ['F.interpolate(x, size=(8, 8), mode="bilinear")', 'tf.image.resize(x, (8, 8), method="bilinear")', "--input", "1,3,4,4"]),
    ("Is nearest the same in PyTorch and TensorFlow?", "Added nearest-exact interpolation mode",
     "https://github.com/pytorch/pytorch/pull/64501",
     ['F.interpolate(x, size=(3, 3), mode="nearest")', 'tf.image.resize(x, (3, 3), method="nearest")', "--input", "1,3,5,5"]),
    ("… and nearest-exact?", "Using torch.nn.functional.interpolate with 'nearest' mode introduces misalignment",
     "https://github.com/pytorch/pytorch/issues/34808",
     ['F.interpolate(x, size=(3, 3), mode="nearest-exact")', 'tf.image.resize(x, (3, 3), method="nearest")',
      "--input", "1,3,5,5"]),
    ("Is bicubic the same with and without antialiasing, where an image grows?", "fix(kernels): match PyTorch bicubic coefficient",
     "https://github.com/Blaizzy/mlx-vlm/pull/1243",
     ['F.interpolate(x, size=(8, 8), mode="bicubic")', 'F.interpolate(x, size=(8, 8), mode="bicubic", antialias=True)',
      "--input", "1,3,4,4"]),
    ("Is average pooling with padding the same?", "Average pool with padding calculation different from TF and Pytorch",
     "https://github.com/apache/mxnet/issues/10194",
     ["nn.AvgPool2d(5, 1, 2)", 'keras.layers.AveragePooling2D(5, 1, "same")', "--input", "1,3,5,5"]),
    ("Is a mean over blocks the same as bilinear F.interpolate?", "Question about resize function",
     "https://github.com/rosinality/stylegan2-pytorch/issues/102",
     ["nn.AvgPool2d(2)", 'F.interpolate(x, size=(4, 4), mode="bilinear")', "--input", "1,3,8,8"]),
    ("… and by a factor of 4?", "Question about resize function", "https://github.com/rosinality/stylegan2-pytorch/issues/102",
     ["nn.AvgPool2d(4)", 'F.interpolate(x, size=(2, 2), mode="bilinear")', "--input", "1,3,8,8"]),
    ("Is adaptive pooling F.interpolate by area?", "About face_pool", "https://github.com/eladrich/pixel2style2pixel/issues/281",
     ["nn.AdaptiveAvgPool2d(3)", 'F.interpolate(x, size=(3, 3), mode="area")', "--input", "1,3,8,8"]),
]  # fmt: skip
"""A question, the title of the thread that it was taken from, its address, and what is compared."""
QUESTIONS = [(title, thread, link, ["compare", "--no-run", *words]) for title, thread, link, words in ASKED]
"""The same with the words after `concordant`."""

SUBJECTS = {
    "claims": "The question this project began with", "convolutions": "Convolution and its transpose",
    "composition": "Programs that are one operation", "stride": "Stride, phases and shifts", "sizes": "Lengths",
    "upsampling": "Upsampling and sub-pixel convolution", "pixels": "Groups, triangles and adaptive pooling",
    "resampling": "Resampling", "pooling": "Pooling", "unpooling": "Unpooling", "fast": "Fast algorithms",
}  # fmt: skip

PICTURES = {
    "claims": ("Upsampling and a convolution, or a strided transposed convolution?",),
    "convolutions": ("Convolution", "Strided convolution", "Dilated convolution", "Transposed convolution", "Zero insertion"),
    "upsampling": ("Nearest upsampling", "Transposed convolution", "Depth to space"),
    "pixels": ("Space to depth", "Linear resize", "Linear resize, corners aligned", "Average pooling", "Adaptive average pooling"),
    "resampling": ("Linear resize", "Lanczos resize"), "pooling": ("Max pooling", "Sum pooling", "Lp pooling"),
}  # fmt: skip
"""Titles of docs/gallery.md that show what a subject speaks of."""


def notes(subject: str) -> str:
    """What stands above the statements of a subject."""
    links = (f"[{title}](gallery.md#{anchor(title)})" for title in PICTURES.get(subject, ()))
    lines = [f"In the gallery: {', '.join(links)}."] if subject in PICTURES else []
    if subject == "fast":
        lines.append("What they cost in rounding: [rounding.md](rounding.md).")
    return "".join(f"{line}\n\n" for line in lines)


def anchor(title: str) -> str:
    """How a link names a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def page(report: Report) -> str:
    """Markdown: the questions with what each command printed, then the statements."""
    questions = "\n".join(
        f"### {title}\n\nAsked as [{thread}]({link}).\n\n```console\n$ {command(words)}\n{answer(words)}\n```\n"
        for title, thread, link, words in QUESTIONS
    )
    parts = [HEAD.format(count=len(report.theorems)), f"## Questions\n\n{questions}"]
    for module, title in SUBJECTS.items():
        own = [(name, report.theorems[name]) for name, t in THEOREMS.items() if t.sides.__module__ == f"spec.theorems.{module}"]
        rows = "\n".join(f"| {name} | {cell(t.statement)} | {verdict(t)} | {frameworks(t)} | {cell(t.source)} |" for name, t in own)
        head = f"## {title}\n\n{notes(module)}"
        parts.append(f"{head}| name | statement | by definition | on the frameworks | source |\n|---|---|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def frameworks(t: TheoremReport) -> str:
    """Who computes both sides as the definition does, who does not, and who offers none of it."""
    groups: dict[str, list[str]] = {"as defined": [], "[known deviation](hazards.md)": [], "not offered": []}
    for name, own in t.runtimes.items():
        groups["[known deviation](hazards.md)" if own.other else "as defined" if own.agree else "not offered"].append(name)
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in groups.items() if names)


if __name__ == "__main__":
    print(page(load(Path(sys.argv[1]))), end="")
