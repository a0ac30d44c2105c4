"""How two calls relate, decided on the definition; the fixes; what the commands print."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spec import Impossible, parse
from tests.command import concordant
from tests.tiers import slow
from verify.native.compare import compare, folded
from verify.native.relation import Along, every_axis, related, sizes, together
from verify.native.shown import sentence

FORUM = "nn.ConvTranspose2d(56, 1, 9, stride=4, padding=4, output_padding=3)"
FORUM_IN_KERAS = 'keras.layers.Conv2DTranspose(1, 9, strides=4, padding="same")'


def test_lines_of_numbers() -> None:
    a = np.arange(20).astype(object)
    assert related(a, a) == Along(lengths=(20, 20), shift=0)
    assert related(a[:-3], a[:-3] * 1 + 3).shift == -3
    assert related(a, np.concatenate([[7, 7], a[:-2]]).astype(object)).shift == 2
    assert related(a, a[:-2]) == Along(lengths=(20, 18), shift=0)
    b = a.copy()
    b[[0, -1, -2]] = -5
    assert related(a, b) == Along(lengths=(20, 20), shift=0, edges=(1, 2))
    assert related(a, (a * 7919) % 97).word == "different"
    assert [one.word for one in (related(a, a), related(a, a[:-2]), related(a, b))] == ["equal", "lengths", "edges"]
    assert together([related(a, a), related(a, b)]) == "edges"


PAIRS = {
    ("Conv(stride=(2,), padding=((3, 3),))", "Conv(stride=(2,), padding=((2, 3),))", 8): "different",
    ("Conv(stride=(2,), padding=((3, 3),))", "Conv(stride=(2,), padding=((3, 3),))", 9): "equal",
    ("ConvTranspose(stride=(4,), crop=((4, 1),))", "ConvTranspose(stride=(4,), crop=((2, 3),))", 9): "shifted",
    ("AveragePool(kernel=(3,), stride=(2,), padding=((1, 1),))",
     "AveragePool(kernel=(3,), stride=(2,), padding=((1, 1),), counted='valid')", 15): "edges",
    ("Pad(padding=((1, 1),)) >> Conv(stride=(1,))", "Conv(stride=(1,), padding=((1, 1),))", 9): "equal",
    ("Upsample(factor=(2,))", "Resize(size=(18,), mode='linear')", 9): "different",
}  # fmt: skip


@pytest.mark.parametrize(("first", "second", "n"), PAIRS)
def test_two_operations(first: str, second: str, n: int) -> None:
    w = [(1, 1, 5)] if "Conv" in first else []
    assert together(every_axis(parse(first), parse(second), (1, 1, n), w)) == PAIRS[first, second, n]


def test_a_mutant_of_the_relation_would_be_seen() -> None:
    """Two operations that differ in one field are never equal, where the field matters."""
    op = parse("Conv(stride=(2,), padding=((1, 2),), dilation=(2,))")
    for other in [other for _, other in op.hypotheses() if other.rank == 1]:
        try:
            same = together(every_axis(op, other, (1, 1, 12), [(1, 1, 3)])) == "equal"
            x, w = np.arange(12).reshape(1, 1, 12), np.array([[[5, 7, 11]]])
            assert same == (op(x, w).shape == other(x, w).shape and (op(x, w) == other(x, w)).all()), other
        except Impossible:
            continue


def test_for_which_lengths() -> None:
    def of_parity(n: int) -> Along:
        return Along(lengths=(n, n), shift=0 if n % 2 else 1)

    assert sizes(of_parity, 8)[0] == "equal for odd lengths, shifted by 1 later for even lengths (8 … 31)"
    assert sizes(lambda n: Along(lengths=(n, n), shift=0), 8)[0] == "at every length tried (8 … 31)"


def test_pads_and_cuts_are_made_fields() -> None:
    assert repr(folded(parse("Pad(padding=((1, 2),)) >> Conv(stride=(2,))"))) == "Conv(stride=(2,), padding=((1, 2),))"
    assert repr(folded(parse("ConvTranspose(stride=(2,)) >> Pad(padding=((-1, -2),))"))) == "ConvTranspose(stride=(2,), crop=((1, 2),))"
    kept = "Pad(padding=((1, 2),), mode='reflect') >> Conv(stride=(2,))"
    assert repr(folded(parse(kept))) == kept


def test_the_forums_pair() -> None:
    found = compare(FORUM, FORUM_IN_KERAS, (1, 56, 10, 10), run=False)
    assert (found.relation, found.shift) == ("shifted", (2, 2))
    assert found.reasons == ("ConvTranspose crop: PyTorch (4, 1), Keras (2, 3)",)
    assert sentence(found) == "shifted: with the same weights, Keras's output is PyTorch's output moved by 2 pixels down and right."
    fix = next(fix for fix in found.fixes if fix.replaces == "second")
    assert fix.native.shown() == "layer = keras.layers.Conv2DTranspose(1, 9, strides=4)\nx = layer(x)\nx = x[:, 4:-1, 4:-1]"
    assert [w.numpy for w in fix.carried] == ["weight.transpose(2, 3, 1, 0)", "bias"]


def test_one_argument_is_the_smallest_change() -> None:
    found = compare("nn.AvgPool2d(3, 2, 1)", "nn.AvgPool2d(3, 2, 1, count_include_pad=False)", (1, 3, 15, 15), run=False)
    assert {fix.replaces: fix.change for fix in found.fixes} == {"second": "count_include_pad=True", "first": "count_include_pad=False"}


REFUSED = {
    ("nn.Conv2d(3, 8, 3)", "nn.Conv2d(3, 8, 5)"): "the two calls do not take the same weights: (8, 3, 3, 3) against (8, 3, 5, 5)",
    ("nn.Conv2d(3, 8, 3)", "nn.Conv1d(3, 8, 3)"): "takes an input with 3 axes",
    ("nn.Conv2d(3, 8, 3)", "relu(x)"): "relu is not read",
}


@pytest.mark.parametrize(("first", "second"), REFUSED)
def test_what_cannot_be_compared_gets_one_sentence(first: str, second: str) -> None:
    with pytest.raises(Impossible) as raised:
        compare(first, second, (1, 3, 9, 9), run=False)
    assert REFUSED[first, second] in str(raised.value)


def test_json_of_the_three_commands(tmp_path: Path) -> None:
    drawn = ("--picture", tmp_path / "d.svg")
    said = concordant("explain", "nn.Conv2d(3, 8, 3, padding=1)", "--input", "1,3,9,9", "--json", "--no-run", *drawn)
    found = json.loads(said.stdout)
    assert found["operation"] == "Conv(stride=(1, 1), padding=((1, 1), (1, 1)), bias='yes')"
    assert list(found) == ["call", "framework", "operation", "equation", "input", "output", "weights", "notes", "checked"]
    assert (tmp_path / "d.svg").read_text().startswith("<svg class=")
    ports = json.loads(concordant("port", FORUM, "--to", "keras,jax", "--input", "1,56,10,10", "--json", "--no-run").stdout)["ports"]
    assert [(one["framework"], one["verdict"]) for one in ports] == [("keras", "unverified"), ("jax", "unverified")]
    ended = concordant("compare", FORUM, FORUM_IN_KERAS, "--input", "1,56,10,10", "--json", "--no-run")
    found = json.loads(ended.stdout)
    assert (ended.returncode, found["relation"], found["shift"], found["sentence"][:8]) == (1, "shifted", [2, 2], "shifted:")


BAD = {
    ("explain",): "give a call, such as",
    ("explain", "nn.Conv2d(3, 8, 3)"): "give the shape of the input",
    ("explain", "nn.Conv2d(3, 8, 3)", "--input", "1,3,x"): "--input is '1,3,x', but it must be whole numbers above 0",
    ("explain", "nn.Conv2d(3, 8, 3)", "--input", "0,3,9,9"): "must be whole numbers above 0",
    ("explain", "@nothing.txt", "--input", "1,3,9,9"): "nothing.txt cannot be read",
    ("port", "nn.Conv2d(3, 8, 3)", "--to", "caffe", "--input", "1,3,9,9"): "--to is 'caffe', but it must be one or more of",
    ("compare", "nn.Conv2d(3, 8, 3)", "nn.Conv2d(", "--input", "1,3,9,9"): "is no Python call",
    ("run", "--input", "1,3,9,9"): "--input says the shape of a native call's input; give the call with --case",
}


@pytest.mark.parametrize("words", BAD, ids=" ".join)
def test_bad_input_gets_one_sentence_and_exit_status_2(words: tuple[str, ...], tmp_path: Path) -> None:
    ended = concordant(*words, cwd=tmp_path)
    assert ended.returncode == 2
    assert BAD[words] in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr


@slow
def test_a_port_that_gives_other_values_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant of a port: the crop's ends exchanged."""
    from backends.torch import port as module
    from verify.native.port import port

    right = module.piece

    def wrong(op: object, at: object) -> object:
        from dataclasses import replace

        return right(replace(op, crop=tuple(pair[::-1] for pair in op.crop)), at)  # type: ignore[attr-defined, type-var, arg-type]

    monkeypatch.setattr(module, "piece", wrong)
    found = port("nn.ConvTranspose1d(2, 3, 5, stride=2, padding=2, output_padding=1)", ["torch"], (1, 2, 6))
    assert (found.verdict and found.verdict.status, found.ports[0].status) == ("verified", "differ")


