"""What the frameworks' words mean, asked of the frameworks: a word's answer is that of spec with the convention's explicit numbers.

Every framework runs in a process of its own and is run in its own language, so that a test shows the call it is about. The data
are whole numbers, so answers are equal or not. One image with 2 channels goes to 3, over axes of one to seven pixels with kernels,
strides and dilations of both parities, where every off-by-one shows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import cycle, product
from typing import Any

import numpy as np
import pytest

from spec import Array, Conv, ConvTranspose, Impossible, Operation
from spec.conventions.padding import (
    keras_same_crop,
    keras_transpose_words,
    keras_valid_crop,
    lax_transpose_crop,
    on_every_axis,
    same_crop,
    same_lower_padding,
    same_padding,
    span,
    tf_same_crop,
    tf_valid_crop,
    torch_same_padding,
    torch_transpose_crop,
    torch_transpose_words,
    valid_padding,
)
from tests.tiers import slow

Pair = tuple[int, int]


# A framework in a process of its own

LOOP = """
import json, sys, warnings
import numpy as np
warnings.simplefilter("ignore")
for line in sys.stdin:
    case = json.loads(line)
    x, w = (array(np.array(case[name], "float32")) for name in "xw")
    try:
        y = numpy(eval(case["call"]))
        answer = {"shape": y.shape, "values": y.ravel().tolist()}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
"""

TORCH = """
import torch
import torch.nn.functional as F
torch.set_num_threads(1)
def array(a): return torch.from_numpy(a)
def numpy(t): return t.numpy()
"""

TENSORFLOW = """
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
def array(a): return tf.constant(a)
def numpy(t): return t.numpy()
"""

JAX = """
import numpy as np
from jax import lax
NUMBERS = ("NCH", "OIH", "NCH")
def array(a): return a
def numpy(t): return np.asarray(t)
"""

KERAS = """
import keras
if keras.config.backend() == "torch":
    import torch
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
def array(a): return a
def numpy(t): return keras.ops.convert_to_numpy(t)
def run(layer, x, w):
    layer.build(x.shape)
    layer.set_weights([w])
    return layer(x)
def conv(x, w, padding, **more):
    return run(keras.layers.Conv1D(w.shape[2], w.shape[0], padding=padding, use_bias=False, **more), x, w)
def transpose(x, w, padding, **more):
    return run(keras.layers.Conv1DTranspose(w.shape[1], w.shape[0], padding=padding, use_bias=False, **more), x, w)
