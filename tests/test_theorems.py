"""The theorems are attacked: each turns red under some mutation of the operations it speaks of, and none passes by being empty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import spec.ops.conv
from backends import named
from backends.known import Known
from spec import (
    AdaptiveAveragePool,
    AveragePool,
    Conv,
    ConvTranspose,
    DepthToSpace,
    Impossible,
    LpPool,
    MaxPool,
    MaxUnpool,
    Pad,
    Resize,
    SumPool,
    Upsample,
    ZeroInsert,
)
from spec.theorems.claims import Parameters
from spec.theorems.theorem import THEOREMS, Side, Theorem, theorem
from tests.command import needs
from tests.mutants import MUTANTS
from tests.tiers import slow
from verify.plan.plan import Plan
from verify.plan.prove import SAMPLED, prove, prove_all
from verify.run import Run

Answer = Callable[..., Any]


def _then(change: Answer) -> Callable[[Answer], Answer]:
    """A mutation that changes what a function answers."""
    return lambda honest: lambda *args, **more: change(honest(*args, **more))


def _rank_two_only(honest: Answer) -> Answer:
    return lambda op, x, w, count: honest(op, x, np.flip(w, -1) if op.rank == 2 and w.shape[-1] == 1 else w, count) + (op.rank == 2)


def _last_of_the_batch(y: Any) -> Any:
    y = y.copy()
    y[-1] *= 2
    return y


def _zeros_between(size: tuple[int, ...], x: Any) -> Any:
    return ZeroInsert(factor=tuple(q // n for q, n in zip(size, x.shape[2:], strict=True)))(x)


MUTATIONS: dict[str, tuple[object, str, Callable[[Answer], Answer]]] = {
    "gather is late": (spec.ops.conv, "_gather", _then(lambda y: np.roll(y, 1, -1))),
    "gather reads the kernel backwards": (spec.ops.conv, "_gather", lambda f: lambda op, x, w, n: f(op, x, np.flip(w, -1), n)),
    "gather adds a bias": (spec.ops.conv, "_gather", _then(lambda y: y + 1)),
    "gather in 2-D is another": (spec.ops.conv, "_gather", _rank_two_only),
    "gather doubles the last of the batch": (spec.ops.conv, "_gather", _then(_last_of_the_batch)),
    "scatter is late": (spec.ops.conv, "_scatter", _then(lambda y: np.roll(y, 1, -1))),
    "scatter reads the kernel backwards": (spec.ops.conv, "_scatter", lambda f: lambda op, x, w, n: f(op, x, np.flip(w, -1), n)),
    "scatter grows": (spec.ops.conv, "_scatter", _then(lambda y: y * (1 + np.arange(y.shape[-1])))),
    "convolution is late": (Conv, "__call__", _then(lambda y: np.roll(y, 1, -1))),
    "dilation is ignored": (spec.ops.conv, "_windows", lambda f: lambda op, k, n: f(replace(op, dilation=(1,) * op.rank), k, n)),
    "correlate reverses": (spec.ops.conv, "_correlate", _then(lambda dw: np.flip(dw, -1) + 1)),
    "upsampling is late": (Upsample, "__call__", _then(lambda y: np.roll(y, 1, -1))),
    "upsampling leaves a hole": (Upsample, "__call__", _then(lambda y: y * (np.arange(y.shape[-1]) % 2))),
    "upsampling grows": (Upsample, "__call__", _then(lambda y: y * (1 + np.arange(y.shape[-1])))),
    "zeros come first": (ZeroInsert, "__call__", _then(lambda y: np.roll(y, 1, -1))),
    "sums are doubled": (SumPool, "vjp", _then(lambda dx: (2 * dx[0],))),
    "the greatest is the last": (MaxPool, "_winners", _then(lambda at: (*at[:2], np.zeros_like(at[2])))),
    "unpooling is upside down": (MaxUnpool, "__call__", _then(lambda y: y[..., ::-1])),
    "unpooling's gradient is late": (MaxUnpool, "vjp", _then(lambda grads: (np.roll(grads[0], 1, -1), grads[1]))),
    "unpooling forgets where": (MaxUnpool, "__call__", lambda f: lambda op, x, w: _zeros_between(op.size, x)),
    "weaving in another order": (DepthToSpace, "__call__", _then(lambda y: y[:, ::-1])),
    "CRD is interleaved as DCR": (DepthToSpace, "__call__", lambda f: lambda op, x: f(replace(op, order="DCR"), x)),
    "groups come in reverse": (spec.ops.conv, "_mix", lambda f: lambda matrices, x: f(matrices[::-1], x)),
    "resampling is late": (Resize, "__call__", _then(lambda y: np.roll(y, 1, -1))),
    "resampling grows": (Resize, "__call__", _then(lambda y: y * (1 + np.arange(y.shape[-1])))),
    "resampling picks": (Resize, "__call__", lambda f: lambda op, x: f(replace(op, mode="nearest"), x)),
    "resampling forgets its scale": (Resize, "__call__", lambda f: lambda op, x: f(replace(op, scale=()), x)),
    "averages are doubled": (AveragePool, "__call__", _then(lambda y: 2 * y)),
    "adaptive averages are late": (AdaptiveAveragePool, "__call__", _then(lambda y: np.roll(y, 1, -1))),
    "maxima are one more": (MaxPool, "__call__", _then(lambda y: y + 1)),
    "convolution is one pixel short": (Conv, "__call__", _then(lambda y: y[..., :-1])),
    "transposed convolution is one pixel short": (ConvTranspose, "__call__", _then(lambda y: y[..., :-1])),
    "sums are late": (SumPool, "__call__", _then(lambda y: np.roll(y, 1, -1))),
    "sums grow": (SumPool, "__call__", _then(lambda y: y * (1 + np.arange(y.shape[-1])))),
    "maxima are late": (MaxPool, "__call__", _then(lambda y: np.roll(y, 1, -1))),
    "maxima grow": (MaxPool, "__call__", _then(lambda y: y + np.arange(y.shape[-1]))),
    "maxima are found anew": (MaxPool, "__call__", lambda f: lambda op, x: -f(op, -x)),
    "averages are late": (AveragePool, "__call__", _then(lambda y: np.roll(y, 1, -1))),
    "padding wraps nothing": (Pad, "__call__", lambda f: lambda op, x: f(replace(op, mode="constant"), x)),
    "padding is one more": (Pad, "__call__", _then(lambda y: y + 1)),
    "a norm keeps signs": (LpPool, "__call__", lambda f: lambda op, x: op._sum()(x)),
    "groups are one": (spec.ops.conv, "_mix", lambda f: lambda matrices, x: f(matrices, x) + len(matrices) - 1),
    "a bias is doubled": (spec.ops.conv, "_plus", lambda f: lambda y, *b: f(y, *(2 * v for v in b))),
    "a scale is squared": (spec.ops.conv, "_gather", lambda f: lambda op, x, w, n: f(op, x, w * w, n)),
    "resampling overshoots": (Resize, "__call__", _then(lambda y: 2 * y)),
    "resampling's gradient is doubled": (Resize, "vjp", _then(lambda grads: (2 * grads[0],))),
    "the gradient of weaving is unwoven in another order": (DepthToSpace, "vjp", _then(lambda grads: (grads[0][:, ::-1],))),
    "a parameter is found": (Parameters, "__call__", _then(lambda y: y + 1)),
    "convolution is nothing": (Conv, "__call__", _then(lambda y: 0 * y)),
    "linear is cubic": (Resize, "__call__", lambda f: lambda op, x: f(replace(op, mode="cubic", a="-1/2"), x)),
    "averages look at the middle": (AveragePool, "__call__", lambda f: lambda op, x: Resize(size=op.shape(x.shape)[2:], mode="linear")(x)),
    "adaptive averages grow": (AdaptiveAveragePool, "__call__", _then(lambda y: y * (1 + np.arange(y.shape[-1])))),
    "averages are one more": (AveragePool, "__call__", _then(lambda y: y + 1)),
    "sums are one pixel short": (SumPool, "__call__", _then(lambda y: y[..., :-1])),
}  # fmt: skip


@pytest.fixture(scope="module")
def reds() -> dict[str, list[str]]:
    """For each theorem, the first mutation under which it is broken, if there is one."""
    found: dict[str, list[str]] = {name: [] for name in THEOREMS}
    for mutation, (place, name, change) in MUTATIONS.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(place, name, change(getattr(place, name)))
            for statement, t in THEOREMS.items():
                if not found[statement] and prove(t).verdict == "failing":
                    found[statement].append(mutation)
    return found


@slow
@pytest.mark.parametrize("name", sorted(set(THEOREMS) - {"are-the-same"}))
def test_some_mutation_turns_it_red(name: str, reds: dict[str, list[str]]) -> None:
    assert reds[name], f"no entry of MUTATIONS makes {name} fail; add one"


def test_a_refuted_statement_that_comes_true_is_red() -> None:
    """Were B the same as A (here: both replaced by one function), the refutation would have no counterexample."""
    t = THEOREMS["are-the-same"]

    def alike(*args: Any, **sizes: Any) -> Any:
        left, _ = t.sides(*args, **sizes)
        return left, left

    changed = Theorem(**{**vars(t), "sides": alike})
    assert prove(t).verdict == "false"
    assert prove(changed).verdict == "failing"


@pytest.fixture(scope="module")
def proofs() -> dict[str, Any]:
    return {proof.theorem.name: proof for proof in prove_all()}


def test_enough_is_stated(proofs: dict[str, Any]) -> None:
    assert len(proofs) >= 100
    assert sorted(p.theorem.claim for p in proofs.values() if p.theorem.claim) == list(range(1, 11))


def test_every_theorem_is_as_stated(proofs: dict[str, Any]) -> None:
    for proof in proofs.values():
        t = proof.theorem
        assert proof.verdict == ("false" if t.refuted else "holds if" if t.when else "holds"), (t.name, proof.reason)
        assert t.statement, t.name
        assert t.source, t.name
        assert proof.native, t.name
        assert set(t.see) <= set(proofs), t.name


def test_the_claims_verdicts(proofs: dict[str, Any]) -> None:
    by_number = {p.theorem.claim: p.verdict for p in proofs.values() if p.theorem.claim}
    expected = {1: "holds", 2: "holds if", 3: "holds if", 4: "holds if", 5: "holds", 6: "holds", 7: "holds if", 8: "holds if"}
    assert by_number == expected | {9: "holds", 10: "false"}


def test_counterexamples_are_found_by_search_and_are_asked_natively(proofs: dict[str, Any]) -> None:
    for proof in proofs.values():
        if proof.theorem.refuted or proof.theorem.when:
            assert proof.counterexample
            assert not proof.counterexample.equal
            assert proof.counterexample.text in {case.text for case in proof.native}


def _named(name: str, sides: Callable[..., Any], **more: Any) -> Theorem:
    """A theorem of the test's own, taken off the list again."""
    sides.__name__ = name
    theorem(more.pop("sizes", {"n": [1, 2, 3]}), source="a test", **more)(sides)
    return THEOREMS.pop(name.replace("_", "-"))


