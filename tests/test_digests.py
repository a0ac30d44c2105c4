"""A digest of an output says of right values that they are right, and of wrong ones that they are not, as their values would."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spec import parse_case
from tests.test_worker import BOTH, DOUBLE, STREAMING, ask, fake, job
from verify.execute.result import Answer, Digest
from verify.execute.worker import digests
from verify.explain.verdicts import job as job_of
from verify.judge.judge import judge
from verify.judge.reference import Reference

CASE = "Conv(stride=(2,)) x=(2, 3, 9) w=(4, 3, 3) float16 seed=5"
HELD_BY = {"float16": "float32", "bfloat16": "float32", "float32": "float32", "float64": "float64", "int8": "int32", "uint8": "int32"}
INEXACT = "AveragePool(kernel=(3,)) x=(2, 3, 9) float32 seed=5"


def right(text: str = CASE) -> tuple[Reference, Answer]:
    reference = Reference(parse_case(text))
    q = reference.case
    digests = [Digest(one, q.dtype, shape, repeats=True) for one, shape in zip(reference.digests, q.shapes.values(), strict=True)]
    return reference, Answer(digests=tuple(digests))


def told(text: str, asked: Any = None, dtype: str = "float32") -> Answer:
    """What a worker sends of a text, all draws in one digest."""
    return ask([replace(asked or job(0, text), digest=dtype)], fake(STREAMING))[0]


@pytest.mark.parametrize("dtype", HELD_BY)
def test_what_is_right_agrees(dtype: str) -> None:
    """In any dtype in which values may travel, the sum of parts has the same digest."""
    reference, answer = right(CASE.replace("float16", dtype))
    assert reference.digestible == HELD_BY[dtype]
    assert reference.draws > 1 or dtype == "float64"
    assert {j.verdict for j in judge(reference, answer)} == {"agree"}
    outputs = [reference.at(d).outputs for d in range(reference.draws)]
    assert list(reference.digests) == digests(outputs, reference.digestible)


@pytest.mark.parametrize("draw", [0, -1])
@pytest.mark.parametrize("output", [0, 1, 2])
def test_one_wrong_value_of_one_draw_differs(output: int, draw: int) -> None:
    reference, answer = right()
    values = [[a.copy() for a in reference.at(d).outputs] for d in range(reference.draws)]
    values[draw][output].flat[-1] += 1
    wrong = [replace(d, digest=one) for d, one in zip(answer.digests, digests(values, "float32"), strict=True)]
    verdicts = [j.verdict for j in judge(reference, replace(answer, digests=tuple(wrong)))]
    assert verdicts == ["differ" if i == output else "agree" for i in range(3)]


@pytest.mark.parametrize("change", [{"dtype": "float32"}, {"shape": (2, 4, 2, 2)}, {"shape": (4, 2, 4)}])
def test_another_dtype_or_shape_differs(change: dict[str, Any]) -> None:
    reference, answer = right()
    one, *others = answer.digests
    assert judge(reference, replace(answer, digests=(replace(one, **change), *others)))[0].verdict == "differ"


def test_what_does_not_repeat_is_nondeterministic_unless_an_argument_was_changed() -> None:
    reference, answer = right()
    one, *others = answer.digests
    unsteady = replace(answer, digests=(replace(one, repeats=False), *others))
    assert [j.verdict for j in judge(reference, unsteady)] == ["nondeterministic", "agree", "agree"]
    assert [j.verdict for j in judge(reference, replace(unsteady, changed=("x",)))] == ["changed argument", "agree", "agree"]
    wrong = replace(unsteady, digests=(replace(unsteady.digests[0], digest="no"), *others))
    assert judge(reference, wrong)[0].verdict == "differ"


def test_too_few_and_too_many_arrays_differ() -> None:
    reference, answer = right()
    for given in (answer.digests[:2], (*answer.digests, answer.digests[0])):
        assert {j.verdict for j in judge(reference, replace(answer, digests=given))} == {"differ"}


@pytest.mark.parametrize(
    "text",
    [
        INEXACT, CASE.replace(" seed", " normal seed"), CASE.replace(" seed", " nan seed"), CASE.replace(" seed", " check=shape seed"),
        "Pad(padding=((1, 0),)) x=(2, 3, 9) float32 zeros seed=5", "MaxPool(kernel=(3,)) x=(2, 3, 9) float32 seed=5",
    ],
)  # fmt: skip
def test_values_are_sent_where_not_every_bit_is_claimed(text: str) -> None:
    """Where a value may be rounded, where nothing is claimed somewhere, where the sign of a zero counts, and where nothing is computed."""
    assert Reference(parse_case(text)).digestible == ""


def test_only_who_asks_gets_digests() -> None:
    """What is run again individually sends its values, so that a verdict can say what is wrong."""
    reference = Reference(parse_case(CASE))
    assert job_of(0, "", reference).digest == ""
    assert job_of(0, "", reference, digest=True).digest == "float32"


def test_of_what_is_large_only_digests_are_kept() -> None:
    """Expected values of a case that was wrong are computed again for the next runtime that is wrong there."""
    reference, answer = right()
    assert reference.outputs
    bare = reference.without_values()
    assert "outputs" not in vars(bare)
    assert vars(bare)["digests"] == reference.digests
    assert judge(bare, answer) == judge(reference, answer)
    assert np.array_equal(bare.outputs[0], reference.outputs[0])
    assert "digests" not in vars(Reference(reference.case).without_values())


def test_two_threads_may_judge_by_one_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was drawn is dropped once it is used; another thread may have done so in between."""
    reference, _ = right()
    outputs, drawn = reference.outputs, reference.drawn
    monkeypatch.setattr(Reference, "drawn", property(lambda self: drawn))  # nothing is there to drop
    assert all(np.array_equal(a, b) for a, b in zip(Reference(reference.case).outputs, outputs, strict=True))