"""

QUIET = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1"}
WITH_ONEDNN = {"TF_ENABLE_ONEDNN_OPTS": "1"}
"""Where TensorFlow switches it off by itself, as on processors without AVX-512, it refuses dilated transposed convolutions. What a padding
word means is the same."""


class Refused(Exception):
    """The framework raised."""


class Framework:
    """Calls written in a framework's own words, on x (N C n) and w (two channel counts, k) in spec's layout or with channels last."""

    def __init__(self, name: str, source: str, environment: dict[str, str], *, channels_last: bool) -> None:
        self.name = name
        self.channels_last = channels_last
        self.process = subprocess.Popen(
            [sys.executable, "-c", source + LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | QUIET | WITH_ONEDNN | environment,
        )

    def __call__(self, call: str, x: Array, w: Array) -> Array:
        if self.channels_last:
            x, w = x.swapaxes(1, 2), w.transpose(2, 1, 0)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"call": call, "x": x.tolist(), "w": w.tolist()}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        assert line, f"{self.name} ended with {self.process.wait()} at {call}"
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])
        y = np.array(answer["values"]).reshape(answer["shape"])
        return y.swapaxes(1, 2) if self.channels_last else y

    def close(self) -> None:
        self.process.communicate()


def started(name: str, source: str, *, channels_last: bool, **environment: str) -> Iterator[Framework]:
    missing = [package for package in name.split("-") if not find_spec(package)]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")
    framework = Framework(name, source, environment, channels_last=channels_last)
    yield framework
    framework.close()


@pytest.fixture(scope="module")
def torch() -> Iterator[Framework]:
    yield from started("torch", TORCH, channels_last=False)


@pytest.fixture(scope="module")
def tensorflow() -> Iterator[Framework]:
    yield from started("tensorflow", TENSORFLOW, channels_last=True)


@pytest.fixture(scope="module")
def jax() -> Iterator[Framework]:
    yield from started("jax", JAX, channels_last=False)


@pytest.fixture(scope="module", params=["torch", "jax", "tensorflow"])
def keras(request: pytest.FixtureRequest) -> Iterator[Framework]:
    yield from started(f"keras-{request.param}", KERAS, channels_last=True, KERAS_BACKEND=request.param)


# What is compared


def data(op: Operation, n: int, k: int) -> tuple[Array, Array]:
    """Whole numbers without symmetry: from 2 channels to 3."""
    rng = np.random.default_rng([n, k])
    return rng.integers(-9, 10, (1, 2, n)), rng.integers(-9, 10, (3, 2, k) if isinstance(op, Conv) else (2, 3, k))


def same(framework: Framework, call: str, op: Operation, n: int, k: int) -> bool:
    """Whether the call gives what the operation gives."""
    x, w = data(op, n, k)
    try:
        return np.array_equal(framework(call, x, w), op(x, w))
    except Refused as error:
        raise AssertionError(f"{call} was refused, n={n} k={k}: {error}") from None


def conv(padding: Pair, s: int, d: int) -> Conv:
    return Conv(stride=(s,), padding=(padding,), dilation=(d,))


def transpose(crop: Pair, s: int, d: int) -> ConvTranspose:
    return ConvTranspose(stride=(s,), crop=(crop,), dilation=(d,))


GRID = list(product(range(1, 8), range(1, 6), range(1, 4), range(1, 4)))
"""n, k, s, d."""
PLAIN = [(n, k, s, d) for n, k, s, d in GRID if s == 1 or d == 1]
"""Those without both stride and dilation, which TensorFlow and Keras refuse together."""
FEW = [q for q in PLAIN if (q[0], q[3]) in ((4, 1), (5, 1), (5, 2))] + [(1, 2, 3, 1), (5, 2, 2, 3), (6, 3, 3, 2)]
"""Where a shape costs a compilation."""


# Convolution

RULES = {"SAME": same_padding, "VALID": valid_padding, "SAME_LOWER": same_lower_padding}


def sayable(word: str, grid: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Without those whose window does not fit: on a 'VALID' that would be empty each framework has its own say."""
    return [(n, k, s, d) for n, k, s, d in grid if word != "VALID" or span(k, d) <= n]


def test_span_is_what_a_window_covers() -> None:
    """From its first to its last pixel."""
    for k, d in product(range(1, 6), range(1, 5)):
        covered = np.flatnonzero(ConvTranspose(dilation=(d,))(np.ones((1, 1, 1)), np.ones((1, 1, k))))
        assert span(k, d) == covered[-1] - covered[0] + 1
    assert span(3) == 3


@pytest.mark.parametrize(("word", "rule"), [("same", torch_same_padding), ("valid", lambda k, d: valid_padding(0, k, 1, d))])
def test_torch_padding(word: str, rule: Any, torch: Framework) -> None:
    call = "F.conv1d(x, w, padding='{}', dilation={})"
    asked = [q for q in sayable(word.upper(), GRID) if q[2] == 1]
    assert [(n, k, d) for n, k, s, d in asked if not same(torch, call.format(word, d), conv(rule(k, d), s, d), n, k)] == []


@slow
@pytest.mark.parametrize("word", ["SAME", "VALID"])
def test_tensorflow_padding(word: str, tensorflow: Framework) -> None:
    call = "tf.nn.conv1d(x, w, {}, '{}', dilations={})"
    asked, rule = sayable(word, PLAIN), RULES[word]
    assert [(n, k, s, d) for n, k, s, d in asked if not same(tensorflow, call.format(s, word, d), conv(rule(n, k, s, d), s, d), n, k)] == []


@slow
@pytest.mark.parametrize("word", RULES)
def test_jax_padding(word: str, jax: Framework) -> None:
    call = "lax.conv_general_dilated(x, w, ({},), '{}', rhs_dilation=({},), dimension_numbers=NUMBERS)"
    asked, rule = sayable(word, FEW), RULES[word]
    assert [(n, k, s, d) for n, k, s, d in asked if not same(jax, call.format(s, word, d), conv(rule(n, k, s, d), s, d), n, k)] == []


@slow
@pytest.mark.parametrize("word", ["SAME", "VALID"])
def test_keras_padding(word: str, keras: Framework) -> None:
    call = "conv(x, w, '{}', strides={}, dilation_rate={})"
    asked, rule = [q for q in sayable(word, FEW) if q in PLAIN], RULES[word]
    assert [(n, k, s, d) for n, k, s, d in asked if not same(keras, call.format(word, s, d), conv(rule(n, k, s, d), s, d), n, k)] == []


