"""docs/gallery.md and the pictures in docs/gallery/: one for each operation of the family, and the question that the project began with.

python -m tools.gallery      draws them again; `make docs` calls it
"""

from __future__ import annotations

from pathlib import Path

from backends.reading import read
from spec import parse_case
from verify.native import formulas
from verify.native.links import Steps, steps
from verify.native.picture import svg

DOCS = Path(__file__).resolve().parent.parent / "docs"

PICTURES: list[tuple[str, str, tuple[int, ...], str]] = [
    ("Convolution", "nn.Conv1d(1, 1, 3, padding=1)", (1, 1, 6), "The kernel slides over the input. It is not flipped."),
    (
        "Convolution in 2-D", "nn.Conv2d(1, 1, 3, padding=1)", (1, 1, 4, 4),
        "Each output is the sum of one window, with a weight for each element.",
    ),
    ("Strided convolution", "nn.Conv1d(1, 1, 3, stride=2, padding=1)", (1, 1, 7), "With stride 2 every second window is kept."),
    ("Dilated convolution", "nn.Conv1d(1, 1, 3, dilation=2)", (1, 1, 8), "The elements of one window lie two apart."),
    (
        "Transposed convolution", "nn.ConvTranspose1d(1, 1, 3, stride=2, padding=1)", (1, 1, 5),
        "Zeros between the elements, then the kernel at each element, then a crop. `padding` is that crop. "
        "The two colours are the two phases: even outputs use w[1], odd ones w[0] and w[2].",
    ),
    (
        "Transposed convolution in 2-D", "nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1)", (1, 1, 3, 3),
        "Two phases along each axis: four colours.",
    ),
    (
        "Transposed convolution, even kernel", "nn.ConvTranspose1d(1, 1, 4, stride=2, padding=1)", (1, 1, 5),
        "Each output inside uses two entries.",
    ),
    ("Zero insertion", "ZeroInsert(factor=(2,)) x=(1, 1, 4)", (), "Zeros between the elements and after the last one."),
    ("Nearest upsampling", "nn.Upsample(scale_factor=2)", (1, 1, 4), "Each element is repeated."),
    (
        "Linear resize", "F.interpolate(x, scale_factor=2, mode='linear')", (1, 1, 4),
        "Centres lie at half pixels: the rows have the same middle.",
    ),
    (
        "Linear resize, corners aligned", "F.interpolate(x, scale_factor=2, mode='linear', align_corners=True)", (1, 1, 4),
        "The first and the last centres of both rows lie above each other.",
    ),
    ("Lanczos resize", "Lanczos(size=(6,)) x=(1, 1, 4)", (), "Weights are rounded to three digits."),
    ("Max pooling", "nn.MaxPool2d(2)", (1, 1, 4, 4), "The greatest element of each window."),
    (
        "Average pooling", "nn.AvgPool1d(3, stride=2, padding=1, count_include_pad=False)", (1, 1, 7),
        "Here the divisor counts only elements of x.",
    ),
    ("Sum pooling", "SumPool(kernel=(2,)) x=(1, 1, 6)", (), "The sum of each window."),
    ("Lp pooling", "nn.LPPool1d(2, 2)", (1, 1, 6), "The 2-norm of each window."),
    ("Adaptive average pooling", "nn.AdaptiveAvgPool1d(3)", (1, 1, 7), "Windows overlap where 3 does not divide the length."),
    ("Adaptive max pooling", "nn.AdaptiveMaxPool1d(3)", (1, 1, 7), "The same windows; the greatest element of each."),
    ("Padding", "nn.ReflectionPad1d(2)", (1, 1, 5), "Reflection does not repeat the element at the end."),
    ("Depth to space", "nn.PixelShuffle(2)", (1, 4, 2, 2), "Each colour is one channel of the input."),
    ("Space to depth", "nn.PixelUnshuffle(2)", (1, 1, 4, 4), "Each colour is one channel of the output."),
]  # fmt: skip
"""Title, call or case, shape of the input of a call, what to see."""

FOUNDING = (
    "keras.layers.UpSampling1D(2) >> keras.layers.Conv1DTranspose(1, 3, padding='same')",
    "keras.layers.Conv1DTranspose(1, 3, strides=2, padding='same')",
    (1, 5, 1),
)
FOUNDING_2D = (
    "keras.layers.UpSampling2D(2) >> keras.layers.Conv2DTranspose(1, 3, padding='same')",
    "keras.layers.Conv2DTranspose(1, 3, strides=2, padding='same')",
    (1, 3, 3, 1),
)
NOT_DRAWN = {"MaxUnpool": "what it does depends on the indices it is given"}

HEAD = """\
# Gallery

What each operation does to a small input, output by output. Each picture runs through the outputs, one after the other. Opened by
itself, it stays at the output that you point at or reach with Tab.

Every link in a picture is a non-zero entry of the operation's matrix. `concordant explain 'CALL' --input SHAPE --picture FILE.html`
draws a call of your own, and `concordant compare 'A' 'B' --input SHAPE --picture FILE.html` two calls with the outputs that differ.
`make docs` draws this page again.

## Upsampling and a convolution, or a strided transposed convolution?

Above, each element is repeated and the kernel is placed at every copy. Below, zeros are inserted instead. Outputs with a dashed red frame
differ for the same kernel. `concordant compare` says what each can express ([claims](claims.md)).

"""


def found(call: str, x: tuple[int, ...]) -> Steps:
    """The steps of a call; without a shape, of a case in the syntax of reports."""
    if not x:
        case = parse_case(call)
        return steps(case.op, case.x, case.w)
    reading = read(call, x)
    return steps(reading.op, reading.x, reading.w)


def files() -> dict[Path, str]:
    """Every file of the gallery."""
    page, made = [HEAD], {}
    for name, (first, second, x) in (("founding", FOUNDING), ("founding-2d", FOUNDING_2D)):
        made[DOCS / "gallery" / f"{name}.svg"] = svg(found(first, x), first, (found(second, x), second))
        page.append(f"![{first} compared with {second}](gallery/{name}.svg)\n\n")
    for title, call, x, words in PICTURES:
        name, one = title.lower().replace(",", "").replace(" ", "-"), found(call, x)
        made[DOCS / "gallery" / f"{name}.svg"] = svg(one, call)
        example = formulas.formula(one, formulas.outputs(one)[len(formulas.outputs(one)) // 2])
        page.append(f"## {title}\n\n{words} For example `{example}`.\n\n![{call}](gallery/{name}.svg)\n\n")
    page.append("## Not drawn\n\n" + "".join(f"- {name}: {why}.\n" for name, why in NOT_DRAWN.items()))
    return {DOCS / "gallery.md": "".join(page), **made}


if __name__ == "__main__":
    (DOCS / "gallery").mkdir(exist_ok=True)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
