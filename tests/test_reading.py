"""Text of native calls: what is read, what is refused in one sentence, and that nothing of it is ever executed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from backends.call import Call
from backends.names import qualified, readable
from backends.native import Unreadable
from backends.parsing import Cut, parsed
from backends.reading import read
from spec import Impossible
from tests.tiers import slow

SAME = {
    "nn.Conv2d(3, 8, 3)": ("torch.nn.Conv2d(3, 8, 3)", "Conv2d(3, 8, kernel_size=3)", "nn.Conv2d(3, 8, 3)(x)",
                           "y = nn.Conv2d(3, 16//2, 4-1)", "self.conv = nn.Conv2d(3, 2*4, +3)",
                           "import torch.nn as nn\nnn.Conv2d(3, 8, 3, stride=1, padding=0)",
                           "return nn.Conv2d(3, 8, 3)", "nn.Sequential(nn.Conv2d(3, 8, 3))", "conv = nn.Conv2d(3, 8, 3)\ny = conv(x)",
                           "self.conv = nn.Conv2d(3, 8, 3)\nx = self.conv(x)"),
    "F.pad(x, (1, 1)) >> nn.AvgPool1d(3)": ("nn.AvgPool1d(3)(F.pad(x, (1, 1)))", "x = F.pad(image, [1, 1])\nx = nn.AvgPool1d(3)(x)",
                                            "F.pad(input=x, pad=(1, 1)) >> nn.AvgPool1d(kernel_size=3)",
                                            "nn.Sequential(nn.ZeroPad1d(1)) >> nn.AvgPool1d(3)",
                                            "a = nn.ZeroPad1d(1)\nb = nn.AvgPool1d(3)\nx = nn.Sequential(a, b)(x)",
                                            "a = nn.ZeroPad1d(1)\nx = a >> nn.AvgPool1d(3)"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "other"), [(text, other) for text, others in SAME.items() for other in others])
def test_ways_to_write_the_same(text: str, other: str) -> None:
    x = (1, 3, 9) if "1d" in text else (1, 3, 9, 9)
    assert repr(read(other, x).op) == repr(read(text, x).op)


def test_a_slice_is_a_step() -> None:
    assert parsed("f = nn.AvgPool1d(3)(x)[:, :, 1:-1]")[1] == Cut(((None, None), (None, None), (1, -1)))
    assert str(Cut(((None, None), (4, -1)))) == "[:, 4:-1]"


def test_names_are_told_apart_by_their_spelling() -> None:
    assert qualified("nn.Conv2d") == "torch.nn.Conv2d"
    assert qualified("F.conv2d") == "torch.nn.functional.conv2d"
    assert all(qualified(name) == name for name in readable())


REFUSED = {
    "": "has no call",
    "x": "has no call",
    "3": "3 is no call of a layer or a function",
    "nn.Conv1d(1, 4, 3) >> Rearr": "Rearr is no call of a layer or a function",
    "nn.Sequential(nn.Conv1d(1, 4, 3), act)": "act is no call of a layer or a function",
    "keras.Sequential([act])": "act is no call of a layer or a function",
    "nn.Conv2d(": "is no Python call",
    "nn.Conv2d(3, 8, 3": "is no Python call",
    "nn.Conv2d(*args)": "*args is not read; write the arguments out",
    "nn.Conv2d(3, 8, **more)": "**more is not read",
    "nn.Conv2d(3, 8, 1 << 3)": "is no number; only + - * / // of numbers are read",
    "nn.Conv2d(3, 8, 2**9)": "is no number",
    "nn.Conv2d(3, 8, 1//0)": "has no value",
    "nn.Conv2d(3, 8, 'a' * 9)": "is no number",
    "nn.Conv2d(3, 8, 9999999999999999)": "which no shape has",
    "nn.Conv2d(3, 8, 99999999 * 99999999)": "is larger than any shape",
    "nn.Conv2d(3, 8, f'{x}')": "is not read; write numbers",
    "nn.Conv2d(3, 8, lambda: 3)": "is not read",
    "nn.Conv2d(3, 8, [k for k in (3,)])": "is not read",
    "nn.Conv2d(in_ch, 8, 3)": "in_channels is the name in_ch, but it needs a whole number of at least 1",
    "while True: pass": "is no call; write one call a line",
    "def f(): pass": "is no call; write one call a line",
    "__import__('os').system('touch marker')": "is not read",
    "open('marker', 'w')": "open is not read",
    "nn.Conv2d(3, 8, open('marker', 'w'))": "is not read",
    "nn.Conv2d(3, 8, 3)[0]": "only slices such as",
    "nn.Conv2d(3, 8, 3)[::2]": "only slices such as",
    "nn.Conv2d(3, 8, 3)[:, 1:]": "cuts batch or channels",
    "F.conv3d(x, w) >> nn.Conv2d(3, 8, 3)": "needs the shape of its weight",
    "nn.Conv2d(3, 8, 3) >> nn.Conv1d(8, 8, 3)": "takes an input with 3 axes",
    "(" * 200 + "x" + ")" * 200: "",
    "nn.Conv2d(3, 8, " + "-" * 4000 + "1)": "",
    "nn.Conv2d(3, 8, 3) # " + "x" * 20_000: "at most 20000 are read",
    "\x00": "is no Python call",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_what_cannot_be_read_gets_one_sentence(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Impossible) as raised:
        read(text, (1, 3, 9, 9))
    assert REFUSED[text] in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 1000
    assert not (tmp_path / "marker").exists()


def test_a_shape_too_many_is_told() -> None:
    with pytest.raises(Unreadable, match="--weights 3,3 is one too many; the calls take 1"):
        read("F.conv1d(x, w)", (1, 4, 9), [(2, 4, 3), (3, 3)])


WORDS = (
    "x", "w", "1", "2", "-1", "0", "3.5", "None", "True", "'same'", "'valid'", "(1, 2)", "[3, 3]", "(1, 2, 3)", "'bilinear'", "2//3", "1/0",
    "x[0]", "y(x)", "stride=2", "padding=1", "kernel_size=3", "size=(3, 3)", "scale_factor=0.1", "groups=2", "mode='cubic'", "a b", "*x",
    "ceil_mode=True",
)  # fmt: skip
GOOD = (
    "nn.Conv2d(3, 8, 3, stride=2, padding=1)", "F.interpolate(x, scale_factor=2, mode='bilinear')", "nn.MaxPool2d(3, 2, ceil_mode=True)",
    "nn.ConvTranspose2d(3, 6, 4, stride=2, padding=1, groups=3)", "F.pad(x, (1, 0, 2, 1))", "nn.AdaptiveAvgPool2d((2, 3))",
)  # fmt: skip


def _fuzzed(n: int, seed: int) -> None:
    """Calls that are right, calls with arguments at random, and both with characters changed."""
    rng = random.Random(seed)
    names, answered = readable(), 0
    for _ in range(n):
        calls = []
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            arguments = ", ".join(rng.choices(WORDS, k=rng.randrange(6)))
            call = rng.choice(GOOD) if rng.random() < 0.4 else f"{rng.choice(names)}({arguments})"
            calls.append(call + rng.choice(("", "", "(x)", "[:, :, 1:-1]", ")")))
        text = rng.choice((" >> ", "\n", ", ")).join(calls)
        for _ in range(rng.choice((0, 0, 1, 2))):
            i = rng.randrange(len(text))
            text = text[:i] + rng.choice("()[],=.'\"\x00é#:0123456789") + text[i + 1 :]
        shape = (1, 3, 8, 9) if rng.random() < 0.7 else tuple(rng.choices((1, 2, 3, 4, 6, 8, 9), k=rng.randrange(1, 6)))
        sentence = _asked(text, shape, [tuple(rng.choices((1, 2, 3), k=4))] * rng.randrange(3))
        answered += not sentence
        assert "\n" not in sentence, text
    assert answered > n // 50


def _asked(text: str, shape: tuple[int, ...], weights: list[tuple[int, ...]]) -> str:
    """The sentence that a text gets; empty if it is read."""
    try:
        assert read(text, shape, weights).y
    except Impossible as sentence:
        return str(sentence)
    return ""


def test_any_text_is_answered_or_gets_one_sentence() -> None:
    _fuzzed(4000, 1)


@slow
def test_a_hundred_thousand_texts_are_answered_or_get_one_sentence() -> None:
    _fuzzed(100_000, 2)


def test_every_reader_reads_a_declared_function() -> None:
    from backends.signatures import DECLARED

    assert set(readable()) <= set(DECLARED)
    assert all(isinstance(step, Call) for step in parsed("nn.Conv2d(3, 8, 3)"))