def test_padding_words_differ_where_they_should() -> None:
    """An odd pad at the end or at the start; more of it the shorter the last stride reaches."""
    assert same_padding(5, 4) == torch_same_padding(4) == (1, 2)
    assert same_lower_padding(5, 4) == (2, 1)
    assert (same_padding(5, 3, 2), same_padding(6, 3, 2)) == ((1, 1), (0, 1))
    assert same_padding(6, 1, 3) == (0, 0)
    assert valid_padding(5, 4, 3, 2) == (0, 0)


# Transposed convolution


def test_torch_transpose(torch: Framework) -> None:
    """With every padding and output_padding that PyTorch takes."""
    call = "F.conv_transpose1d(x, w, stride={}, padding={}, output_padding={}, dilation={})"
    asked = [
        (n, k, s, d, p, o) for n, k, s, d in GRID for p, o in product(range(4), range(max(s, d))) if (n - 1) * s + span(k, d) + o > 2 * p
    ]
    assert [q for q in asked if not torch_agrees(torch, call, *q)] == []


def torch_agrees(torch: Framework, call: str, n: int, k: int, s: int, d: int, p: int, o: int) -> bool:
    return same(torch, call.format(s, p, o, d), transpose(torch_transpose_crop(p, o), s, d), n, k)


@slow
@pytest.mark.parametrize(("word", "rule"), [("SAME", tf_same_crop), ("VALID", tf_valid_crop)])
def test_tensorflow_transpose(word: str, rule: Any, tensorflow: Framework) -> None:
    """To every output length: spec answers as TensorFlow does, or both refuse.

    But one pixel spread by 'VALID' to less than its window is answered by TensorFlow's oneDNN kernels, cropped at the end, and refused
    by its others: ⌊(length − span)/s⌋ + 1 is 0, or 1 where division rounds towards 0.
    """
    call = "tf.nn.conv1d_transpose(x, w, (1, {}, 3), {}, '{}', dilations={})"
    wrong = []
    for n, k, s, d in PLAIN:
        for length in range(1, n * s + span(k, d) + 2):
            said = call.format(length, s, word, d)
            try:
                op = transpose(rule(n, length, k, s, d), s, d)
            except Impossible:
                disputed = word == "VALID" and n == 1 and 0 < span(k, d) - length < s
                right = refused(tensorflow, said, n, k) or disputed
            else:
                right = same(tensorflow, said, op, n, k)
            wrong += [] if right else [(n, length, k, s, d)]
    assert wrong == []


def refused(framework: Framework, call: str, n: int, k: int) -> bool:
    """Whether a transposed convolution is refused."""
    try:
        framework(call, *data(ConvTranspose(stride=(1,)), n, k))
    except Refused:
        return True
    return False


LAX = "lax.conv_transpose(x, w, ({},), {}, rhs_dilation=({},), dimension_numbers=NUMBERS, transpose_kernel=True{})"


@slow
@pytest.mark.parametrize("word", ["SAME", "VALID"])
@pytest.mark.parametrize("consistent", [False, True], ids=["", "consistent"])
def test_jax_transpose_strings(word: str, consistent: bool, jax: Framework) -> None:
    """A string means the forward convolution's padding, with or without use_consistent_padding."""
    more = ", use_consistent_padding=True" if consistent else ""
    wrong = []
    for n, k, s, d in FEW[consistent::2]:
        op = transpose(lax_transpose_crop(word, k, s, d, use_consistent_padding=consistent), s, d)
        wrong += [] if same(jax, LAX.format(s, repr(word), d, more), op, n, k) else [(n, k, s, d)]
    assert wrong == []


@slow
@pytest.mark.parametrize("consistent", [False, True], ids=["", "consistent"])
def test_jax_transpose_pairs(consistent: bool, jax: Framework) -> None:
    """A pair means the zero-inserted input's padding, or the forward convolution's."""
    more = ", use_consistent_padding=True" if consistent else ""
    wrong = []
    for (n, k, s, d), pair in zip(FEW, cycle([(0, 0), (0, 1), (1, 0), (2, 1), (1, 3)]), strict=False):
        crop = lax_transpose_crop(pair, k, s, d, use_consistent_padding=consistent)
        if sum(crop) < (n - 1) * s + span(k, d):
            wrong += [] if same(jax, LAX.format(s, [pair], d, more), transpose(crop, s, d), n, k) else [(n, k, s, d, pair)]
    assert wrong == []


