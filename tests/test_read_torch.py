"""PyTorch's calls: what each means, by hand from the documentation, and that the installed PyTorch means the same."""

from __future__ import annotations

import numpy as np
import pytest

from backends.native import Reading, Unreadable
from backends.porting import ported
from backends.reading import read
from spec import Array, Impossible
from tests.tiers import slow
from verify.native.check import case_of, checked

MEANS = {
    ("nn.Conv2d(3, 8, 3)", (1, 3, 9, 9)): "Conv(stride=(1, 1), bias='yes')",
    ("nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)", (1, 3, 22, 23)): "Conv(stride=(2, 2), padding=((3, 3), (3, 3)))",
    ("nn.Conv1d(4, 4, 4, padding='same', groups=2, bias=False)", (2, 4, 9)): "Conv(stride=(1,), padding=((1, 2),), groups=2)",
    ("torch.nn.Conv2d(4, 8, (3, 2), (2, 1), (1, 0), dilation=(1, 2), bias=False)", (1, 4, 9, 8)):
        "Conv(stride=(2, 1), padding=((1, 1), (0, 0)), dilation=(1, 2))",
    ("nn.Conv2d(2, 2, 3, padding=1, padding_mode='reflect', bias=False)", (1, 2, 5, 5)):
        "Pad(padding=((1, 1), (1, 1)), mode='reflect') >> Conv(stride=(1, 1))",
    ("nn.Conv1d(2, 2, 3, padding=2, padding_mode='circular', bias=False)", (1, 2, 5)):
        "Pad(padding=((2, 2),), mode='wrap') >> Conv(stride=(1,))",
    ("nn.ConvTranspose2d(56, 1, 9, stride=4, padding=9//2, output_padding=4-1, bias=False)", (1, 56, 10, 10)):
        "ConvTranspose(stride=(4, 4), crop=((4, 1), (4, 1)))",
    ("nn.ConvTranspose3d(2, 4, 2, 2, groups=2)", (1, 2, 3, 3, 3)): "ConvTranspose(stride=(2, 2, 2), groups=2, bias='yes')",
    ("nn.MaxPool2d(3, stride=2, ceil_mode=True)", (1, 64, 12, 12)): "MaxPool(kernel=(3, 3), stride=(2, 2), padding=((0, 1), (0, 1)))",
    ("F.max_pool1d(x, 2)", (1, 1, 5)): "MaxPool(kernel=(2,))",
    ("nn.AvgPool2d(3, 2, 1)", (1, 2, 15, 15)): "AveragePool(kernel=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1)))",
    ("nn.AvgPool2d(3, 2, 1, count_include_pad=False)", (1, 2, 15, 15)):
        "AveragePool(kernel=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1)), counted='valid')",
    ("F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=True)", (1, 2, 6, 6)):
        "AveragePool(kernel=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1)), overhang=(1, 1), counted='padded')",
    ("F.avg_pool2d(x, 2, divisor_override=3)", (1, 2, 6, 6)): "AveragePool(kernel=(2, 2), divisor=3)",
    ("F.lp_pool1d(x, 2, 3, stride=2)", (1, 1, 9)): "LpPool(kernel=(3,), stride=(2,))",
    ("F.lp_pool1d(x, 1, 3)", (1, 1, 9)): "SumPool(kernel=(3,))",
    ("nn.AdaptiveAvgPool2d(7)", (1, 1, 15, 15)): "AdaptiveAveragePool(size=(7, 7))",
    ("nn.AdaptiveMaxPool2d((None, 3))", (1, 1, 8, 9)): "AdaptiveMaxPool(size=(8, 3))",
    ("F.pad(x, (1, 2, 3, 4))", (1, 1, 5, 6)): "Pad(padding=((3, 4), (1, 2)))",
    ("F.pad(x, (1, 2), mode='replicate')", (1, 1, 5)): "Pad(padding=((1, 2),), mode='edge')",
    ("nn.ReflectionPad2d((1, 0, 0, 2))", (1, 1, 5, 6)): "Pad(padding=((0, 2), (1, 0)), mode='reflect')",
    ("nn.ConstantPad1d((1, -1), 3)", (1, 1, 5)): "Pad(padding=((1, -1),), value=3)",
    ("nn.Upsample(scale_factor=2)", (1, 1, 4, 5)): "Upsample(factor=(2, 2))",
    ("F.interpolate(x, size=(7, 9), mode='bilinear', align_corners=True)", (1, 1, 4, 5)):
        "Resize(size=(7, 9), mode='linear', coordinates='align_corners')",
    ("F.interpolate(x, scale_factor=1.5, mode='bicubic')", (1, 1, 4, 5)): "Resize(size=(6, 7), scale=((3, 2), (3, 2)), mode='cubic')",
    ("F.interpolate(x, scale_factor=1.5, mode='bicubic', recompute_scale_factor=True)", (1, 1, 4, 5)): "Resize(size=(6, 7), mode='cubic')",
    ("F.interpolate(x, 3)", (1, 1, 7)): "Resize(size=(3,), coordinates='asymmetric', rounding='floor')",
    ("F.interpolate(x, 3, mode='nearest-exact')", (1, 1, 7)): "Resize(size=(3,), rounding='round_prefer_ceil')",
    ("F.interpolate(x, 3, mode='area')", (1, 1, 7)): "AdaptiveAveragePool(size=(3,))",
    ("nn.PixelShuffle(2)", (1, 8, 3, 3)): "DepthToSpace(factor=(2, 2), order='CRD')",
    ("F.pixel_unshuffle(x, 2)", (1, 2, 4, 4)): "SpaceToDepth(factor=(2, 2), order='CRD')",
    ("nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(1, 1, 3, bias=False))", (1, 1, 5, 5)):
        "Pad(padding=((1, 1), (1, 1))) >> Conv(stride=(1, 1))",
    ("nn.Conv1d(1, 1, 3, bias=False)(x)[:, :, 1:-1]", (1, 1, 9)): "Conv(stride=(1,)) >> Pad(padding=((-1, -1),))",
    ("F.avg_pool1d(F.pad(x, (1, 1)), 3)", (1, 1, 7)): "Pad(padding=((1, 1),)) >> AveragePool(kernel=(3,))",
}  # fmt: skip


