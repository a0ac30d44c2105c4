"""Rewrite rules give equal programs, with source for their weights; what is not equal is never printed as equal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from backends import named
from spec import Impossible, parse_case
from spec.rewriting import search as searching
from spec.rewriting.rule import RULES, Rule, Step
from spec.rewriting.search import Form, equal, neighbours, search
from spec.rewriting.sourced import Sourced, numpy_source
from spec.theorems.theorem import THEOREMS, Side
from tests.command import concordant, in_process, needs
from tests.tiers import slow
from verify.native.clock import NotTimed, Ratio, ratios
from verify.native.rewrite import rewrite
from verify.native.rewritten import told
from verify.native.shown import speed
from verify.native.weights import sources
from verify.plan.prove import Drawn

pytestmark = needs("torch")

EXAMPLES = [
    "ConvTranspose(stride=(2, 3), crop=((1, 0), (2, 1)), dilation=(2, 1)) x=(1, 2, 4, 3) w=(2, 3, 3, 4)",
    "ConvTranspose(stride=(2,), crop=((-1, 3),), groups=2, bias='yes') x=(2, 4, 5) w=(4, 3, 4) w=(1, 6, 1)",
    "ConvTranspose(stride=(3,), crop=((4, 0),), bias='yes') x=(1, 2, 5) w=(2, 3, 2) w=(1, 3, 1)",
    "ConvTranspose(stride=(1, 1), crop=((0, 1), (1, 1))) x=(1, 2, 4, 3) w=(2, 3, 2, 3)",
    "Conv(stride=(2, 3), padding=((1, 0), (0, 2)), dilation=(1, 2), bias='yes') x=(1, 2, 9, 8) w=(3, 2, 3, 2) w=(1, 3, 1, 1)",
    "Conv(stride=(2,), padding=((1, 1),), dilation=(3,), groups=2) x=(1, 4, 12) w=(6, 2, 3)",
    "Conv(stride=(2, 1)) x=(1, 3, 5, 4) w=(2, 3, 1, 1)",
    "Conv(stride=(2, 1), padding=((1, 2), (0, 1)), dilation=(1, 2)) >> Conv(stride=(1, 2), dilation=(2, 1)) "
    "x=(1, 2, 9, 9) w=(3, 2, 2, 3) w=(2, 3, 3, 2)",
    "Conv(stride=(1, 2), padding=((1, 1), (0, 1)), groups=3) >> Conv(stride=(1, 1), bias='yes') "
    "x=(1, 3, 5, 6) w=(3, 1, 3, 2) w=(2, 3, 1, 1) w=(1, 2, 1, 1)",
    "Upsample(factor=(2, 3)) >> Conv(stride=(1, 1), padding=((1, 1), (0, 1)), dilation=(1, 2), bias='yes') "
    "x=(1, 2, 3, 4) w=(3, 2, 3, 2) w=(1, 3, 1, 1)",
    "Conv(stride=(1,), bias='yes') >> Upsample(factor=(3,)) x=(1, 2, 5) w=(3, 2, 1) w=(1, 3, 1)",
    "Upsample(factor=(2,)) >> Upsample(factor=(3,)) x=(1, 2, 4)",
    "Resize(size=(8, 9), mode='linear') x=(1, 2, 4, 3)",
    "Resize(size=(7, 7), mode='linear', coordinates='align_corners') x=(1, 2, 4, 3)",
    "Resize(size=(4,), mode='linear') x=(1, 2, 8)",
    "Pad(padding=((1, 0),)) >> Pad(padding=((2, 1),)) >> Conv(stride=(1,), padding=((0, 1),)) x=(1, 2, 5) w=(3, 2, 2)",
    "AveragePool(kernel=(3, 2), stride=(2, 1), padding=((1, 1), (0, 1))) x=(1, 2, 7, 6)",
    "AveragePool(kernel=(3,)) >> Conv(stride=(1,), bias='yes') x=(1, 2, 9) w=(3, 2, 1) w=(1, 3, 1)",
    "SumPool(kernel=(2,)) >> SumPool(kernel=(3,)) >> Conv(stride=(1,)) x=(1, 2, 13) w=(3, 2, 1)",
    "MaxPool(kernel=(5, 4), stride=(1, 2)) x=(1, 2, 8, 9)",
    "MaxPool(kernel=(3,), stride=(2,)) >> MaxPool(kernel=(2,), stride=(1,)) x=(1, 2, 9)",
    "Upsample(factor=(2,)) >> Conv(stride=(1,)) >> Upsample(factor=(2,)) >> Conv(stride=(1,)) x=(1, 2, 3) w=(3, 2, 2) w=(2, 3, 3)",
    "AdaptiveAveragePool(size=(2, 3)) x=(1, 2, 6, 6)",
    "AdaptiveMaxPool(size=(2,)) x=(1, 2, 8)",
]


def form(text: str, seed: int = 0) -> Form:
    """A case with drawn weights, called a, b, …"""
    case, rng, names = parse_case(text), np.random.default_rng(seed), iter("abcdef")
    steps = []
    for op, _, w, _ in case.op.walk(case.x, case.w):
        steps.append(Step(op, tuple(Sourced(rng.integers(-4, 5, shape).astype(float), next(names)) for shape in w)))
    return Form(case.x, tuple(steps))


@pytest.mark.parametrize("text", EXAMPLES)
def test_what_a_search_finds_is_equal_and_its_weights_have_source(text: str) -> None:
    start = form(text)
    found = search(start)
    assert found
    for one in found:
        assert equal(start, one), one.op
        names = [f"new{i}" for i in range(len(one.arrays))]
        space: dict[str, Any] = {"np": np, **{array.text: array.array for array in start.arrays}}
        exec("\n".join(numpy_source(one.arrays, names)), space)
        for name, array in zip(names, one.arrays, strict=True):
            np.testing.assert_allclose(space.get(name, space.get(array.text)), array.array / array.parts, err_msg=repr(one.op))


def test_every_rule_is_used_by_an_example() -> None:
    used = {rule.name for text in EXAMPLES for one in search(form(text)) for rule in one.rules}
    assert used == {rule.name for rule in RULES}


def test_every_rule_follows_from_a_theorem_that_is_true() -> None:
    assert {rule.theorem for rule in RULES if rule.theorem not in THEOREMS or THEOREMS[rule.theorem].refuted} == set()


OTHERWISE = {
    "other-order": "the theorem permutes channels of x, which are a convolution's here",
    "mixing-first": "which side of the theorem is first makes no difference",
    "sum-as-convolution": "the theorem speaks of the average",
    "two-maxima": "the theorem from right to left",
    "padding-first": "the theorem pads before the program",
    "padding-inside": "the theorem pads before the program",
    "subsampled-first": "the theorem subsamples last",
    "sub-pixel": "the theorem interleaves by hand",
    "space-to-depth-first": "the theorem pads before the program",
    "triangle": "the theorem pads before the program",
    "averages-by-axes": "the theorem speaks of one pool in each case",
}
"""Rules whose program is not literally a side of their theorem."""


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.name not in OTHERWISE], ids=lambda rule: rule.name)
def test_a_rule_gives_the_other_side_of_its_theorem(rule: Rule) -> None:
    """On one of the theorem's own instances, with the theorem's own kernel."""
    theorem = THEOREMS[rule.theorem]
    names = list(theorem.sizes)
    for i, values in enumerate(product(*theorem.sizes.values())):
        sizes = {name: value if isinstance(value, str) else (value,) * theorem.ranks[-1] for name, value in zip(names, values, strict=True)}
        with suppress(Impossible):
            sides = theorem.sides(Drawn(i, 4), **sizes)
            for one, other in (sides, sides[::-1]):
                if isinstance(one, Side) and isinstance(other, Side) and any(same(found, other) for found in made(rule, one)):
                    return
    pytest.fail(f"{rule.name} never gives a side of {theorem.name}")


def made(rule: Rule, one: Side) -> Iterator[Form]:
    """What the rule alone makes of a side."""
    w = iter(one.w)
    walk = one.op.walk(one.x.shape, [array.shape for array in one.w])
    steps = tuple(Step(op, tuple(Sourced(next(w), "w") for _ in own)) for op, _, own, _ in walk)
    return (found for found in neighbours(Form(one.x.shape, steps)) if found.rules[-1].name == rule.name)


def same(found: Form, side: Side) -> bool:
    arrays = zip(found.arrays, side.w, strict=True)
    return repr(found.op) == repr(side.op) and all(np.array_equal(mine.array, theirs) for mine, theirs in arrays)


def mistaken(one: Form) -> Iterator[Form]:
    """Plausible mistakes of a rule: a field that is off by one, a kernel that is shifted, flipped or with channels exchanged."""
    for i, step in enumerate(one.steps):
        for _, op in step.op.hypotheses():
            yield Form(one.x, (*one.steps[:i], Step(op, step.arrays), *one.steps[i + 1 :]), one.rules)
        if step.arrays:
            for array in (np.roll(step.w.array, 1, -1), np.flip(step.w.array, -1), np.flip(step.w.array, 0)):
                shifted = Step(step.op, (replace(step.w, array=array), *step.bias))
                yield Form(one.x, (*one.steps[:i], shifted, *one.steps[i + 1 :]), one.rules)


def gives(one: Form, x: np.ndarray) -> np.ndarray | None:
    """What a program gives on real numbers, evaluated by itself."""
    try:
        return np.asarray(one.op(x, *(array.array / array.parts for array in one.arrays)))
    except Impossible:
        return None


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_mistake_in_a_rule_is_not_called_equal(text: str) -> None:
    start = form(text)
    x = np.random.default_rng(5).standard_normal(start.x)
    right = gives(start, x)
    caught = 0
    for one in neighbours(start):
        for wrong in mistaken(one):
            y = gives(wrong, x)
            if y is None or (y.shape == right.shape and np.allclose(y, right)):
                continue
            caught += 1
            assert not equal(start, wrong), wrong.op
    assert caught > 2


def test_a_wrong_rule_is_said_and_its_program_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [replace(rule, propose=_shifted(rule.propose)) if rule.name == "zeros-first" else rule for rule in RULES]
    monkeypatch.setattr(searching, "RULES", wrong)
    found = rewrite("nn.ConvTranspose2d(2, 3, 3, stride=2)", (1, 2, 4, 4), run=False)
    assert not found.fine
    assert "which is not equal; it is a fault of Concordant's" in told(found)
    assert all("ZeroInsert" not in repr(one.form.op) for one in found.found)


def _shifted(propose: Any) -> Any:
    def proposed(x: Any, one: Step) -> Iterator[Any]:
        for *before, conv in propose(x, one):
            padding = tuple((lo + 1, hi - 1) for lo, hi in conv.op.padding)
            yield (*before, Step(replace(conv.op, padding=padding), conv.arrays))

    return proposed


CALLS = {
    "nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1, output_padding=1)": (1, 2, 4, 4),
    "keras.layers.UpSampling2D(2) >> keras.layers.Conv2DTranspose(3, 3, padding='same')": (1, 4, 4, 2),
    "tf.nn.conv2d(x, w, 2, 'SAME')": (1, 6, 6, 2),
    "lax.conv_transpose(x, w, (2,), 'SAME', dimension_numbers=('NWC', 'WIO', 'NWC'))": (1, 5, 2),
}
WEIGHTS = {"tf.nn.conv2d(x, w, 2, 'SAME')": [(3, 3, 2, 4)], next(reversed(CALLS)): [(3, 2, 4)]}


@pytest.mark.parametrize("text", CALLS)
def test_weights_go_from_the_calls_own_layout_to_each_frameworks(text: str) -> None:
    """The printed lines, run on the call's arrays, give what each framework's program takes."""
    found = rewrite(text, CALLS[text], WEIGHTS.get(text, ()), ["torch", "keras", "tensorflow", "jax"], run=False)
    assert found.found
    own, rng = found.reading.native, np.random.default_rng(2)
    given = {name: rng.integers(-4, 5, w.shape).astype(float) for w, name in zip(own.weights, sources(own), strict=True)}
    x = rng.integers(-4, 5, found.reading.x).astype(float)

    def at_home(weights: Any, arrays: dict[str, Any], names: list[str]) -> list[Any]:
        return [eval(w.to_spec.written("v"), {"np": np, "v": np.asarray(arrays[name])}) for w, name in zip(weights, names, strict=True)]

    y = found.reading.op(x, *at_home(own.weights, given, list(given)))
    for one in found.found:
        for written in one.written:
            if written.native:
                space: dict[str, Any] = {"np": np, **given}
                exec("\n".join(written.weights), space)
                names = [line.partition(" = ")[0] for line in written.weights if line.startswith("new_")]
                np.testing.assert_allclose(written.form.op(x, *at_home(written.native.weights, space, names)), y)


def test_the_founding_program_is_one_layer_with_a_wider_kernel() -> None:
    call = "keras.layers.UpSampling2D(2) >> keras.layers.Conv2DTranspose(8, 3, padding='same')"
    found = rewrite(call, (1, 16, 16, 8), run=False)
    first = found.found[0].written[0]
    assert first.native
    assert first.native.shown().splitlines()[0] == 'layer = keras.layers.Conv2DTranspose(8, 4, strides=2, padding="same")'
    assert found.call.form.multiply_adds / found.found[0].form.multiply_adds == (2 * 3) ** 2 / 4**2


def test_json(tmp_path: Any) -> None:
    ended = in_process("rewrite", "nn.ConvTranspose2d(2, 3, 3, stride=2)", "--input", "1,2,4,4", "--to", "torch,jax", "--no-run", "--json")
    found = json.loads(ended.stdout)
    assert list(found) == ["program", "operation", "input", "multiply_adds", "elements", "more", "programs"]
    assert list(found["programs"][0]) == ["program", "rules", "theorems", "multiply_adds", "elements", "code"]
    assert [code["framework"] for code in found["programs"][0]["code"]] == ["torch", "jax"]
    assert ended.returncode == 0


BAD = {
    ("nn.Conv2d(3, 8, 3)",): "give the shape of the input",
    ("nn.Conv2d(3, 8, 3)", "--input", "1,3,8,8", "--to", "caffe"): "--to is 'caffe', but it must be one or more of",
    ("nn.Conv2d(3, 8, 3)", "--input", "1,3,8,8", "--to", "torch,"): "but it must be names of frameworks",
    ("nn.Conv2d(3, 8, 9)", "--input", "1,3,8,8"): "the output is empty",
    ("Conv(stride=(1,)) x=(1, 1, 8)",): "needs 1 more shape of weights",
    ("nn.Linear(3, 8)", "--input", "1,3"): "nn.Linear",
}


@pytest.mark.parametrize("words", BAD, ids=" ".join)
def test_bad_input_gets_one_sentence(words: tuple[str, ...]) -> None:
    ended = in_process("rewrite", *words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert BAD[words] in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_program_that_raises_is_not_timed() -> None:
    (torch,) = named("torch")
    fine, raises = "def f(x):\n    return x + 1\n", "def f(x):\n    raise ValueError\n"
    first, second, third = ratios(torch, [(fine, [(2, 3)]), (raises, [(2, 3)]), (fine, [(2, 3)])])
    assert first
    assert (first.low, first.median, first.high) == (1, 1, 1)
    assert second is None
    assert third
    assert 0 < third.low <= third.median <= third.high


@slow
def test_nothing_is_timed_against_a_program_that_raises() -> None:
    (torch,) = named("torch")
    fine, raises = "def f(x):\n    return x + 1\n", "def f(x):\n    raise ValueError\n"
    with pytest.raises(NotTimed, match="the first program raises"):
        ratios(torch, [(raises, [(2, 3)]), (fine, [(2, 3)])])


def test_what_two_programs_cost() -> None:
    words = ("compare", "nn.Conv2d(2, 3, 3)", "keras.layers.Conv2D(3, 3)", "--input", "2,2,9,9", "--time", "--no-run")
    costs = json.loads(in_process(*words, "--json").stdout)["costs"]
    assert costs == {"multiply_adds": [5292, 5292], "elements": [324 + 54 + 3 + 294] * 2, "times": {}}
    assert "  costs     5,292 and 5,292 multiply-adds" in in_process(*words).stdout


@pytest.mark.parametrize(
    ("ratio", "words"),
    [((0.4, 0.5, 0.6), "2 times as fast (1.7 to 2.5)"), ((2.0, 2.5, 3.0), "2.5 times as slow (2 to 3)"),
     ((0.9, 0.95, 1.2), "as fast (0.9 to 1.2 of the time)")],
)  # fmt: skip
def test_a_ratio_in_words(ratio: tuple[float, float, float], words: str) -> None:
    low, median, high = ratio
    assert speed(Ratio(low=low, median=median, high=high)) == words


@slow
def test_the_second_program_is_timed_on_each_framework() -> None:
    words = ("compare", "nn.Conv2d(2, 3, 3)", "nn.Conv2d(2, 3, 3, stride=2)", "--input", "2,2,9,9", "--time")
    assert re.search(r"  time      torch: the second is ([\d.]+ times )?as (fast|slow) \(", concordant(*words).stdout)


@slow
def test_programs_are_run_and_timed() -> None:
    ended = concordant("rewrite", "nn.ConvTranspose2d(4, 3, 3, stride=2)", "--input", "2,4,9,9")
    assert ended.returncode == 0
    assert "Program 1: " in ended.stdout
    assert " on torch" in ended.stdout
    assert ended.stdout.count("verified on torch") >= 3
