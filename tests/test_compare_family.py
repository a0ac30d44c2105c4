"""`compare --family`: what it reads, the map of weights that it prints, what it says, and what it runs."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import verify.native.family
import verify.native.weight_map
from backends import named
from spec import Impossible
from spec.families.founding import KERNELS
from spec.families.relation import related
from tests.command import in_process, needs
from tests.mutants import MUTANTS
from tests.sample_reports import record
from tests.tiers import slow
from verify.native import family_shown, on_runtimes
from verify.native.family import Families, Inside, families
from verify.native.on_runtimes import checked, instance
from verify.native.programs import program
from verify.native.weight_map import recognised, weight_map

KERAS_A = 'keras.layers.UpSampling2D(2) >> keras.layers.Conv2DTranspose({}, 3, padding="same")'
KERAS_B = 'keras.layers.Conv2DTranspose({}, {}, strides=2, padding="same")'
TORCH_A = "nn.Upsample(scale_factor=2) >> nn.Conv2d(2, 4, 3, padding=1)"

INSIDE: dict[tuple[str, str, tuple[int, ...]], str] = {
    (KERAS_A.format(4), KERAS_B.format(4, 4), (1, 6, 6, 2)): "filtered by a box of 2 × 2",
    (TORCH_A, "nn.ConvTranspose2d(2, 4, 4, stride=2, padding=1)", (1, 2, 6, 6)): "flipped and filtered by a box of 2 × 2",
    (TORCH_A, KERAS_B.format(4, 4), (1, 2, 6, 6)): "flipped and filtered by a box of 2 × 2",
    ("Conv(stride=(2,)) w=(1, 1, 3) x=(1, 1, 8)", "Conv(stride=(2,), padding=((0, 1),)) w=(1, 1, 4)", ()): "padded with zeros",
    ("nn.Conv2d(4, 8, 3, padding=1, groups=4)", "nn.Conv2d(4, 8, 3, padding=1)", (1, 4, 6, 6)): "as it is",
    ("nn.Conv2d(4, 8, 3, padding=1, groups=4)", 'keras.layers.Conv2DTranspose(8, 3, padding="same")', (1, 4, 6, 6)): "flipped",
    ("nn.Conv2d(4, 8, 3, padding=1, groups=4)", "nn.ConvTranspose2d(4, 8, 3, padding=1, groups=2)", (1, 4, 6, 6)): "flipped",
    ("nn.ConvTranspose2d(4, 8, 3, padding=1, groups=2)", "nn.Conv2d(4, 8, 3, padding=1, groups=2)", (1, 4, 6, 6)): "flipped",
    ('nn.Upsample(scale_factor=2, mode="bilinear")', "nn.ReplicationPad2d(1) >> nn.ConvTranspose2d(3, 3, 4, stride=2, padding=3)",
     (1, 3, 5, 5)): "its taps combined by a matrix",
    ("nn.AvgPool2d(2)", "nn.Conv2d(3, 3, 2, stride=2, groups=3)", (1, 3, 6, 6)): "filtered by a box of 2 × 2 and times 1/4",
    ("nn.Conv2d(1, 4, 3, padding=1) >> nn.PixelShuffle(2)", "nn.ConvTranspose2d(1, 1, 6, stride=2, padding=2)",
     (1, 1, 4, 4)): "the taps rearranged",
}  # fmt: skip
"""Pairs of which the first lies inside the second, and what the map of weights is called."""


@cache
def _inside(pair: tuple[str, str, tuple[int, ...]]) -> tuple[Families, Inside]:
    first, second, x = pair
    found = families(first, second, x or None, run=False)
    assert found.inside
    return found, found.inside


@pytest.mark.parametrize("pair", INSIDE, ids=lambda pair: f"{pair[0]} in {pair[1]}"[:70])
def test_the_printed_map_turns_one_kernel_into_the_other(pair: tuple[str, str, tuple[int, ...]]) -> None:
    """The lines are run as they are printed, on the kernel as its framework keeps it."""
    found, inside = _inside(pair)
    assert (inside.inner, inside.map.words) == ("A", INSIDE[pair])
    left, right = instance(found.a.family, inside.family, inside.map)
    assert (left() == right()).all()
    rng = np.random.default_rng(0)
    w = rng.integers(-4, 5, found.a.family.w[0]) if found.a.family.w else np.ones((), int)
    wanted = np.asarray(inside.map(w)).astype(float)
    names: dict[str, Any] = {"np": np}
    if inside.map.before:
        names["a"] = inside.map.before.inverse(w)
    exec("\n".join(inside.map.lines), names)
    assert np.array_equal(names["b"], inside.map.after(wanted))


BROKEN = {
    "flips are forgotten": ("recognised", lambda f: lambda rows: (one := f(rows)) and one._replace(flip=False)),
    "boxes are one wider": ("recognised", lambda f: lambda rows: (one := f(rows)) and one._replace(box=one.box + 1)),
    "pads are turned": ("recognised", lambda f: lambda rows: (one := f(rows)) and one._replace(pad=one.pad[::-1])),
    "scales are forgotten": ("recognised", lambda f: lambda rows: (one := f(rows)) and one._replace(scale=1)),
    "channels stay": ("_channels", lambda f: lambda a, b: iter(())),
    "blocks overlap": ("_larger_blocks", lambda f: lambda own, groups, *more: f(own, own, *more)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_map_gives_other_values(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On some pair: by definition, or because the kernel does not fit."""
    for pair in INSIDE:  # before anything is broken
        _inside(pair)
    function, broken = BROKEN[name]
    monkeypatch.setattr(verify.native.weight_map, function, broken(getattr(verify.native.weight_map, function)))
    wrong = 0
    for pair in INSIDE:
        found, inside = _inside(pair)
        assert found.relation.a_in_b
        try:
            to = weight_map(found.a.family, inside.family, found.relation.a_in_b, inside.map.before, inside.map.after)
            left, right = (side() for side in instance(found.a.family, inside.family, to))
        except (Impossible, ValueError):
            wrong += 1
        else:
            wrong += left.shape != right.shape or not (left == right).all()
    assert wrong