@slow
@pytest.mark.parametrize("word", ["SAME_LOWER", "same", "FULL"])
def test_jax_transpose_takes_no_other_string(word: str, jax: Framework) -> None:
    with pytest.raises(Impossible, match=rf"padding is '{word}', but"):
        lax_transpose_crop(word, 3)
    assert refused(jax, LAX.format(2, repr(word), 1, ""), 5, 3)


@slow
@pytest.mark.parametrize("k", range(1, 6))
def test_jax_reads_small_letters_as_a_pair_at_stride_one(k: int, jax: Framework) -> None:
    """Why spec does not take 'same' for 'SAME': it is the image's padding then, which for an even kernel is another crop."""
    crop = lax_transpose_crop(same_padding(5, k), k)
    assert same(jax, LAX.format(1, repr("same"), 1, ""), transpose(crop, 1, 1), 5, k)
    assert (crop == lax_transpose_crop("SAME", k)) == (k % 2 == 1)


@slow
@pytest.mark.parametrize(("word", "rule"), [("same", keras_same_crop), ("valid", keras_valid_crop)])
def test_keras_transpose(word: str, rule: Any, keras: Framework) -> None:
    """With output_padding left out and with every one that Keras takes.

    But TensorFlow refuses Keras's own length (n−1)s, which an even span gives at 'same' with output_padding 0, unless that is no length.
    """
    call = "transpose(x, w, '{}', strides={}, dilation_rate={}, output_padding={})"
    wrong = []
    for n, k, s, d in FEW:
        for o in [None, *range(s)] if s == 1 or d == 1 else []:
            said = call.format(word, s, d, o)
            if keras.name == "keras-tensorflow" and word == "same" and o == 0 and span(k, d) % 2 == 0 and n > 1:
                right = refused(keras, said, n, k)
            else:
                right = same(keras, said, transpose(rule(k, s, d, o), s, d), n, k)
            wrong += [] if right else [(n, k, s, d, o)]
    assert wrong == []


@slow
def test_keras_takes_output_padding_below_the_stride(keras: Framework) -> None:
    """Which is what keras_transpose_words counts on."""
    for word, s in product(("same", "valid"), range(1, 4)):
        assert refused(keras, f"transpose(x, w, '{word}', strides={s}, output_padding={s})", 5, 3)


def test_the_lengths_that_the_crops_leave() -> None:
    """As each framework documents them."""
    for n, k, s, d in GRID:
        full = (n - 1) * s + span(k, d)
        assert full - sum(keras_same_crop(k, s, d)) == full - sum(lax_transpose_crop("SAME", k, s, d)) == n * s
        assert full - sum(keras_valid_crop(k, s, d)) == full - sum(lax_transpose_crop("VALID", k, s, d)) == (n - 1) * s + max(span(k, d), s)
        assert full - sum(torch_transpose_crop(2, 1)) == full - 2 * 2 + 1
        for o in range(s):
            assert full - sum(keras_same_crop(k, s, d, o)) == (n - 1) * s + span(k, d) % 2 + o
            assert full - sum(keras_valid_crop(k, s, d, o)) == full + o
        for length in range(n * s - s + 1, n * s + 1):
            assert full - sum(tf_same_crop(n, length, k, s, d)) == length
        for length in range(full, full + s):
            assert full - sum(tf_valid_crop(n, length, k, s, d)) == length


def test_a_transposed_same_is_the_gradient_of_same() -> None:
    """Its crop is the padding of the convolution that would lead back, whatever it takes away."""
    for n, k, s, d in GRID:
        for length in range(n * s - s + 1, n * s + 1):
            lo, hi = same_padding(length, k, s, d)
            crop = tf_same_crop(n, length, k, s, d)
            assert crop[0] == lo
            assert max(crop[1], 0) == hi
    assert [same_crop(total) for total in (-2, -1, 0, 1, 2, 3)] == [(0, -2), (0, -1), (0, 0), (0, 1), (1, 1), (1, 2)]


# From numbers back to words

CROPS = list(product(range(-4, 6), repeat=2))
SIZES = list(product(range(1, 6), range(1, 4), range(1, 4)))
"""k, s, d."""