def test_a_theorem_that_is_vacuous_everywhere_is_broken() -> None:
    def sides(draw: Any, n: Any) -> Any:
        raise Impossible("never")

    proof = prove(_named("empty", sides))
    assert proof.verdict == "failing"
    assert "vacuous" in proof.reason


def test_a_condition_that_excludes_nothing_is_broken() -> None:
    def sides(draw: Any, n: Any) -> Any:
        x = draw(1, 1, *n)
        return Side(Upsample(factor=(1,) * len(n)), x), x

    proof = prove(_named("needless", sides, when=("n is 1", lambda n: set(n) == {1})))
    assert proof.verdict == "failing"
    assert "excludes nothing" in proof.reason


def test_a_false_theorem_is_broken_and_shown() -> None:
    def sides(draw: Any, n: Any) -> Any:
        x = draw(1, 1, *n)
        return Side(Upsample(factor=(2,) * len(n)), x), Side(ZeroInsert(factor=(2,) * len(n)), x)

    proof = prove(_named("wrong", sides))
    assert proof.verdict == "failing"
    assert proof.counterexample
    assert proof.counterexample.sizes == {"n": (1,)}


def test_the_smallest_counterexample_is_nearest_to_zero() -> None:
    def sides(draw: Any, n: Any, a: Any) -> Any:
        x = draw(1, 1, *n)
        return Side(Pad(padding=tuple((i, 0) for i in a)), x), Side(Pad(padding=tuple((0, i) for i in a)), x)

    proof = prove(_named("one_sided", sides, sizes={"n": [4], "a": [-2, -1, 0, 1, 2]}))
    assert proof.counterexample
    assert proof.counterexample.sizes["a"] == (-1,)