def test_filters_are_recognised() -> None:
    rows = np.array([[0, 2, 2, 0, 0], [0, 0, 2, 2, 0]])
    found = recognised(rows)
    assert found == (False, 2, 2, (1, 1))
    assert recognised(rows[::-1]) == (True, 2, 2, (1, 1))
    assert recognised(np.array([[1, 2, 1]])) is None
    assert recognised(np.eye(3, dtype=int)) == (False, 1, 1, (0, 0))


def test_the_map_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A map that is wrong is wrong by definition; nothing is run then."""
    found, inside = _inside(next(iter(INSIDE)))
    monkeypatch.setattr(on_runtimes, "chosen", lambda names: pytest.fail("run"))
    assert not checked(found.a.family, inside.family, lambda w: inside.map(w) + 1).by_definition


@slow
@needs("torch")
def test_a_wrong_framework_does_not_verify_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    found, inside = _inside(next(iter(INSIDE)))
    monkeypatch.setattr(on_runtimes, "chosen", lambda names: named("torch"))
    assert checked(found.a.family, inside.family, inside.map) == on_runtimes.Checked(by_definition=True, verified=("torch",))
    monkeypatch.setattr(on_runtimes, "chosen", lambda names: [MUTANTS["kernel-flipped"]])
    verdict = checked(found.a.family, inside.family, inside.map)
    assert (len(verdict.wrong), verdict.fine) == (1, False)


def test_a_wider_kernel_is_named_in_the_framework_of_b() -> None:
    found = families(KERAS_A.format(1), KERAS_B.format(1, 3), (1, 8, 8, 1), run=False)
    assert (found.relation.word, found.relation.dimensions, found.relation.overlap) == ("overlap", (9, 9), 4)
    assert found.wider
    assert found.wider.native
    code = 'layer = keras.layers.Conv2DTranspose(1, 4, strides=2, padding="same", use_bias=False)\nx = layer(x)'
    assert (found.wider.native.shown(), found.wider.dimension) == (code, 16)
    assert (found.a.family.products, found.b.family.products, found.wider.family.products) == (2304, 576, 1024)
    assert found.witness
    assert (found.witness.of, found.witness.witness.pixels) == ("A", ((3, 3),))


def test_lengths_that_decide_are_named() -> None:
    """PyTorch's padding=1 against Keras's 'same', stride 2: each length is read anew."""
    found = families(
        "nn.Conv1d(1, 1, 3, stride=2, padding=1)", 'keras.layers.Conv1D(1, 3, strides=2, padding="same")', (1, 1, 9), run=False
    )
    assert found.relation.word == "equal"
    said = family_shown.sizes(found)
    assert "at odd lengths dimensions 3 and 3 (3 shared), at even lengths dimensions 3 and 3 (2 shared)" in said
    assert "longer ones were not looked at" in said


def test_other_lengths_are_named() -> None:
    found = families("nn.AdaptiveAvgPool1d(3)", "nn.Conv1d(1, 1, 3, stride=2)", (1, 1, 7), run=False)
    assert found.relation.word == "A inside B"
    assert family_shown.sizes(found).startswith("from length 9 on the results have other lengths")


def test_a_wider_kernel_is_for_every_length_or_for_this_one() -> None:
    upsampled = "Upsample(factor=(2,)) >> ConvTranspose(stride=(1,), crop=((1, 1),)) w=(1, 1, 3) x=(1, 1, 6)"
    wrapped = "Pad(padding=((1, 1),), mode='wrap') >> Conv(stride=(1,)) w=(1, 1, 3) x=(1, 1, 6)"
    local = families(upsampled, "ConvTranspose(stride=(2,), crop=((0, 1),)) w=(1, 1, 3)", run=False)
    around = families(wrapped, "Conv(stride=(1,), padding=((1, 1),)) w=(1, 1, 3)", run=False)
    assert local.wider
    assert around.wider
    assert (local.wider.everywhere, around.wider.everywhere) == (True, False)
    assert "contains A at every length, 4; its kernel b is A's kernel a, filtered by a box of 2" in family_shown.told(local)
    assert "contains A at this length, 11; its kernel b is A's kernel a, its taps combined by a matrix" in family_shown.told(around)
    assert not verify.native.family._everywhere(around.a.family, around.wider.family)


def test_a_layer_needs_no_shapes_of_weights() -> None:
    function, layer = 'lax.conv_general_dilated(x, w, (1,), "SAME")', "nn.Conv1d(2, 3, 3, padding=1)"
    for first, second in ((function, layer), (layer, function)):
        assert families(first, second, (1, 2, 7), [(3, 2, 3)], run=False).relation.word == "equal"


def test_verdicts_of_runtimes() -> None:
    records = [
        record(runtime="a"), record(runtime="b"), record(runtime="b", verdict="raised"), record(runtime="c", verdict="vacuous"),
        record(runtime="d", verdict="differ", known="why"), record(runtime="e", verdict="differ"), record(runtime="e", known="why"),
    ]  # fmt: skip
    groups = [on_runtimes._group(one) for one in records]
    assert groups == ["verified", "verified", "cannot_say", "cannot_say", "known", "wrong", "verified"]


def test_spec_and_native_programs_mix() -> None:
    one = program("Conv(stride=(2,), padding=((1, 1),)) w=(1, 1, 3)", (1, 1, 9))
    assert (one.x, one.w) == ((1, 1, 9), ((1, 1, 3),))
    assert program("Conv(stride=(2,))", (1, 1, 9), [(1, 1, 3)]).w == ((1, 1, 3),)
    assert program('keras.layers.Conv1D(1, 3, strides=2, padding="same")', None, like=one).x == (1, 1, 9)
    assert program("Conv(X, W, strides=[2])", (1, 1, 9), [(1, 1, 3)]).native.phrases.framework == "onnx"


def test_two_layers_are_not_decided_but_where_the_span_decides() -> None:
    convs = "Conv(stride=(1,)) >> Conv(stride=(1,)) w=(1, 1, 3) w=(1, 1, 3) x=(1, 1, 8)"
    found = families(convs, "Conv(stride=(1,)) w=(1, 1, 5)", run=False)
    assert (found.relation.word, found.inside) == ("A inside B", None)
    text = family_shown.told(found)
    assert "6 weights give maps that span a space of dimension 5" in text
    assert "of dimension at least 5: proven" in text


def test_a_bias_and_a_relation_of_channels_are_said() -> None:
    found = families("nn.Conv2d(4, 4, 3)", "nn.Conv2d(4, 4, 3, groups=2)", (1, 4, 6, 6), run=False)
    text = family_shown.told(found)
    assert "map       A's kernel b is B's kernel a, as it is\n" in text
    assert "bias      left out: a bias adds an image that does not depend on the input" in text
    assert "from input channel 2 to output channel 0, which B does not connect" in text
    assert found.wider is None
    assert not found.outside


# ---- the command ----

PAIR = ("Conv(stride=(2,)) w=(1, 1, 3) x=(1, 1, 9)", "Conv(stride=(2,)) w=(1, 1, 3)")


def test_json_and_exit_status() -> None:
    ended = in_process("compare", *PAIR, "--family", "--json", "--no-run")
    found = json.loads(ended.stdout)
    assert (ended.returncode, found["relation"], found["dimensions"], found["overlap"], found["witness"]) == (0, "equal", [3, 3], 3, None)
    assert {"dimensions", "overlap", "relation", "map", "witness", "sizes", "sentence"} <= set(found)
    assert found["map"]["numpy"] == ["b = a"]
    ended = in_process("compare", PAIR[0], "Conv(stride=(2,), padding=((0, 1),)) w=(1, 1, 4)", "--family", "--json", "--no-run")
    found = json.loads(ended.stdout)
    assert (ended.returncode, found["relation"], found["witness"]["of"]) == (1, "A inside B", "B")
    assert found["witness"]["kernel"] == [0, 0, 0, 1]


def test_compare_without_a_call_answers_the_founding_question() -> None:
    ended = in_process("compare")
    assert ended.returncode == 0
    assert "They share (k − 1)² of them, and neither contains" in ended.stdout
    rows = json.loads(in_process("compare", "--json").stdout)["answers"]
    assert len(rows) == 2 * len(KERNELS)
    for row in rows:
        k = row["kernel"]
        assert (row["dimensions"], row["overlap"], row["wider"], row["box_filtered"]) == ([k**2, k**2], (k - 1) ** 2, k + 1, True)


BAD = {
    ("compare", PAIR[0]): "give two calls, such as",
    ("compare", "--input", "1,1,8"): "give two calls, such as",
    ("compare", *PAIR, "--family", "--on", "torch"): "--on says where a call is run; with --family",
    (
        "compare",
        "Conv(stride=(2,))",
        PAIR[1],
        "--family",
        "--input",
        "1,1,9",
    ): "needs 1 more shape of weights: write w=(1, 1, 3, 3) behind it",
    ("compare", PAIR[1], PAIR[1], "--family"): "give the shape of the input, such as --input 1,1,8,8",
    ("compare", PAIR[0], PAIR[1], "--family", "--input", "1,1,8"): "the text says x=(1, 1, 9), but the input is (1, 1, 8)",
    ("compare", "nn.Conv1d(1, 1, 3)", PAIR[1], "--family"): "give the shape of the input in the first call's own layout",
    ("compare", "Conv(strid=(2,)) w=(1, 1, 3)", PAIR[1], "--family", "--input", "1,1,8"): "Conv has no field 'strid'",
    ("compare", "nn.MaxPool1d(2)", PAIR[1], "--family", "--input", "1,1,9"): "MaxPool is not linear in its input",
    ("compare", "Upsample(factor=(2,))", "Upsample(factor=(3,))", "--family", "--input", "1,1,9"): "neither program has weights",
    ("compare", PAIR[0], "Conv(stride=(2,)) w=(1, 1, 3) x=(1, 1, 8)", "--family"): "the text says x=(1, 1, 8), but the input is (1, 1, 9)",
}


@pytest.mark.parametrize("words", BAD, ids=" ".join)
def test_bad_input_gets_one_sentence_and_exit_status_2(words: tuple[str, ...]) -> None:
    ended = in_process(*words)
    assert ended.returncode == 2
    assert BAD[words] in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_lie_about_the_relation_would_be_seen() -> None:
    """The sentence follows the relation: each word has its own."""
    found = families(PAIR[0], "Conv(stride=(2,), padding=((0, 1),)) w=(1, 1, 4)", run=False)
    words = ["equal", "A inside B", "B inside A", "overlap", "only 0 in common", "undecided", "other lengths"]
    said = {family_shown.sentence(replace(found, relation=replace(found.relation, word=word))) for word in words}
    assert len(said) == len(words)
    assert all(any(text.startswith(word) for text in said) for word in words)
    assert related(found.a.family, found.b.family).word == "A inside B"