def test_torch_words_say_every_crop_they_can() -> None:
    """The words found mean that crop; where none are found, none that PyTorch takes would do."""
    for crop, s, d in product(CROPS, range(1, 4), range(1, 4)):
        words = torch_transpose_words(crop, s, d)
        sayable = {torch_transpose_crop(p, o) for p, o in product(range(8), range(max(s, d)))}
        assert (words is not None) == (crop in sayable)
        assert words is None or torch_transpose_crop(*words) == crop
        assert words is None or 0 <= words[1] < max(s, d)


def test_torch_words_come_back() -> None:
    """Different words, different crops."""
    for s, d in product(range(1, 4), range(1, 4)):
        for words in product(range(5), range(max(s, d))):
            assert torch_transpose_words(torch_transpose_crop(*words), s, d) == words


def test_torch_cannot_say_a_kernel_of_three_at_stride_two_same() -> None:
    """Keras, TensorFlow and JAX crop (0, 1) there: PyTorch's padding takes as much from the start, its output_padding adds at the end."""
    crop = keras_same_crop(3, 2)
    assert crop == lax_transpose_crop("SAME", 3, 2) == tf_same_crop(5, 10, 3, 2) == (0, 1)
    assert torch_transpose_words(crop, 2, 1) is None
    assert torch_transpose_words((1, 0), 2, 1) == (1, 1)


def keras_crop(words: tuple[str, tuple[int, ...] | None], k: tuple[int, ...], s: tuple[int, ...], d: tuple[int, ...]) -> tuple[Pair, ...]:
    padding, more = words
    rule = {"same": keras_same_crop, "valid": keras_valid_crop}[padding]
    return tuple(rule(*sizes) for sizes in zip(k, s, d, more or (None,) * len(k), strict=True))


def test_keras_words_say_every_crop_they_can() -> None:
    for crop, (k, s, d) in product(CROPS, SIZES):
        words = keras_transpose_words((crop,), (k,), (s,), (d,))
        sayable = [(word, more) for word in ("same", "valid") for more in (None, *((o,) for o in range(s)))]
        assert (words is not None) == any(keras_crop(w, (k,), (s,), (d,)) == (crop,) for w in sayable)
        assert words is None or (words in sayable and keras_crop(words, (k,), (s,), (d,)) == (crop,))


def test_keras_words_are_one_for_all_axes() -> None:
    """One padding, and output_padding for all axes or for none."""
    for (k, s, d), (m, t, e) in product(SIZES[::4], SIZES[::5]):
        for word, *more in product(("same", "valid"), (None, *range(s)), (None, *range(t))):
            output_padding = None if None in more else tuple(more)
            kernel, stride, dilation = (k, m), (s, t), (d, e)
            crop = keras_crop((word, output_padding), kernel, stride, dilation)
            words = keras_transpose_words(crop, kernel, stride, dilation)
            assert words is not None
            assert keras_crop(words, kernel, stride, dilation) == crop
    mixed = (keras_same_crop(4, 2), keras_valid_crop(4, 2))
    assert mixed == ((1, 1), (0, 0))
    assert keras_transpose_words(mixed, (4, 4), (2, 2), (1, 1)) is None


def test_keras_words_are_the_plainest() -> None:
    """output_padding is left out where that says the same."""
    assert keras_transpose_words(((0, 1),), (3,), (2,), (1,)) == ("same", None)
    assert keras_transpose_words(((0, 0),), (3,), (2,), (1,)) == ("valid", None)
    assert keras_transpose_words(((1, 1),), (3,), (2,), (1,)) == ("same", (0,))
    assert keras_transpose_words(((0, -1),), (3,), (2,), (1,)) == ("valid", (1,))
    assert keras_transpose_words(((1, 0),), (3,), (2,), (1,)) is None


# All axes


def test_on_every_axis() -> None:
    assert on_every_axis(same_padding, (5, 6), (3, 3), (2, 2), (1, 1)) == ((1, 1), (0, 1))
    assert on_every_axis(torch_same_padding, (4,), (1,)) == ((1, 2),)
    with pytest.raises(ValueError, match="zip"):
        on_every_axis(same_padding, (5, 6), (3,))


def test_torch_same_on_two_axes(torch: Framework) -> None:
    x, w = np.arange(2 * 5 * 6).reshape(1, 2, 5, 6), np.arange(3 * 2 * 4 * 3).reshape(3, 2, 4, 3)
    op = Conv(stride=(1, 1), padding=on_every_axis(torch_same_padding, (4, 3), (1, 2)), dilation=(1, 2))
    assert np.array_equal(torch("F.conv2d(x, w, padding='same', dilation=(1, 2))", x, w), op(x, w))
