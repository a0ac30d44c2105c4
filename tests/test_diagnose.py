"""A wrong answer is traced to the mistake that gives it, and to none where no mistake does."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from spec import Array, Case, Operation, operations, parse, parse_case
from tests.mutants import MUTANTS
from tests.tiers import sampled
from verify.execute.result import Answer, Output
from verify.explain.diagnose import diagnose, diagnosed, remedies, resembled
from verify.grouping import sentence
from verify.judge.judge import Judgement
from verify.judge.reference import Reference
from verify.record import Diagnosis

ASKED = [
    "Conv(stride=(2,), padding=((1, 2),)) x=(2, 3, 7) w=(4, 3, 3) float32 seed=1",
    "Conv(stride=(1, 2), padding=((1, 2), (0, 1)), groups=2) x=(3, 4, 5, 7) w=(6, 2, 3, 2) float64 seed=1",
    "Conv(stride=(1,), padding=((3, 3),), dilation=(2,)) x=(2, 3, 7) w=(4, 3, 3) float32 seed=1",
    "ConvTranspose(stride=(2,), crop=((1, -2),)) x=(2, 3, 5) w=(3, 2, 4) float32 seed=7",
    "ConvTranspose(stride=(2, 3), crop=((0, 1), (1, 0)), groups=2) x=(2, 4, 5, 4) w=(4, 3, 3, 2) float32 seed=7",
    "ZeroInsert(factor=(3,)) x=(2, 3, 5) float32 seed=2",
    "Upsample(factor=(2, 3)) x=(2, 3, 4, 5) float32 seed=2",
    "SumPool(kernel=(2, 3), stride=(1, 2)) x=(2, 3, 6, 7) float64 seed=2",
    "Upsample(factor=(2,)) >> Conv(stride=(1,), padding=((0, 1),)) x=(2, 2, 4) w=(3, 2, 3) float32 seed=3",
]


@pytest.fixture(params=ASKED)
def reference(request: pytest.FixtureRequest) -> Reference:
    return Reference(parse_case(request.param))


def test_hypotheses_are_other_operations(reference: Reference) -> None:
    for step in reference.case.op.steps:
        fields = {f.name for f in dataclasses.fields(step)}
        for mistake, other in step.hypotheses():
            assert mistake.words
            assert not mistake.field or mistake.field in fields
            assert not re.search(r"\b(as if|were|was)\b", mistake.words)
            assert all(isinstance(step, tuple(operations().values())) for step in other.steps)


def test_the_right_answer_needs_no_diagnosis(reference: Reference) -> None:
    assert not any(diagnose(reference, i, right) for i, right in enumerate(reference.outputs))


def test_what_nothing_gives_is_not_explained(reference: Reference) -> None:
    rng = np.random.default_rng(0)
    for i, right in enumerate(reference.outputs):
        assert diagnose(reference, i, rng.integers(-99, 99, right.shape).astype(float)) is None
        one_wrong, some_wrong = right.copy(), right + (rng.random(right.shape) < 0.5) * rng.integers(1, 9, right.shape)
        one_wrong.flat[0] += 1
        assert diagnose(reference, i, one_wrong) is None
        assert diagnose(reference, i, some_wrong) is None
        assert diagnose(reference, i, rng.integers(-99, 99, (*right.shape[:-1], right.shape[-1] + 1)).astype(float)) is None


SPOILT: dict[str, Callable[[Array], Array]] = {
    "result multiplied by a constant (2)": lambda y: 2 * y,
    "result divided by a constant (7)": lambda y: y / 7,
    "constant added to the result (3)": lambda y: y + 3,
    "constant added to each channel of the result": lambda y: y + np.arange(1, y.shape[1] + 1).reshape(-1, *(1,) * (y.ndim - 2)),
    "result with its channel axis last": lambda y: np.moveaxis(y, 1, -1),
    "longer or shorter at the end": lambda y: y[..., :-1],
    "longer or shorter at the start": lambda y: y[..., 1:],
    "result overwritten with nan (in 1 place)": lambda y: np.where(np.arange(y.size).reshape(y.shape) == 4, np.nan, y),
    "matches only in the last batch element: result multiplied by a constant (-1)": lambda y: np.concatenate([y[:-1], -y[-1:]]),
    "its numbers in the same order": lambda y: y.reshape(len(y), -1),
}


@pytest.mark.parametrize("words", SPOILT)
@pytest.mark.parametrize("text", [ASKED[0], ASKED[4]])
def test_a_spoilt_answer_is_recognised(words: str, text: str) -> None:
    reference = Reference(parse_case(text))
    y = SPOILT[words](reference.outputs[0]).astype(reference.case.dtype)
    assert words in sentence(diagnose(reference, 0, y))


@pytest.mark.parametrize(
    ("axis", "at", "words"),
    [
        (0, slice(-1, None), "the last batch element"),
        (1, slice(2, 3), "channel 2"),
        (2, slice(0, 1), "the first row"),
        (3, slice(1, None, 2), "columns 1, 3"),
    ],
)
def test_it_is_said_where_all_is_wrong(axis: int, at: slice, words: str) -> None:
    reference = Reference(parse_case(ASKED[1]))
    wrong = reference.outputs[0].copy()
    there = wrong.swapaxes(0, axis)[at]
    there += np.random.default_rng(0).integers(1, 99, there.shape)
    assert diagnose(reference, 0, wrong) == Diagnosis(f"only {words} wrong", located=True)


SIZED = "Conv(stride=(1,), padding=((1, 1),), bias='yes', groups={g}) x=({n}, {c}, {m}) w=({o}, {i}, 3) w=(1, {o}, 1) float64 seed=1"
BLOCKS: dict[str, Callable[[Array, Array, Array], tuple[Array, Array, Array]]] = {
    "x with zeros at the last indices of its channel axis (the last 3 of 11 channels)": lambda x, w, b: (_only(x, 1, slice(8)), w, b),
    "x with zeros at the first indices of its channel axis (the first 8 of 11 channels)": lambda x, w, b: (
        _only(x, 1, slice(8, None)), w, b),
    "x doubled at the last indices of its channel axis (the last 3 of 11 channels)": lambda x, w, b: (
        x + _only(x, 1, slice(8, None)), w, b),
    "x repeated from the start along its batch axis (the first 4 of 6 batch elements)": lambda x, w, b: (x[[0, 1, 2, 3, 0, 1]], w, b),
    "kernel repeated from the start along its second channel axis (the first 8 of 11 second-axis channels)": lambda x, w, b: (
        x, w[:, [*range(8), *range(3)]], b),
    "bias with zeros at the last indices of its channel axis (the last 5 of 9 channels)": lambda x, w, b: (x, w, _only(b, 1, slice(4))),
    "bias flipped along its channel axis": lambda x, w, b: (x, w, b[:, ::-1]),
}  # fmt: skip


def _only(a: Array, axis: int, kept: slice) -> Array:
    """Zeros elsewhere."""
    there = np.zeros(a.shape[axis])
    there[kept] = 1
    return a * there.reshape(-1, *(1,) * (a.ndim - axis - 1))


@pytest.mark.parametrize("words", BLOCKS)
def test_a_block_of_an_argument_is_named(words: str) -> None:
    reference = Reference(parse_case(SIZED.format(n=6, c=11, m=7, o=9, i=11, g=1)))
    x, _, (w, b) = reference.drawn
    assert sentence(diagnose(reference, 0, reference.case.op(*BLOCKS[words](x, w, b)))) == f"matches: {words}"


def test_a_gradient_of_a_block_is_named() -> None:
    """The weights' gradient that counts the last columns twice, and not the right one."""
    reference = Reference(parse_case(SIZED.format(n=2, c=3, m=13, o=4, i=3, g=1)))
    x, g, w = reference.drawn
    twice = reference.case.op.vjp(x, *w, g + _only(g, 2, slice(8, None)))[1]
    found = diagnose(reference, 2, twice)
    assert sentence(found) == "matches: result doubled at the last indices of one spatial axis (the last 5 of 13 positions)"