@pytest.mark.parametrize(("text", "x"), MEANS, ids=lambda value: str(value)[:60])
def test_what_a_call_means(text: str, x: tuple[int, ...]) -> None:
    assert repr(read(text, x).op) == MEANS[text, x]


def test_the_shapes_of_a_functions_weights_are_given() -> None:
    found = read("F.conv2d(x, w, b, stride=2)", (1, 4, 9, 9), [(6, 4, 3, 3), (6,)])
    assert repr(found.op) == "Conv(stride=(2, 2), bias='yes')"
    assert found.w == ((6, 4, 3, 3), (1, 6, 1, 1))
    assert repr(read("F.conv_transpose1d(x, w, groups=2)", (1, 4, 9), [(4, 3, 5)]).op) == "ConvTranspose(stride=(1,), groups=2)"


WRONG = {
    ("nn.Conv2d(3, 8, 3, padding='same', stride=2)", (1, 3, 9, 9)): "torch.nn.Conv2d: PyTorch takes padding='same' only with stride 1",
    ("nn.Conv2d(3, 8, 3)", (1, 9, 9, 3)): "in_channels is 3, but the input (1, 9, 9, 3) has 9 channels on axis 1",
    ("nn.Conv2d(3, 8, 3)", (3, 9, 9)): "takes an input with 4 axes, batch and channels included, but --input is (3, 9, 9)",
    ("nn.Conv2d(3, 8, kernel=3)", (1, 3, 9, 9)): "has no argument 'kernel'; did you mean kernel_size?",
    ("nn.Conv2d(3, 8)", (1, 3, 9, 9)): "missing a required argument: 'kernel_size'",
    ("nn.Conv2d(3, 8, (3, 3, 3))", (1, 3, 9, 9)): "kernel_size is (3, 3, 3), but it needs a whole number of at least 1, or 2 of them",
    ("nn.Conv2d(4, 6, 3, groups=4)", (1, 4, 9, 9)): "groups is 4, but it must divide out_channels, which is 6",
    ("F.conv2d(x, w)", (1, 3, 9, 9)): "needs the shape of its weight; give it with --weights",
    ("nn.ConvTranspose2d(1, 1, 3, output_padding=1)", (1, 1, 4, 4)): "must be smaller than stride or dilation",
    ("nn.MaxPool2d(2, padding=2)", (1, 1, 4, 4)): "PyTorch takes at most half of kernel_size",
    ("F.interpolate(x, mode='bilinear')", (1, 1, 4, 4)): "needs size or scale_factor, and not both",
    ("F.interpolate(x, 2, mode='bilinear')", (1, 1, 4)): "mode='bilinear' takes 2 spatial axes, but --input (1, 1, 4) has 1",
    ("F.interpolate(x, 2, mode='linea')", (1, 1, 4)): "mode is 'linea', but it must be one of 'nearest', 'linear'",
    ("F.interpolate(x, 2, mode='nearest', align_corners=True)", (1, 1, 4)): "align_corners is only for linear",
    ("F.lp_pool1d(x, 3, 2)", (1, 1, 4)): "adds powers with their signs, which is no norm",
    ("F.pad(x, (1, 1, 1, 1, 1, 1))", (1, 1, 4, 4)): "changes batch or channels",
    ("F.pad(x, (1, 1, 1))", (1, 1, 4, 4)): "needs two whole numbers for each axis",
    ("nn.Conv2D(3, 8, 3)", (1, 3, 9, 9)): "nn.Conv2D is not read; did you mean",
    ("nn.BatchNorm2d(3)", (1, 3, 9, 9)): "nn.BatchNorm2d is not read",
}  # fmt: skip


