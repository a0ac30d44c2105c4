"""The predicates of known deviations answer for every case, whatever a backend can write of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backends import Unsupported, steps
from backends.known import Known, everything
from spec import Case, Operation, parse_case
from tests.tiers import slow
from verify.fuzz import proposed

KNOWN = {known.id: known for known in everything()}
ENVIRONMENTS: tuple[dict[str, str], ...] = ({}, {"TF_ENABLE_ONEDNN_OPTS": "0"})

RAISED = {
    "torch-integers-resampled": "Resize(size=(3,), scale=((3, 1),), coordinates='pytorch_half_pixel', rounding='floor') x=(2, 1, 8) int8",
    "torch-empty-resize": "Resize(size=(5, 0), scale=((4, 3), (1, 5)), mode='cubic', a='-1/2') x=(1, 2, 4, 4)",
    "keras-torch-symmetric-is-edge": "Pad(padding=((0, 0), (0, 0)), mode='symmetric') x=(1, 1, 1, 1)",
}
"""Cases on which these predicates once raised an error: a translator's Unsupported, and the greatest of no numbers."""


def _random() -> Iterator[Case]:
    for ops, seed, count in (((), 0, 500), (("Resize", "Lanczos", "Pad"), 1, 200), (("Conv", "ConvTranspose"), 2, 200)):
        yield from proposed(ops, seed, count)


def _raised(known: Known, case: Case) -> list[str]:
    """What the predicate raises on the operations of a case, other than Unsupported."""
    errors = []
    for op, at in steps(case):
        for environment in ENVIRONMENTS:
            try:
                assert isinstance(known.when(op, at, environment), bool | str)
            except Unsupported:
                continue
            except Exception as error:
                errors.append(f"{known.id}: {type(error).__name__}: {error}: {case}")
    return errors


@slow
def test_no_predicate_raises_an_error_on_random_cases() -> None:
    cases = [*_random(), *map(parse_case, RAISED.values())]
    assert len(cases) > 300
    assert [error for q in cases for known in KNOWN.values() for error in _raised(known, q)] == []
    for q in cases:
        for environment in ENVIRONMENTS:
            for known in KNOWN.values():
                known.covers(q, environment)


@pytest.mark.parametrize("id", RAISED)
def test_a_deviation_does_not_cover_what_its_predicate_cannot_write(id: str) -> None:
    assert not KNOWN[id].covers(parse_case(RAISED[id]), {})


@pytest.mark.parametrize("id", ["tensorflow-pad-modes", "keras-tensorflow-pad-modes"])
def test_what_is_written_with_nothing_is_written(id: str) -> None:
    assert not KNOWN[id].covers(parse_case("Pad(padding=((0, 0),)) x=(1, 2, 5)"), {})
    assert KNOWN[id].covers(parse_case("Pad(padding=((0, 1),), mode='wrap') x=(1, 2, 5)"), {})


def test_a_composition_is_covered_by_another_step_of_it() -> None:
    """One step that cannot be written says nothing of the others."""

    def when(op: Operation, at: object, environment: dict[str, str]) -> bool:
        if op.name == "Upsample":
            raise Unsupported("there is no Upsample")
        return op.name == "SumPool"

    known = Known(id="one", runtimes=("*",), verdict="differ", reason="", link="", when=when, versions={})
    assert known.covers(parse_case("Upsample(factor=(2,)) >> SumPool(kernel=(2,)) x=(1, 1, 3)"), {})
    assert not known.covers(parse_case("Upsample(factor=(2,)) x=(1, 1, 3)"), {})


WITHOUT_AVX512, WITH_AVX512 = "avx avx2 sse4_2", "avx avx2 avx512f sse4_2"


@pytest.mark.parametrize(
    ("dtype", "onednn", "cpu", "covered"),
    [
        ("bfloat16", "on", WITH_AVX512, False), ("bfloat16", "on", WITHOUT_AVX512, True), ("bfloat16", "off", WITH_AVX512, True),
        ("float32", "on", WITH_AVX512, True),
    ],
)  # fmt: skip
def test_a_maximum_in_bfloat16_begins_with_infinity_where_onednn_computes_it(dtype: str, onednn: str, cpu: str, covered: bool) -> None:
    """That oneDNN is on is not enough: without AVX-512 it has no kernel for bfloat16."""
    case = parse_case(f"MaxPool(kernel=(1,)) x=(1, 1, 1) {dtype} infinities")
    assert KNOWN["tensorflow-max-pool-from-least-finite"].covers(case, {"onednn": onednn, "cpu_isa": cpu}) is covered


@pytest.mark.parametrize("onednn", ["on", "off"])
@pytest.mark.parametrize("op", ["MaxPool(kernel=(2, 2, 1))", "AdaptiveMaxPool(size=(3, 2, 1))"])
def test_a_3d_maximum_begins_with_the_least_finite_number_by_onednn_alone(op: str, onednn: str) -> None:
    """The same kernel is behind both operations, so that both records say so."""
    case = parse_case(f"{op} x=(3, 2, 3, 4, 3) float32 infinities seed=3")
    facts = {"onednn": onednn, "onednn_isa": "AVX2"}
    met = [k.id for k in everything() if k.id.startswith("tensorflow-max-pool-from-least-finite") and k.covers(case, facts)]
    assert len(met) == (onednn == "on")