@pytest.mark.parametrize(("n", "m", "axis", "on"), [(2, 4, 2, "one spatial axis (axis 0)"), (4, 7, 0, "the batch axis")])
def test_a_bias_along_the_wrong_axis_is_named(n: int, m: int, axis: int, on: str) -> None:
    reference = Reference(parse_case(SIZED.format(n=n, c=3, m=m, o=4, i=3, g=1)))
    x, g, (w, b) = reference.drawn
    elsewhere = b.reshape(-1, *(1,) * (2 - axis))
    words = f"matches: bias added along {on}"
    assert sentence(diagnose(reference, 0, reference.case.op(x, w, 0 * b) + elsewhere)) == words
    assert sentence(diagnose(reference, 3, np.moveaxis(g, axis, 1).sum((0, 2)).reshape(b.shape))) == words


def test_an_operation_of_as_many_windows_is_named() -> None:
    """A dilation that is ignored needs no longer result: the index of a window may just leave it out."""
    reference = Reference(parse_case("Conv(stride=(2,), dilation=(3,)) x=(2, 3, 17) w=(4, 3, 3) float32 seed=1"))
    x, g, w = reference.drawn
    near = replace(reference.case.op, dilation=(1,))
    count = g.shape[-1]
    words = "matches: dilation ignored, length kept"
    assert sentence(diagnose(reference, 0, near(x, *w)[..., :count])) == words
    longer = np.pad(g, ((0, 0), (0, 0), (0, near(x, *w).shape[-1] - count)))
    assert sentence(diagnose(reference, 1, near.vjp(x, *w, longer)[0])) == words


