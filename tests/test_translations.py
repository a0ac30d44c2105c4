"""One slip in any translation makes the run fail and names the case: each backend's own source, with one thing changed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import backends
from backends import named
from spec import parse_question
from verify.run import Run

HERE = Path(backends.__file__).parent

CONV = "Conv(stride=(2,), padding=((1, 2),)) x=(2, 3, 6) w=(4, 3, 4)"
CUT = "Conv(stride=(1,), padding=((-1, -2),)) x=(2, 3, 7) w=(4, 3, 2)"
SAME = "ConvTranspose(stride=(2,), crop=((0, 1),)) x=(2, 3, 5) w=(3, 2, 3)"
CROPPED = "ConvTranspose(stride=(2,), crop=((2, 0),)) x=(2, 3, 5) w=(3, 2, 3)"
SAME_CONV = "Conv(stride=(1,), padding=((1, 2),)) x=(2, 3, 6) w=(4, 3, 4)"
ASKED = [parse_question(text) for text in (CONV, CUT, SAME_CONV, SAME, CROPPED)]

SLIPS = {
    "torch: a sign": ("torch", "_pad(negated(op.crop))", "_pad(op.crop)"),
    "torch: a side": ("torch", "for pair in reversed(pairs) for n in pair", "for pair in reversed(pairs) for n in pair[::-1]"),
    "torch: an order of channels": ("torch", "(x, {at.weight}, stride", "(x.flip(1), {at.weight}, stride"),
    "jax: no flip": ("jax", "transpose_kernel=True)", "transpose_kernel=False)"),
    "jax: a side": ("jax", "or op.padding)", "or tuple(pair[::-1] for pair in op.padding))"),
    "jax: an order of channels": ("jax", 'f"OI{space}"', 'f"IO{space}"'),
    "tensorflow: a sign": ("tensorflow", "fitted(negated(op.crop)", "fitted(op.crop"),
    "tensorflow: a side": ("tensorflow", "fitted(op.padding,", "fitted(tuple(pair[::-1] for pair in op.padding),"),
    "tensorflow: a word": ("tensorflow", '{"SAME": tf_same_crop, "VALID"', '{"VALID": tf_same_crop, "SAME"'),
    "keras: a sign": ("keras", "fitted(negated(op.crop)", "fitted(op.crop"),
    "keras: a side": ("keras", "fitted(op.padding,", "fitted(tuple(pair[::-1] for pair in op.padding),"),
    "keras: a word": ("keras", '{"valid": valid_padding, "same": same_padding}', '{"same": valid_padding, "valid": same_padding}'),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_caught(slip: str, tmp_path: Path) -> None:
    name, right, wrong = SLIPS[slip]
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    source = (HERE / f"{name}.py").read_text()
    assert source.count(right) >= 1
    path = tmp_path / "slip.py"
    path.write_text(source.replace(right, wrong))
    runtime = next(b for b in named(str(path)) if b.name in (name, "keras-torch"))
    report = Run(ASKED, [runtime], suite={}).go()
    assert report.summary.exit == 1
    assert any(r.known is None and r.verdict in ("differ", "refused") for r in report.records)
