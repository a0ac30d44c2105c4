"""flax's calls: what each means, by hand from the documentation, and that the installed flax means the same."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from backends.flax.circular import circular
from backends.native import Unreadable
from backends.parsing import parsed
from backends.porting import ported
from backends.reading import read
from spec import Impossible, Shape
from tests.test_read_jax import WRITTEN, written
from tests.tiers import slow
from verify.native.check import case_of, checked

Asked = tuple[str, Shape]

MEANS: dict[Asked, str] = {
    ("nn.Conv(4, (3, 3))", (2, 5, 6, 3)): "Conv(stride=(1, 1), padding=((1, 1), (1, 1)), bias='yes')",
    ("nn.Conv(features=4, kernel_size=(3, 2), strides=2, padding=((1, 0), (2, 1)), kernel_dilation=(2, 1), use_bias=False)", (1, 7, 6, 3)):
        "Conv(stride=(2, 2), padding=((1, 0), (2, 1)), dilation=(2, 1))",
    ("flax.linen.Conv(4, (4,), strides=(2,), padding='SAME', use_bias=False)", (1, 7, 3)): "Conv(stride=(2,), padding=((1, 2),))",
    ("nn.Conv(4, 3, padding='VALID', strides=None, use_bias=False)", (1, 7, 3)): "Conv(stride=(1,))",
    ("nn.Conv(4, (3, 2), padding=(1, (0, 1)), use_bias=False)", (1, 7, 5, 3)): "Conv(stride=(1, 1), padding=((1, 1), (0, 1)))",
    ("nn.Conv(6, (3,), padding='CIRCULAR', feature_group_count=2)", (1, 7, 4)):
        "Pad(padding=((1, 1),), mode='wrap') >> Conv(stride=(1,), groups=2, bias='yes')",
    ("nn.Conv(6, (4, 3), strides=2, padding='REFLECT', use_bias=False)", (1, 7, 6, 2)):
        "Pad(padding=((1, 2), (1, 1)), mode='reflect') >> Conv(stride=(2, 2))",
    ("nn.Conv(6, 4, padding='CAUSAL', kernel_dilation=2)", (1, 7, 4)): "Conv(stride=(1,), padding=((6, 0),), dilation=(2,), bias='yes')",
    ("nn.Conv(6, (3, 3), padding=1, input_dilation=2, feature_group_count=2)", (1, 4, 5, 4)):
        "ConvTranspose(stride=(2, 2), crop=((1, 1), (1, 1)), groups=2, bias='yes')",
    ("nn.Conv(6, (3,), padding=1, strides=2, input_dilation=3, use_bias=False)", (1, 5, 4)):
        "ZeroInsert(factor=(3,), trailing=(0,)) >> Conv(stride=(2,), padding=((1, 1),))",
    ("nn.Conv(2, (2, 3, 1), padding='SAME', name='stem', kernel_init=init, precision=jax.lax.Precision.HIGH)", (1, 3, 4, 3, 2)):
        "Conv(stride=(1, 1, 1), padding=((0, 1), (1, 1), (0, 0)), bias='yes')",
    ("nnx.Conv(3, 4, (3, 3), strides=2, rngs=nnx.Rngs(0))", (1, 6, 5, 3)): "Conv(stride=(2, 2), padding=((0, 1), (1, 1)), bias='yes')",
    ("nnx.Conv(in_features=4, out_features=6, kernel_size=(2,), feature_group_count=2, use_bias=False, rngs=rngs)(x)", (1, 6, 4)):
        "Conv(stride=(1,), padding=((0, 1),), groups=2)",
    ("nn.ConvTranspose(4, (3, 3), strides=(2, 2))", (1, 4, 5, 3)): "ConvTranspose(stride=(2, 2), crop=((0, 1), (0, 1)), bias='yes')",
    ("nn.ConvTranspose(4, (3, 2), strides=(2, 3), padding='VALID', transpose_kernel=True)", (1, 4, 5, 3)):
        "ConvTranspose(stride=(2, 3), crop=((0, 0), (0, -1)), bias='yes')",
    ("nn.ConvTranspose(4, (3, 2), strides=2, padding=1, kernel_dilation=(2, 1), use_bias=False)", (1, 4, 5, 3)):
        "ConvTranspose(stride=(2, 2), crop=((3, 3), (0, 0)), dilation=(2, 1))",
    ("nn.ConvTranspose(4, (3, 3), use_bias=False)", (1, 4, 5, 3)): "ConvTranspose(stride=(1, 1), crop=((1, 1), (1, 1)))",
    ("nn.ConvTranspose(4, (4, 3), strides=(2, 2), padding='CIRCULAR')", (1, 4, 5, 3)):
        "Pad(padding=((1, 1), (1, 0)), mode='wrap') >> ConvTranspose(stride=(2, 2), crop=((3, 3), (2, 1)), bias='yes')",
    ("nn.ConvTranspose(4, (4,), strides=(1,), padding='CIRCULAR', transpose_kernel=True, use_bias=False)", (1, 2, 3)):
        "Pad(padding=((3, 0),), mode='wrap') >> ConvTranspose(stride=(1,), crop=((3, 3),))",
    ("nn.ConvTranspose(4, (2, 1), strides=(3, 2), padding='CIRCULAR', use_bias=False)", (1, 2, 2, 3)):
        "Pad(padding=((0, 0), (0, 0)), mode='wrap') >> ConvTranspose(stride=(3, 2), crop=((0, -1), (0, -1)))",
    ("nnx.ConvTranspose(3, 4, kernel_size=(3,), strides=2, padding=((2, 1),), use_bias=False, rngs=rngs)(x)", (1, 4, 3)):
        "ConvTranspose(stride=(2,), crop=((0, 1),))",
    ("nnx.ConvTranspose(3, 4, (2, 2), strides=(2, 2), transpose_kernel=True, rngs=nnx.Rngs(0))", (1, 4, 3, 3)):
        "ConvTranspose(stride=(2, 2), bias='yes')",
    ("nn.avg_pool(x, (3, 3), strides=(2, 2), padding='SAME')", (1, 5, 6, 3)):
        "AveragePool(kernel=(3, 3), stride=(2, 2), padding=((1, 1), (0, 1)))",
    ("nnx.avg_pool(x, (3,))", (1, 6, 3)): "AveragePool(kernel=(3,), stride=(1,))",
    ("nn.max_pool(x, (3,), strides=(2,))", (1, 6, 3)): "MaxPool(kernel=(3,), stride=(2,))",
    ("nnx.max_pool(nn.max_pool(x, (2, 2)), window_shape=(3, 2), strides=(3, 2), padding=((1, 1), (0, 1)))", (1, 6, 7, 2)):
        "MaxPool(kernel=(2, 2), stride=(1, 1)) >> MaxPool(kernel=(3, 2), padding=((1, 1), (0, 1)))",
    ("nn.pool(x, -jnp.inf, lax.max, (2, 2, 2), None, 'VALID')", (1, 4, 4, 4, 2)): "MaxPool(kernel=(2, 2, 2), stride=(1, 1, 1))",
    ("nn.pool(x, 0., jax.lax.add, (2,), (2,), 'SAME') / 2", (1, 5, 2)): "AveragePool(kernel=(2,), padding=((0, 1),))",
    ("nn.Sequential([nn.Conv(4, (3, 3), padding=1), nn.ConvTranspose(2, (2, 2), strides=(2, 2), use_bias=False)])", (1, 3, 4, 2)):
        "Conv(stride=(1, 1), padding=((1, 1), (1, 1)), bias='yes') >> ConvTranspose(stride=(2, 2))",
    ("jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode='edge') >> nn.Conv(4, (3, 3), padding=0)", (1, 4, 5, 2)):
        "Pad(padding=((1, 1), (1, 1)), mode='edge') >> Conv(stride=(1, 1), bias='yes')",
    ("nn.Conv(4, (3, 3))(x) >> jax.image.resize(x, (1, 8, 10, 4), 'nearest') >> nn.max_pool(x, (2, 2))", (1, 4, 5, 2)):
        "Conv(stride=(1, 1), padding=((1, 1), (1, 1)), bias='yes') >> Upsample(factor=(2, 2)) >> MaxPool(kernel=(2, 2), stride=(1, 1))",
    ("conv = nn.Conv(4, (3, 3))\nx = conv(x)\nx = nn.max_pool(x, (2, 2), (2, 2))", (1, 4, 4, 2)):
        "Conv(stride=(1, 1), padding=((1, 1), (1, 1)), bias='yes') >> MaxPool(kernel=(2, 2))",
}  # fmt: skip


@pytest.mark.parametrize("asked", MEANS, ids=lambda asked: asked[0][:60])
def test_what_a_call_means(asked: Asked) -> None:
    assert repr(read(*asked).op) == MEANS[asked]


def test_a_name_is_that_of_the_framework_that_has_it() -> None:
    texts = {
        "nn.Conv(4, (3,))": "flax.linen.Conv", "nn.Conv2d(3, 4, 3)": "torch.nn.Conv2d", "nn.max_pool(x, (2,))": "flax.linen.max_pool",
        "nn.MaxPool2d(2)": "torch.nn.MaxPool2d", "nnx.Conv(1, 1, 3, rngs=nnx.Rngs(0))": "flax.nnx.Conv",
        "linen.ConvTranspose(1, (1,))": "flax.linen.ConvTranspose",
    }  # fmt: skip
    assert {text: step.function for text in texts for step in parsed(text)} == texts  # type: ignore[union-attr]


def test_a_kernel_has_the_shape_that_flax_gives_it() -> None:
    def shapes(text: str, x: Shape) -> list[Shape]:
        return [weight.shape for weight in read(text, x).native.weights]

    assert shapes("nn.Conv(6, (3, 2), feature_group_count=2)", (1, 5, 6, 4)) == [(3, 2, 2, 6), (6,)]
    assert shapes("nn.ConvTranspose(6, (3, 2))", (1, 5, 6, 4)) == [(3, 2, 4, 6), (6,)]
    assert shapes("nn.ConvTranspose(6, (3, 2), transpose_kernel=True, use_bias=False)", (1, 5, 6, 4)) == [(3, 2, 6, 4)]


def test_what_is_a_trap_is_noted() -> None:
    def traps(text: str, x: Shape) -> set[str]:
        return {note.argument for note in read(text, x).notes if note.trap}

    assert traps("nn.ConvTranspose(6, (3,), strides=(2,), padding=1)", (1, 5, 4)) == {"transpose_kernel", "padding"}
    assert traps("nn.ConvTranspose(6, (2,), strides=(2,), transpose_kernel=True)", (1, 5, 4)) == set()
    assert traps("nn.avg_pool(x, (3,), padding='SAME')", (1, 5, 4)) == {"strides", "count_include_pad"}
    assert traps("nn.Conv(6, (2,))", (1, 5, 4)) == {"padding"}
    assert traps("nn.ConvTranspose(6, (3,), padding='CIRCULAR', transpose_kernel=True)", (1, 5, 4)) == set()
    assert traps("nn.ConvTranspose(6, (2,), padding='CIRCULAR', transpose_kernel=True)", (1, 5, 4)) == {"padding"}


@pytest.mark.parametrize("flips", [False, True])
def test_a_circular_result_is_one_period_of_what_goes_on_forever(flips: bool) -> None:
    """In one dimension, every length up to 4 and every kernel up to 9: flax's own steps, in NumPy, against the padding and the crop."""
    for n in (1, 2, 3, 4):
        for k in range(1, 10):
            for s in (1, 2, 3):
                x, w = np.arange(1, n + 1), 10 ** np.arange(k)
                ((ends,), (crop,)) = circular((n,), (k,), (s,), (1,), flips=flips)
                wrapped = _spread(np.pad(x, ends, "wrap"), w, s)
                ours = wrapped[crop[0] : len(wrapped) - max(crop[1], 0)]
                ours = np.pad(ours, (0, max(-crop[1], 0)))
                assert (ours == _folded(_spread(x, w, s), n * s, max(k, s) - k, flips)).all(), (n, k, s)