@BOTH
@pytest.mark.parametrize("draws", [1, 2, 5])
def test_a_worker_sends_one_digest_of_all_draws(glue: str, draws: int) -> None:
    asked = replace(job(3, DOUBLE), draws=draws, digest="float32")
    values = ask([replace(asked, digest="")], fake(glue))[3]
    answer = ask([asked], fake(glue))[3]
    assert not any(answer.draws)
    (one,) = answer.digests
    assert (one.dtype, one.shape, one.repeats) == ("float32", (2, 3), True)
    assert [one.digest] == digests(([y.values for y in outputs] for outputs in values.draws), "float32")


def test_a_zero_has_no_sign_in_a_digest_and_a_view_no_strides() -> None:
    plain = np.arange(-3.0, 3.0).reshape(2, 3)
    signed = np.where(plain == 0, -0.0, plain)
    assert digests([[plain]], "float32") == digests([[signed]], "float32") == digests([[np.asfortranarray(plain)]], "float32")
    assert digests([[plain]], "float32") != digests([[plain.T.reshape(2, 3)]], "float32")
    assert digests([[np.zeros((0, 3))]], "float32") != digests([[np.zeros((1, 1))]], "float32")


@pytest.mark.parametrize(
    ("text", "stopped"),
    [
        ("def f(x): return x.astype('float64') + 2**-30", None),
        ("n = []\ndef f(x):\n    n.append(0)\n    return x[: len(n)]", None),
        ("n = []\ndef f(x):\n    n.append(0)\n    return x.astype('float16' if len(n) > 2 else 'float32')", None),
        ("n = []\ndef f(x):\n    n.append(0)\n    if len(n) > 2: raise ValueError\n    return x", "raised"),
        ("f = None", "raised"),
    ],
)  # fmt: skip
def test_a_worker_sends_values_where_a_digest_says_too_little(text: str, stopped: str | None) -> None:
    """Of values that the dtype does not hold, of draws that differ in shape or dtype, and of what raised."""
    answer = told(text, replace(job(0, text), draws=3))
    assert not answer.digests
    assert answer.stopped == stopped


def test_a_worker_says_what_does_not_repeat_and_what_was_changed() -> None:
    assert not told("n = []\ndef f(x):\n    n.append(0)\n    return x + len(n)").digests[0].repeats
    assert told("def f(x):\n    x += 1\n    return x").changed == ("x",)


@pytest.mark.parametrize("sent", ["[3]", "[{}]", "[{'digest': 1, 'dtype': 1, 'shape': 'no', 'repeats': 1}]"])
def test_digests_that_make_no_sense_are_a_death(sent: str) -> None:
    instead = f"import sys\nsys.modules['__main__']._digests = lambda *_: {sent}"
    glue = f"{STREAMING}\n{instead}"
    answer = ask([replace(job(0, DOUBLE), digest="float32")], fake(glue))[0]
    assert answer.stopped == "crashed"
    assert "makes no sense" in answer.reason
