"""A new operation is made up, sampled, judged and minimised from what it declares itself, without a list of operations anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from backends import Backend, named
from spec import Case, Impossible, MaxUnpool, parse, parse_case
from spec.operation import Domain, coordinates, indices, size
from tests.command import NUMPY, backend_file
from tests.new_operations import MUTANTS, NEW, RIGHT, public
from tests.random_cases import cases
from tests.tiers import sampled, slow
from verify.execute.worker import numbers
from verify.explain.findings import NOT_SHOWN, find
from verify.explain.minimize import cost, plainer_numbers, smaller
from verify.fuzz import proposed, region
from verify.grouping import unexpected
from verify.judge.reference import Reference
from verify.record import FINE
from verify.run import Run


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    with public():
        yield


COMPUTED = ("integers", "distinct", "ties", "normal", "wide", "impulses", "cancelling")


@cache
def asked(*names: str) -> list[Case]:
    """What the search makes up of these operations, as far as NumPy computes it as promised."""
    made = {repr(q): q for seed in range(5) for q in proposed(names, seed, 120)}
    found = [q for q in made.values() if q.dtype not in ("float16", "bfloat16")]
    return [q for q in found if q.check == "values" and q.data in COMPUTED]


def backend(folder: Path, old: str = "", new: str = "") -> Backend:
    assert old in RIGHT
    (found,) = named(str(backend_file(folder, NUMPY + RIGHT.replace(old, new))))
    return found


@pytest.mark.parametrize("name", sampled(NEW, "Bilinear"))
def test_it_is_made_up_in_many_shapes(name: str) -> None:
    found = asked(name)
    assert len(found) > 20
    assert len({region(q) for q in found}) > 5
    assert {step.rank for q in found for step in q.op.steps} == {1, 2, 3}
    if NEW[name](step=(1,)).free():
        assert len({step.sizes(*w) for q in found for step, w in q.op.dealt(q.w)}) > 3
    for q in found:
        assert parse_case(repr(q)) == q


@pytest.mark.parametrize("name", sampled(NEW, "Bilinear"))
def test_a_right_backend_agrees(name: str, tmp_path: Path) -> None:
    found = asked(name)[::2]
    report = Run(found, [backend(tmp_path)], suite={}, known=[], timeout=20).go()
    assert {r.verdict for r in report.records if r.verdict not in FINE} == set(), next(r for r in report.records if r.verdict not in FINE)
    agreed = {r.output for r in report.records if r.verdict == "agree"}
    assert agreed == ({"y", "dx"} if name == "Gather" else {r.output for r in report.records})


SMALLEST = {  # or smaller: of Gather it depends on the indices drawn whether a line of two shows it
    "DepthwiseScale": "DepthwiseScale(step=(1,)) x=(1, 2, 1) w=(1, 2, 1)",
    "Bilinear": "Bilinear(step=(1,)) x=(1, 1, 1) w=(1, 1, 2) w=(1, 2, 1)",
    "Gather": "Gather(step=(1,)) x=(1, 1, 3) w=(1, 1, 1)",
}


@pytest.mark.parametrize("name", sampled(NEW, "Bilinear"))
def test_a_mutant_is_caught_and_minimised(name: str, tmp_path: Path) -> None:
    found = [q for q in asked(name) if q.data == "integers" and len(q.op.steps) == 1 and q.dtype in ("float32", "float64")]
    run = Run(found[:20], [backend(tmp_path, *MUTANTS[name])], suite={}, known=[], timeout=20)
    report = run.go()
    groups = [group for group in unexpected(report) if group[0].output == "y" and group[0].verdict == "differ"]
    assert groups
    (finding,) = find(report, groups[:1], run.backends, [], timeout=20, seconds=100)
    smallest, here = parse_case(SMALLEST[name]), parse_case(finding.case)
    assert here.op == smallest.op
    assert all(size(a) <= size(b) for a, b in zip((here.x, *here.w), (smallest.x, *smallest.w), strict=True))
    assert not [note for note in NOT_SHOWN.values() if note in finding.script]


def test_a_program_of_it_is_taken_apart(tmp_path: Path) -> None:
    """Gather turns a plane into a line, on which a convolution follows."""
    q = parse_case("Gather(step=(1, 2)) >> Conv(stride=(1,)) x=(2, 3, 4, 5) w=(2, 3, 6) w=(2, 3, 1) float64")
    assert q.y == (2, 2, 6)
    report = Run([q], [backend(tmp_path)], suite={}, known=[], timeout=20).go()
    assert {r.verdict for r in report.records if r.output != "dw0"} == {"agree"}
    assert {r.operations for r in report.records} == {("Gather", "Conv")}
    fewer = {(other.op.name, other.op.rank, len(other.op.steps)) for other in smaller(q)}
    assert {("Gather", 2, 1), ("Conv", 1, 1), ("Program", 1, 2)} <= fewer
    with pytest.raises(Impossible, match="Gather gives 1, but Conv takes 2"):
        parse("Gather(step=(1, 1)) >> Conv(stride=(1, 1))")


@slow
def test_every_smaller_form_is_possible_and_it_ends() -> None:
    for q in asked(*NEW)[:25]:
        for other in smaller(q):
            assert cost(other) < cost(q)
        while found := smaller(q):
            q = found[-1]
        assert (q.x, len(q.op.steps)) == ((1, 1, 1), 1)


@pytest.mark.parametrize("q", list(islice(cases(seed=11), 40)), ids=repr)
def test_free_sizes_give_the_shapes_back(q: Case) -> None:
    for op, x, w, _ in q.op.walk(q.x, q.w):
        assert op.further(x, op.sizes(*w)) == tuple(w)


DOMAINS = {
    "indices": indices(7), "no index twice": indices(12, distinct=True), "coordinates": coordinates(-2, 1, 8), "one": indices(1),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["integers", "normal", "nan", "impulses", "ties"])
@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_what_has_a_domain_is_sampled_from_all_of_it(domain: Domain, kind: str) -> None:
    shapes = [(40, 3, 4), (40, 3, 4), (40, 3, 4), (2, 3, 1)]
    x, _, drawn, weight = numbers(kind, 5, 0, shapes, radius=3, unit=1, dtype="float32", domains=[domain, None])
    values = {n / domain.parts for n in range(domain.least, domain.greatest + 1)}
    assert set(drawn.ravel().tolist()) == values
    if domain.distinct:
        assert all(len(set(plane.tolist())) == 4 for plane in drawn.reshape(-1, 4))
    undomained = numbers(kind, 5, 0, shapes, radius=3, unit=1, dtype="float32")
    np.testing.assert_array_equal(x, undomained[0])
    np.testing.assert_array_equal(weight, undomained[3])


def test_what_no_sample_fits_is_refused() -> None:
    q = parse_case("MaxUnpool(size=(3,)) x=(1, 1, 4) w=(1, 1, 4)")
    with pytest.raises(Impossible, match="too few"):
        Reference(q)
    large = Case(op=MaxUnpool(size=(300,)), x=(1, 1, 4), w=((1, 1, 4),), dtype="bfloat16")
    with pytest.raises(Impossible, match="bfloat16 does not hold them all"):
        Reference(large)
    assert Reference(parse_case("MaxUnpool(size=(4,)) x=(1, 1, 4) w=(1, 1, 4)")).outputs[0].shape == (1, 1, 4)


def test_numbers_that_have_a_domain_stay_as_they_are() -> None:
    given = (np.full((1, 1, 2), 3.0), None, np.array([[[2.0, 0.0]]]))
    kept = plainer_numbers(given, [indices(3)])
    assert kept
    assert all(w is given[2] for _, _, w in kept)
    assert any(w is not given[2] for _, _, w in plainer_numbers(given))


def test_where_an_index_has_no_gradient_nothing_is_claimed() -> None:
    reference = Reference(parse_case("Gather(step=(1,)) x=(1, 2, 3) w=(1, 2, 4)"))
    assert [bool(defined.all()) for defined in reference.defined] == [True, True, False]
    assert not reference.defined[2].any()


def test_parameters_are_no_operation() -> None:
    with pytest.raises(Impossible, match="there is no operation 'Parameters'"):
        parse("Parameters(factor=(2,))")