def _spread(x: np.ndarray, w: np.ndarray, s: int) -> np.ndarray:
    """A transposed convolution, uncropped."""
    y = np.zeros((len(x) - 1) * s + len(w), x.dtype)
    for i, value in enumerate(x):
        y[i * s : i * s + len(w)] += value * w
    return y


def _folded(y: np.ndarray, period: int, more: int, flips: bool) -> np.ndarray:
    """As flax does it: padded to an odd multiple of the period, and added up."""
    y = np.pad(y, (0, more))
    missing = -(len(y) - period) % (2 * period)
    half = (missing // 2, (missing + 1) // 2)
    return np.pad(y, half if flips else half[::-1]).reshape(-1, period).sum(0)


WRONG: dict[Asked, str] = {
    ("nn.Conv(4, 3)", (1, 4, 4, 2)): "kernel_size=3 is a 1-D convolution in flax; for the input (1, 4, 4, 2) write kernel_size=(3, 3)",
    ("nn.Conv(4, (3, 3))", (4, 4, 2)): "takes an input with 4 axes, batch and channels included, but --input is (4, 4, 2)",
    ("nn.Conv(4, (3, 0))", (1, 4, 4, 2)): "kernel_size is (3, 0), but it needs a whole number of at least 1 for each spatial axis",
    ("nn.Conv(0, (3, 3))", (1, 4, 4, 2)): "features is 0, but it needs a whole number of at least 1",
    ("nn.Conv(4, (3, 3), dtype=jnp.float16)", (1, 4, 4, 2)): "dtype=jnp.float16 is not read, since it is no part of what is compared",
    ("nn.Conv(4, (3, 3), mask=m)", (1, 4, 4, 2)): "mask=m is not read",
    ("nn.Conv(4, (3, 3), input_dilation=2)", (1, 4, 4, 2)): "padding is 'SAME', but flax takes only pairs (low, high) where input_dilation",
    ("nn.Conv(4, (3, 3), padding='CAUSAL')", (1, 4, 4, 2)): "padding is 'CAUSAL', which flax has for 1-D alone",
    ("nn.Conv(4, (3, 3), padding='circular')", (1, 4, 4, 2)): "padding is 'circular', but it must be one of 'SAME', 'VALID', 'CIRCULAR'",
    ("nn.Conv(4, (3, 3), padding=((1, 1),))", (1, 4, 4, 2)):
        "padding is ((1, 1),), but it needs a word such as 'SAME', a whole number, or 2",
    ("nn.Conv(4, (3, 3), feature_group_count=3)", (1, 4, 4, 2)): "feature_group_count is 3, but it must divide 2 and 4",
    ("nn.Conv(4, (3, 3), strides=(2,))", (1, 4, 4, 2)): "strides is (2,), but it needs a whole number of at least 1, or 2 of them",
    ("nn.Conv(4, (3, 3), stride=2)", (1, 4, 4, 2)): "it has no argument 'stride'; did you mean strides?",
    ("nn.ConvTranspose(4, (3, 3), padding='same')", (1, 4, 4, 2)): "padding is 'same', but it must be 'SAME' or 'VALID', in capitals",
    ("nn.ConvTranspose(4, (3, 3), padding='CAUSAL')", (1, 4, 4, 2)): "padding is 'CAUSAL', which flax takes for Conv alone",
    ("nnx.Conv(3, 4, (3, 3), rngs=nnx.Rngs(0))", (1, 4, 4, 2)): "in_features is 3, but the input (1, 4, 4, 2) has 2 channels on axis 3",
    ("nnx.Conv(3, 4, (3, 3))", (1, 4, 4, 3)): "missing a required argument: 'rngs'",
    ("nnx.Conv(3, 4, (3, 3), rngs=make(0))", (1, 4, 4, 3)): "make(0) is not read",
    ("nn.max_pool(x, 2)", (1, 4, 4, 2)): "window_shape is 2, but it needs a tuple of whole numbers, such as (2, 2)",
    ("nn.max_pool(x, (2, 2), strides=2)", (1, 4, 4, 2)): "strides is 2, but it needs a tuple of 2 whole numbers",
    ("nn.max_pool(x, (2, 2), padding=1)", (1, 4, 4, 2)): "padding is 1, but it needs 2 pairs (low, high)",
    ("nn.max_pool(x, (1, 1), padding=((1, 0), (0, 0)))", (1, 4, 4, 2)): "a window lies wholly in the padding",
    ("nn.avg_pool(x, (2, 2), padding='FULL')", (1, 4, 4, 2)): "padding is 'FULL', but it must be 'VALID', 'SAME', 'SAME_LOWER', or pairs",
    ("nn.pool(x, 0.0, lax.max, (2, 2), None, 'VALID')", (1, 4, 4, 2)): "init is 0.0, but it must be -jnp.inf for lax.max",
    ("nn.pool(x, jnp.inf, lax.min, (2, 2), None, 'VALID')", (1, 4, 4, 2)): "reduce_fn is lax.min, but only lax.max and lax.add are read",
    ("nn.Conv(4, (3, 3)) >> nn.Conv2d(4, 4, 3)", (1, 4, 4, 2)): "flax is followed by torch",
}  # fmt: skip


@pytest.mark.parametrize("asked", WRONG, ids=lambda asked: asked[0][:60])
def test_a_wrong_call_gets_one_sentence(asked: Asked) -> None:
    with pytest.raises((Unreadable, Impossible)) as raised:
        read(*asked).y  # noqa: B018
    assert WRONG[asked] in str(raised.value)
    assert "\n" not in str(raised.value)


AS_FLAX_HAS_IT = {
    "Resize(size=(9, 5), mode='linear', coordinates='align_corners')", "ZeroInsert(factor=(2, 3), trailing=(1, 2))",
    "SumPool(kernel=(3,), stride=(2,), dilation=(2,))",
}  # fmt: skip
"""Written with transpositions around calls that are channels first: not read back."""


@pytest.mark.parametrize("text", sorted(set(WRITTEN) - AS_FLAX_HAS_IT))
def test_what_is_written_is_read_back(text: str) -> None:
    op, again = written("flax", text)
    assert repr(again.op) == repr(op)
    assert (again.x, *again.w) == WRITTEN[text]


def _otherwise(texts: list[Asked]) -> dict[str, str]:
    """What the installed flax says otherwise."""
    if find_spec("flax") is None:
        pytest.skip("flax is not installed")
    readings = {asked[0]: read(*asked) for asked in texts}
    programs = {text: (found.native, case_of(found.op, found.x, found.w)) for text, found in readings.items()}
    return {name: f"{one.status}: {one.sentence}" for name, one in checked(programs).items() if one.status not in ("verified", "known")}


def test_the_installed_flax_means_the_same_by_a_few_calls() -> None:
    words = ("strides=(3, 2), padding='CIRCULAR'", "nnx.ConvTranspose")
    assert _otherwise([next(asked for asked in MEANS if word in asked[0]) for word in words]) == {}


@slow
def test_the_installed_flax_means_the_same() -> None:
    """Forward and gradients of every call above, in one worker process."""
    assert _otherwise(list(MEANS)) == {}


@slow
def test_a_mean_over_pixels_of_the_input_has_the_dtype_of_ones() -> None:
    """flax counts by jnp.ones without a dtype, which is float64 where 64-bit numbers are enabled, as they are here.

    The code that is written for the meaning has the input's dtype.
    """
    if find_spec("flax") is None:
        pytest.skip("flax is not installed")
    found = read("nn.avg_pool(x, (3, 2), padding=((1, 1), (0, 1)), count_include_pad=False)", (1, 5, 6, 3))
    assert repr(found.op) == "AveragePool(kernel=(3, 2), stride=(1, 1), padding=((1, 1), (0, 1)), counted='valid')"
    assert {note.argument for note in found.notes if note.trap} == {"strides", "count_include_pad"}
    case = case_of(found.op, found.x, ())
    verdicts = checked({"read": (found.native, case), "written": (ported("flax", found.op, found.x, ())[0], case)})
    assert (verdicts["read"].status, verdicts["read"].records[0].reason) == ("known", "dtype float64 instead of float32")
    assert "(flax-average-without-padding-dtype)" in verdicts["read"].sentence
    assert verdicts["written"].status == "verified"