@pytest.mark.parametrize(("text", "x"), WRONG, ids=lambda value: str(value)[:60])
def test_a_wrong_call_gets_one_sentence(text: str, x: tuple[int, ...]) -> None:
    with pytest.raises((Unreadable, Impossible)) as raised:
        read(text, x)
    assert WRONG[text, x] in str(raised.value)
    assert "\n" not in str(raised.value)


@slow
def test_the_installed_pytorch_means_the_same() -> None:
    """Forward and gradients, of every call above, in one worker process; and the program that is written for what it means."""
    readings = {text: read(text, x) for text, x in MEANS}
    programs = {text: (found.native, case_of(found.op, found.x, found.w)) for text, found in readings.items()}
    programs |= {f"written: {text}": (ported("torch", f.op, f.x, f.w)[0], case_of(f.op, f.x, f.w)) for text, f in readings.items()}
    wrong = {name: verdict.sentence for name, verdict in checked(programs).items() if verdict.status not in ("verified", "known")}
    assert wrong == {}


def test_a_reading_that_is_wrong_is_seen() -> None:
    """A mutant of the reader: the crop's two ends exchanged."""
    right = read("nn.ConvTranspose1d(2, 3, 5, stride=2, padding=2, output_padding=1, bias=False)", (1, 2, 6))
    wrong = read("nn.ConvTranspose1d(2, 3, 5, stride=2, padding=1, bias=False)", (1, 2, 6))
    verdict = checked({"it": (right.native, case_of(wrong.op, right.x, right.w))})["it"]
    assert verdict.status == "differ"


def test_what_is_written_is_read_back() -> None:
    """Whole: layers first, then what is done with them."""
    for text, x in MEANS:
        found = read(text, x)
        code = ported("torch", found.op, found.x, found.w)[0].shown()
        if "None]" in code:  # a line as an image of one column
            continue
        again = read(code, x)
        assert (again.op(*_arrays(again)) == found.op(*_arrays(found))).all(), text


def _arrays(found: Reading) -> list[Array]:
    rng = np.random.default_rng(0)
    return [rng.integers(1, 9, shape).astype(object) for shape in (found.x, *found.w)]