@slow
def test_a_script_runs_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "both.py"
    concordant("port", "nn.ConvTranspose1d(2, 3, 5, stride=2, padding=2, output_padding=1)", "--to", "torch,jax", "--input", "1,2,6",
               "--script", path, "--no-run")  # fmt: skip
    done = subprocess.run([sys.executable, "-I", str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout.count("the same values")) == (0, 2), done.stderr


@slow
def test_a_script_of_rounded_results_compares_them_by_a_derived_bound(tmp_path: Path) -> None:
    """A relative error of 1e-4 is seen."""
    path = tmp_path / "both.py"
    concordant("port", 'nn.Upsample(size=7, mode="linear")', "--to", "jax", "--input", "1,2,5", "--script", path, "--no-run")
    for text, ends in ((right := path.read_text(), 0), (right.replace("y = made()(x", "y = np.float32(1.0001) * made()(x"), 1)):
        path.write_text(text)
        done = subprocess.run([sys.executable, "-I", str(path)], capture_output=True, text=True)
        assert done.returncode == ends, done.stdout + done.stderr


POOLS = {
    ("nn.MaxPool2d(2, stride=2)", "nn.MaxPool2d(3, stride=2, padding=1)", (1, 1, 6, 6)): "different",
    ("nn.MaxPool2d(3, stride=2, padding=1)", 'keras.layers.MaxPool2D(3, strides=2, padding="same")', (1, 1, 10, 10)): "different",
    ("nn.MaxPool2d(3, stride=2, padding=1)", 'keras.layers.MaxPool2D(3, strides=2, padding="same")', (1, 1, 15, 15)): "equal",
    ("nn.MaxPool2d(3, stride=1, padding=1)", "nn.ZeroPad2d(1) >> nn.MaxPool2d(3, stride=1)", (1, 1, 8, 8)): "edges",
    ("nn.MaxPool2d((2, 3), stride=1)", "nn.MaxPool2d((3, 2), stride=1)", (1, 1, 6, 6)): "different",
}


@pytest.mark.parametrize("calls", POOLS, ids=str)
def test_two_maxima_are_not_equal_by_chance(calls: tuple[str, str, tuple[int, ...]]) -> None:
    """On one x in random order the greatest pixel of two windows is often the same."""
    first, second, x = calls
    assert compare(first, second, x, run=False).relation == POOLS[calls]


def test_an_empty_output_is_said() -> None:
    said = concordant("explain", "nn.Conv2d(3, 8, 9)", "--input", "1,3,8,8", "--no-run").stdout
    assert "! the output is empty: a window is larger than the padded input" in said


def test_a_known_deviation_of_the_call_itself_is_named() -> None:
    """A record that looks at what the user wrote, data_format here, speaks of it in explain too."""
    pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    call = 'keras.layers.Conv2D(2, 3, data_format="channels_first")'
    for state, word in (("0", "known"), ("1", "verified")):
        ended = concordant("explain", call, "--input", "1,2,5,5", TF_ENABLE_ONEDNN_OPTS=state)
        assert f"checked   {word} on keras" in ended.stdout
        assert ("(tensorflow-channels-first)" in ended.stdout) is (word == "known")
        assert ended.returncode == 0