def test_an_offset_of_16_bits_is_named_in_large_arrays() -> None:
    reference = Reference(parse_case("Upsample(factor=(2,)) x=(1, 2, 20000) float32 seed=1"))
    right = reference.outputs[0]
    places = np.arange(right.size) % (1 << 16)
    named = sentence(diagnose(reference, 0, right.flatten()[places].reshape(right.shape)))
    assert named == "matches: result with its first 65536 elements repeated behind them"
    tail = _only(right, 2, slice(39000))
    assert sentence(diagnose(reference, 0, tail)) == "matches only in the last 1000 of 40000 positions: result multiplied by a constant (0)"


@pytest.mark.parametrize("n", [40000, 20000], ids=["80,000 elements", "40,000: all families are tried"])
def test_an_offset_of_15_bits_into_an_argument_is_named(n: int) -> None:
    reference = Reference(parse_case(f"Conv(stride=(1,)) x=(1, 2, {n}) w=(1, 2, 3) float32 seed=1"))
    x, _, w = reference.drawn
    cut = (x.flatten() * (np.arange(x.size) < 1 << 15)).reshape(x.shape)
    assert sentence(diagnose(reference, 0, reference.case.op(cut, *w))) == "matches: x with zeros behind its first 32768 elements"


@pytest.mark.parametrize("value", sampled([np.nan, np.inf, -np.inf, 5e-324, 1e308, -1e308], np.inf, 1e308))
def test_no_number_confuses_it(value: float, reference: Reference) -> None:
    for i, right in enumerate(reference.outputs):
        assert diagnose(reference, i, np.full_like(right, value))
        mixed = np.where(np.random.default_rng(0).random(right.shape) < 0.5, value, right + 1)
        mixed.flat[:2] = value, right.flat[1] + 1
        assert diagnose(reference, i, mixed) is None


def test_a_large_answer_is_diagnosed_from_few_families() -> None:
    reference = Reference(parse_case("Conv(stride=(1,), padding=((1, 2),)) x=(4, 3, 9000) w=(4, 3, 3) float32 seed=1"))
    right = reference.outputs[0]
    assert diagnose(reference, 0, 2 * right) == Diagnosis("result multiplied by a constant", value="2")
    assert diagnose(reference, 0, right[..., ::-1]) is None


def test_an_empty_array_is_no_evidence() -> None:
    reference = Reference(parse_case("Conv(stride=(1,)) x=(1, 2, 2) w=(3, 2, 3)"))
    assert diagnose(reference, 0, np.empty((1, 3, 0))) is None
    assert diagnose(reference, 0, reference.drawn[0]) is None


def test_a_step_of_a_composition_is_blamed() -> None:
    reference = Reference(parse_case(ASKED[-1]))
    wrong = parse("Upsample(factor=(2,)) >> Conv(stride=(1,), padding=((1, 0),))")
    x, _, w = reference.drawn
    expected = Diagnosis("lo and hi of padding exchanged", "padding", step=2, where="Conv")
    assert diagnose(reference, 0, wrong(x, *w)) == expected
    flipped = diagnose(reference, 0, reference.case.op(x, w[0][..., ::-1]))
    assert flipped == Diagnosis("kernel flipped along every spatial axis", step=2, where="Conv")