def test_sums_that_a_float_cannot_hold_are_noticed() -> None:
    def sides(draw: Any, n: Any) -> Any:
        x = draw(1, 1, *n)
        return Side(Conv(stride=(1,) * len(n)), x, np.full((1, 1, *n), 1 << 24)), x

    with pytest.raises(ValueError, match="float32"):
        prove(_named("large", sides))


@slow
@pytest.mark.parametrize("name", ["kernel-flipped", "one-pixel-late", "input-gradient-doubled", "crop-on-the-other-side"])
@needs("torch")
def test_a_wrong_framework_breaks_theorems(name: str) -> None:
    asked = prove_all(["input-gradient", "zero-insertion", "nearest-then-convolution", "one-pixel-off"])
    report = Run([], [MUTANTS[name]], suite={}, prove=lambda: asked).go()
    assert report.summary.failing
    assert report.summary.exit == 1


@needs("torch")
def test_a_framework_that_cannot_say_any_case_breaks_the_theorem() -> None:
    report = Run([], [MUTANTS["declines-everything"]], suite={}, prove=lambda: prove_all(["stride-one"])).go()
    assert {r.verdict for r in report.records} == {"vacuous"}
    assert report.summary.failing == ["stride-one"]
    assert report.summary.exit == 1


@needs("torch")
def test_a_theorem_of_which_a_runtime_is_known_to_compute_nothing_is_left_out() -> None:
    known = Known(
        id="declines", runtimes=("torch",), versions={}, verdict="not offered", when=lambda op, at, facts: True, reason="", link="",
    )  # fmt: skip
    asked = prove_all(["stride-one"])
    report = Run([], [replace(MUTANTS["declines-everything"], name="torch")], suite={}, known=[known], prove=lambda: asked).go()
    assert {(r.verdict, r.known) for r in report.records} == {("vacuous", "declines")}
    assert report.theorems["stride-one"].runtimes == {}
    assert report.summary.failing == []


@slow
@needs("torch")
def test_an_honest_framework_holds_them_all() -> None:
    report = Run([], named("torch"), suite={}, prove=prove_all).go()
    assert report.summary.failing == []
    assert report.summary.exit == 0


def test_the_quick_suite_runs_a_sample_of_each_theorem_and_small_suites_none() -> None:
    natives = {suite: Plan(backends=[], runtimes=[], suite=suite) for suite in ("quick", "standard", "models", "calls")}
    assert [suite for suite, plan in natives.items() if plan.theorems] == ["quick", "standard"]
    names = ["zero-insertion", "are-the-same"]
    few, more = ([len(proof.native) for proof in prove_all(names, sample=sample)] for sample in (True, False))
    assert all(a <= SAMPLED + 1 < b for a, b in zip(few, more, strict=True)), (few, more)
    quick = {proof.theorem.name: len(proof.native) for proof in natives["quick"].prove()}
    assert [quick[name] for name in names] == few
