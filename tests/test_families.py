"""Families of linear maps: against brute force over a small field, against formulas, and with every part broken once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import spec.families.exact
import spec.families.layers
import spec.families.lengths
import spec.families.maps
import spec.families.phases
import spec.families.relation
import spec.families.wider
from spec import Impossible, Upsample, ZeroInsert
from spec.families.maps import Family
from spec.families.relation import related
from tests.family_checks import CHECKS, brute_force, family, founding, longer_lengths, maps_of_weights
from tests.tiers import sampled, slow
from verify.plan.suites import cases


@pytest.mark.parametrize("name", CHECKS)
def test_families(name: str) -> None:
    CHECKS[name]()


@slow
@pytest.mark.parametrize("seed", range(10))
def test_brute_force_over_a_small_field(seed: int) -> None:
    brute_force(50, 100 + seed)
    maps_of_weights(50, 100 + seed)
    longer_lengths(30, 100 + seed)


@pytest.mark.parametrize("k", sampled(range(1, 7), 1, 2, 3))
def test_the_founding_question_in_2d(k: int) -> None:
    founding(range(k, k + 1), axes=2)


APART = {case.op.name: case for case in cases("quick") if len(case.op.steps) == 1 and not case.w and case.op.apart}


@pytest.mark.parametrize("name", APART)
def test_an_operation_that_says_so_keeps_channels_apart(name: str) -> None:
    """One that moves numbers between channels must say that it does not (Operation.apart)."""
    case = APART[name]
    x = np.random.default_rng(0).integers(-9, 10, (2, 12, *case.x[2:])).astype(float)
    assert np.allclose(case.op(x), np.concatenate([case.op(x[:, c : c + 1]) for c in range(12)], axis=1))


# ---- each part broken once ----

Broken = Callable[[Any], Any]


def _then(change: Callable[[Any], Any]) -> Broken:
    return lambda honest: lambda *args, **more: change(honest(*args, **more))


def _in_floats(_: Callable[..., Any]) -> Callable[..., Any]:
    return lambda vectors: int(np.linalg.matrix_rank(np.asarray(vectors, float)))


def _without_the_last_column(honest: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *groups: tuple(group[:, :-1] for group in honest(*groups))


MUTANTS: dict[str, tuple[object, str, Broken, str]] = {
    "ranks are by floats": (spec.families.exact, "rank", _in_floats, "exact_ranks"),
    "a distinct column is lost": (spec.families.exact, "distinct", _without_the_last_column, "brute_force"),
    "the sum of two spaces is the larger one": (
        spec.families.relation, "rank", lambda f: lambda rows: f(rows[: max(len(rows) // 2, 1)]), "brute_force"),
    "combinations are turned around": (
        spec.families.relation, "expressed", _then(lambda p: p if p is None else p[:, ::-1]), "maps_of_weights"),
    "everything can be expressed": (
        spec.families.relation, "expressed", lambda f: lambda v, by: np.zeros((len(v), len(by)), object), "brute_force"),
    "nothing can be expressed": (spec.families.relation, "expressed", lambda f: lambda v, by: None, "itself"),
    "the basis lacks a kernel": (spec.families.maps, "_basis", _then(lambda w: w * (np.arange(w.shape[-1]) > 0)), "founding"),
    "upsampling is zero insertion": (spec.families.maps, "each_axis", _then(lambda lines: [*map(_sparse, lines)]), "founding"),
    "groups are ignored": (Family, "channels", lambda _: property(lambda self: np.ones((self.y[1], self.x[1]), int)), "channels"),
    "all axes are the first": (Family, "along", lambda f: lambda self, axis, n=None: f(self, 0, n), "axes_apart"),
    "a program without weights is free": (spec.families.relation, "_pairs", lambda f: lambda a: 2, "fixed_programs"),
    "a witness is any tap": (spec.families.relation, "_shows", _then(lambda found: (0, (0,))), "brute_force"),
    "the reach is too short": (spec.families.lengths, "reach", _then(lambda r: r and r._replace(pixels=1)), "lengths_that_matter"),
    "the period is 1": (spec.families.lengths, "reach", _then(lambda r: r and r._replace(period=1)), "lengths_that_matter"),
    "phases start late": (spec.families.phases, "reach", _then(lambda r: r and r._replace(phases=r.phases + 1)), "checkerboards"),
    "gain is counted near the border": (
        spec.families.phases, "reach", _then(lambda r: r and r._replace(pixels=1, period=0)), "checkerboards"),
    "crops are put at the end alone": (spec.families.wider, "put", lambda f: lambda v, i, x: f(v, i, _last(x)), "smallest_kernels"),
    "the first wider kernel is taken": (spec.families.wider, "expressed", lambda f: lambda v, by: 1, "smallest_kernels"),
    "the rank of the Jacobian is one less": (spec.families.layers, "rank", _then(lambda r: r - 1), "two_layers"),
    "a span is a variety": (spec.families.relation, "_word", lambda f: lambda a, b, n, _: f(a, b, n, (1, 1)), "two_layers"),
}  # fmt: skip


def _sparse(line: Any) -> Any:
    return ZeroInsert(factor=line.factor) if isinstance(line, Upsample) else line


def _last(value: Any) -> Any:
    return (0, sum(value)) if isinstance(value, tuple) and len(value) == 2 and all(isinstance(n, int) for n in value) else value


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_part_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, function, broken, check = MUTANTS[name]
    monkeypatch.setattr(place, function, broken(getattr(place, function)))
    with pytest.raises(AssertionError):
        CHECKS[check]()


# ---- what is no space ----

REFUSED = {
    "MaxPool(kernel=(2,)) >> Conv(stride=(1,))": "MaxPool is not linear in its input",
    "Pad(padding=((1, 1),), value=3) >> Conv(stride=(1,))": "adds a constant",
    "Lanczos(size=(9,)) >> Conv(stride=(1,))": "coefficients that are no fractions",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_linear_space_is_refused(text: str) -> None:
    with pytest.raises(Impossible, match=REFUSED[text]):
        family(text, (1, 1, 6), (1, 1, 2))


def test_three_layers_and_other_inputs_are_refused() -> None:
    conv, w = "Conv(stride=(1,))", (1, 1, 2)
    with pytest.raises(Impossible, match="at most 2"):
        family(f"{conv} >> {conv} >> {conv}", (1, 1, 9), w, w, w)
    with pytest.raises(Impossible, match="the same input"):
        related(family(conv, (1, 1, 9), w), family(conv, (1, 1, 8), w))
    with pytest.raises(Impossible, match="neither program has weights"):
        related(family("Upsample(factor=(2,))", (1, 1, 9)), family("Upsample(factor=(2,))", (1, 1, 9)))