CURED = {
    "crop-shifted": ASKED[3],
    "crop-on-the-other-side": ASKED[4],
    "crop-one-too-many": ASKED[4],
    "padding-on-the-other-side": ASKED[-1],
    "even-kernels-only": "Conv(stride=(1,), padding=((1, 3),)) x=(2, 3, 7) w=(4, 3, 4) float32 seed=1",
    "keras-same-odd-kernel": "ConvTranspose(stride=(2,), crop=((0, 1),)) x=(2, 3, 5) w=(3, 2, 3) float32 seed=7",
    "stride-and-dilation-exchanged": ASKED[2],
    "stride-in-reverse-order": ASKED[4],
    "dilation-counts-the-zeros": ASKED[2],
    "upsampling-factors-in-reverse-order": ASKED[6],
}


@pytest.mark.parametrize("name", CURED)
def test_a_remedy_gives_what_was_asked(name: str) -> None:
    pytest.importorskip("torch")
    case = parse_case(CURED[name])
    reference = Reference(case)
    found = diagnose(reference, 0, _said(name, case.op, case))
    assert found
    assert MUTANTS[name].named_by(sentence(found))
    right = [_said(name, other, case) for other in remedies(case.op, found)]
    assert any(np.array_equal(y, reference.outputs[0]) for y in right)


def test_what_cannot_be_undone_has_no_remedy() -> None:
    op = parse("ConvTranspose(stride=(2,), crop=((1, -2),))")
    assert not list(remedies(op, Diagnosis("negative crop ignored", "crop")))
    assert not list(remedies(op, Diagnosis("result multiplied by a constant", value="2")))


def _said(name: str, op: Operation, case: Case) -> Array:
    """What a mutant answers when asked for this operation on the case's numbers."""
    import torch

    x, _, w = Reference(case).drawn
    scope: dict[str, Callable[..., torch.Tensor]] = {}
    exec(MUTANTS[name].translate(replace(case, op=op)), scope)
    return scope["f"](*(torch.from_numpy(a.astype(case.dtype)) for a in (x, *w))).numpy().astype(float)


def test_a_missing_bias_is_named() -> None:
    reference = Reference(parse_case("Conv(stride=(1,), bias='yes') x=(2, 2, 5) w=(3, 2, 2) w=(1, 3, 1) float64 seed=3"))
    x, _, (w, b) = reference.drawn
    without = diagnose(reference, 0, reference.case.op(x, w, np.zeros(b.shape)))
    assert sentence(without) == "matches: bias ignored"


def test_another_operation_that_rounds_is_recognised_where_the_right_one_is_exact() -> None:
    """Halves of pixels are exact; sevenths, of corners that are aligned, are not."""
    reference = Reference(parse_case("Resize(size=(8,), mode='linear') x=(2, 3, 4) float32 seed=1"))
    assert reference.exact
    x, _, _ = reference.drawn
    aligned = parse_case("Resize(size=(8,), mode='linear', coordinates='align_corners') x=(2, 3, 4) float64 normal").op
    got = np.vectorize(float)(aligned(np.vectorize(Fraction, otypes=[object])(x))).astype(np.float32).astype(float)
    found = resembled(reference, 0, got)
    assert sentence(found) == "matches: coordinates computed by align_corners"
    assert resembled(reference, 0, reference.outputs[0] * (1 + 1e-9)) is None
    got[0, 0, 3] *= 1 + 1e-5
    assert resembled(reference, 0, got) is None


def test_a_rounded_result_of_another_operation_is_diagnosed_so() -> None:
    reference = Reference(parse_case("Resize(size=(8,), mode='linear') x=(2, 3, 4) float32 seed=1"))
    x, g, _ = reference.drawn
    aligned = parse_case("Resize(size=(8,), mode='linear', coordinates='align_corners') x=(2, 3, 4) float32")
    wrong = np.nextafter(Reference(aligned, given=(x, g)).outputs[0].astype(np.float32), np.float32(np.inf))
    found = diagnosed(reference, Judgement(output="y", verdict="differ"), Answer((Output(wrong, "float32"),))).diagnosis
    assert sentence(found) == "matches: coordinates computed by align_corners"


def test_right_values_of_another_dtype_are_no_other_operation() -> None:
    """Without padding, a mean over the window and a mean over the pixels of x are the same."""
    for text in ("AveragePool(kernel=(3,)) x=(2, 3, 7) float32 seed=1", "AveragePool(kernel=(3,)) x=(2, 3, 7) float32 normal seed=1"):
        reference = Reference(parse_case(text))
        values = reference.outputs[0] * (1 + 1e-9)
        judged = Judgement(output="y", verdict="differ", reason="dtype float64 instead of float32")
        assert diagnosed(reference, judged, Answer((Output(values, "float64"),))).diagnosis is None
