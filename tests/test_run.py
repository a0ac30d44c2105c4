"""A whole run: nothing is dropped, known deviations explain and go stale, floors hold, the exit status follows."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from threadpoolctl import threadpool_info

from backends import Backend, found, named
from backends.known import Known, everything
from spec import Case, ConvTranspose, Impossible, parse_case
from spec.case import FLOATS, INTEGERS
from tests.command import needs
from tests.mutants import MUTANTS, aspect
from tests.tiers import sampled, slow
from verify.execute.environment import missing
from verify.judge.reference import Reference
from verify.plan.plan import NothingToAsk
from verify.plan.suites import ASPECTS, SPECIAL, cases
from verify.plan.work import before
from verify.record import Diagnosis, Report, save
from verify.report import terminal
from verify.run import Run, exact_form

pytestmark = needs("torch")

ASKED = [parse_case(f"ConvTranspose(stride=(2,), crop=((0, {hi}),)) x=(1, 2, 3) w=(2, 3, 3)") for hi in (0, 1)]
CROPPED = Known(
    id="crop", runtimes=("crop-*",), versions={"torch": ">=2"}, verdict="differ", reason="a mutant", link="no upstream report found",
    when=lambda op, at, env: isinstance(op, ConvTranspose) and op.crop != ((0, 0),), outputs=("y", "dx", "dw"),
)  # fmt: skip


def _run(*backends: Backend, known: list[Known], minimum_agreement: float = 0.0) -> Run:
    return Run(ASKED, list(backends), suite={}, known=known, minimum_agreement=minimum_agreement)


@pytest.fixture(scope="module")
def shifted() -> Run:
    """A mutant's run, to be concluded with one list of known deviations after the other."""
    run = _run(MUTANTS["crop-on-the-other-side"], known=[])
    run.go()
    return run


def test_what_differed_by_its_digest_is_reported_by_its_values(shifted: Run) -> None:
    """A digest tells that something is wrong; run again individually, all values come back, and a mistake is looked for."""
    wrong = [r for r in shifted.report().records if r.verdict == "differ"]
    assert wrong
    assert all(r.difference and " of " in r.reason for r in wrong)


def test_expected_values_that_are_not_kept_are_computed_again(monkeypatch: pytest.MonkeyPatch, shifted: Run) -> None:
    dropped: list[Case] = []
    without = Reference.without_values
    monkeypatch.setattr("verify.run.LARGE", 0)
    monkeypatch.setattr(Reference, "without_values", lambda self: (dropped.append(self.case), without(self))[1])
    both = _run(MUTANTS["crop-on-the-other-side"], MUTANTS["one-pixel-late"], known=[])
    records = [r for r in both.go().records if r.runtime == "crop-on-the-other-side"]
    assert dropped
    assert records == shifted.report().records


def test_references_are_computed_in_one_thread_and_others_get_their_threads_back() -> None:
    """Beside busy workers a second thread of BLAS waits more than it computes."""
    seen: list[set[int]] = []
    before = _blas_threads()
    run = _run(*named("torch"), known=[])
    run.watch = lambda runtime, doing, done: seen.append(_blas_threads())
    run.go()
    assert seen
    assert set.union(*seen) <= {1}
    assert _blas_threads() == before


def _blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def _concluded(run: Run, *known: Known) -> Report:
    run.known = list(known)
    return run.report()


def test_of_several_explanations_the_one_of_most_results_is_given() -> None:
    """On two to four pixels a shift is also a flip, another padding, another crop."""
    shifted = [q for q in cases("quick", dtypes=["float64"]) if q.op.rank == 1 and q.check == "values" and q.data == "integers"][:24]
    report = Run(shifted, [MUTANTS["one-pixel-late"]], suite={}, known=[]).go()
    words = {r.diagnosis for r in report.records if r.verdict == "differ" and r.output == "y"}
    assert "matches: result shifted by one pixel later, wrapped around (spatial axis 0)" in words
    assert len(words) <= 2


def test_explanations_are_counted_whatever_their_amounts() -> None:
    run = _run(MUTANTS["crop-on-the-other-side"], known=[])
    run.go()
    ran = run.ran["crop-on-the-other-side"]
    for i, (case, text, judged) in enumerate(ran.judged):
        accidental, often = Diagnosis(f"mistake number {i}"), Diagnosis("zeros at the last indices", value=f"the last {i}")
        ran.judged[i] = (case, text, replace(judged, equals=(accidental, often)))
    assert {r.matches.hypothesis for r in run.report().records if r.matches} == {"zeros at the last indices"}


def test_a_known_deviation_explains_what_fits_it_and_nothing_else(shifted: Run) -> None:
    report = _concluded(shifted, CROPPED)
    assert report.summary.exit == 0
    assert {r.known for r in report.records if r.verdict == "differ"} == {"crop"}
    assert {r.known for r in report.records if r.verdict == "agree"} == {None}
    assert report.known["crop"].matched == 3


@pytest.mark.parametrize(
    "other",
    [
        {"verdict": "raised"}, {"runtimes": ("jax",)}, {"versions": {"torch": "<2"}}, {"versions": {"keras": ">=3"}},
        {"outputs": ("y",)}, {"message": "something else"}, {"when": lambda op, at, env: False},
    ],
)  # fmt: skip
def test_a_record_that_does_not_fit_explains_nothing(other: dict[str, object], shifted: Run) -> None:
    report = _concluded(shifted, replace(CROPPED, **other))  # type: ignore[arg-type]
    assert report.summary.exit == 1
    assert report.summary.unexpected > 0


def test_a_record_of_what_now_agrees_is_stale_and_fails_the_run() -> None:
    stale = replace(CROPPED, runtimes=("torch",))
    run = _run(*named("torch"), known=[stale])
    report = run.go()
    assert report.summary.unexpected == 0
    assert report.summary.no_longer_occur == ["crop"]
    assert report.summary.exit == 1
    assert _concluded(run, replace(stale, sometimes=True)).summary.exit == 0


def test_known_or_not_a_runtime_must_stay_above_the_floor() -> None:
    everything_declined = replace(CROPPED, runtimes=("declines-*",), verdict="not offered", when=lambda op, at, env: True)
    declines = MUTANTS["declines-everything"]
    assert _run(declines, known=[everything_declined]).go().summary.exit == 0
    floored = _run(declines, known=[everything_declined], minimum_agreement=0.85).go()
    assert floored.summary.below_minimum == ["declines-everything agrees on 0% of its results, less than 85%"]
    assert floored.summary.exit == 1


def test_nothing_asked_is_an_error() -> None:
    with pytest.raises(NothingToAsk):
        Run([], named("torch"), suite={})
    with pytest.raises(NothingToAsk):
        Run(ASKED, [], suite={})


def test_a_question_too_large_for_exactness_is_refused() -> None:
    with pytest.raises(Impossible, match="too many products"):
        Run([parse_case("Conv(stride=(1,)) x=(1, 1, 17000000) w=(1, 1, 1)")], named("torch"), suite={})


@slow
def test_where_no_draw_decides_a_smaller_question_is_asked_too() -> None:
    """bfloat16 has no exact answer for 3,200 terms: that case is judged by the bound, and says that nothing is excluded."""
    large = "Conv(stride=(1,)) x=(2, 640, 9) w=(8, 640, 5) bfloat16 seed=3"
    report = Run([parse_case(large)], named("torch"), suite={}).go()
    missed = {r.case: r.missed_probability for r in report.records}
    assert len(missed) == 2
    assert missed.pop(large) == 1
    assert all(p is not None and p <= 2**-30 for p in missed.values())
    small = next(iter(missed))
    assert {r.case: r.reduced_from for r in report.records} == {large: "", small: large}
    console = Console(file=io.StringIO(), width=200)
    terminal.table(report, console, quiet=False)
    assert f"added a smaller case: {small}\n  since {large} adds" in console.file.getvalue()  # type: ignore[attr-defined]
    both = Run([parse_case(large), parse_case(small)], named("torch"), suite={})
    assert [ask.reduced_from for ask in both.asks] == ["", ""]


@pytest.mark.parametrize(
    "large",
    [
        "Conv(stride=(1,)) x=(1, 640, 5) w=(8, 640, 5) bfloat16",
        "Conv(stride=(1, 1)) x=(1, 640, 5, 5) w=(8, 640, 5, 5) bfloat16",
        "Conv(stride=(3,)) x=(1, 640, 5) w=(8, 640, 5) bfloat16",
        "Conv(stride=(1,), padding=((-2, -2),)) x=(1, 640, 9) w=(8, 640, 5) bfloat16",
        "SumPool(kernel=(60, 60)) x=(1, 1, 61, 61) bfloat16",
        "Conv(stride=(1,)) >> Conv(stride=(1,)) x=(1, 64, 6) w=(64, 64, 3) w=(64, 64, 4) bfloat16",
    ],
)
def test_a_smaller_form_is_never_empty(large: str) -> None:
    """Of an answer without values every implementation is right."""
    (form,) = exact_form(parse_case(large))
    assert all(form.y)


@pytest.mark.parametrize("form", sampled(["path", "module"], "path"))
def test_what_is_known_of_torch_is_not_known_of_another_file_that_says_torch(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it have torch's minimum agreement."""
    empty = "Conv(stride=(1,)) x=(1, 1, 2) w=(1, 1, 3)"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "__init__.py").touch()
    (tmp_path / "elsewhere" / "mine.py").write_text("from backends.torch.write import *\n")
    monkeypatch.syspath_prepend(tmp_path)
    theirs = named(str(tmp_path / "elsewhere" / "mine.py") if form == "path" else "elsewhere.mine")
    assert [b.name for b in theirs] == ["torch"]
    for backends, known in ((named("torch"), {"torch-empty-convolution"}), (theirs, {None})):
        report = Run([parse_case(empty)], backends, suite={}).go()
        assert {r.verdict for r in report.records} == {"raised"}
        assert {r.known for r in report.records} == known
    low = Run([parse_case(empty)], theirs, suite={}, minimum_agreement=0.01).go().summary.below_minimum
    assert low == ["torch agrees on 0% of its results, less than 1%"]


def test_every_runtime_agrees() -> None:
    """A sample of the suites: one or two cases of each operation that every runtime offers, in one run of all that are installed."""
    every = [b for b in found().values() if not missing(b)]
    run = Run([parse_case(text) for text in EVERYWHERE], every, suite={})
    report = run.go()
    assert report.summary.exit == 0
    assert {name for name, r in report.runtimes.items() if r.status == "ran"} == {b.name for b in every}
    asked = {(b.name, repr(q)) for b in every for q in run.cases}
    assert {(r.runtime, r.case) for r in report.records if r.verdict == "agree"} == asked


EVERYWHERE = [
    "Conv(stride=(2,), padding=((1, 2),)) x=(2, 3, 6) w=(4, 3, 4)",
    "ConvTranspose(stride=(2,), crop=((0, 1),)) x=(2, 3, 5) w=(3, 2, 3) float32 normal",
    "AveragePool(kernel=(2,), stride=(2,)) x=(2, 3, 6)",
    "MaxPool(kernel=(2,), stride=(2,)) x=(2, 3, 6) float32 distinct",
    "Upsample(factor=(2, 3)) x=(1, 2, 3, 4)",
    "Upsample(factor=(2,)) >> Conv(stride=(1,)) x=(1, 2, 4) w=(3, 2, 3)",
]


@slow
def test_references_that_memory_does_not_hold_are_computed_again(shifted: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of real numbers; of whole ones digests are kept, which take next to nothing."""
    asked = [parse_case(f"Upsample(factor=(2,)) x=(1, 2, {n}) float32 normal") for n in range(1, 13)]
    kept: dict[float, list[int]] = {}
    records = []
    for held in (float("inf"), 1.0):
        monkeypatch.setattr("verify.run.HELD", held)
        run = Run(asked, shifted.backends, suite={}, known=[])
        seen = kept.setdefault(held, [])
        run.watch = lambda runtime, doing, done, run=run, seen=seen: seen.append(len(run._references))
        records.append(run.go().records)
        assert run._held == sum(before(reference.case).bytes for reference in run._references.values())
    assert records[0] == records[1]
    assert max(kept[float("inf")]) > 1 >= max(kept[1.0])
    whole = Run([replace(case, data="integers") for case in asked], shifted.backends, suite={}, known=[])
    whole.watch = lambda runtime, doing, done: kept[1.0].append(len(whole._references))
    whole.go()
    assert max(kept[1.0]) > 1
    assert whole._held == 0


@slow
def test_the_same_seed_gives_the_same_records(shifted: Run) -> None:
    again = _run(*shifted.backends, known=[]).go()
    assert any(r.verdict == "differ" for r in again.records)
    assert again.records == _concluded(shifted).records


def test_every_record_says_why_and_where() -> None:
    records = everything()
    assert len({k.id for k in records}) == len(records)
    for known in records:
        assert known.link.startswith("https://") or known.link == "no upstream report found", known.id
        assert known.reason, known.id
        assert known.versions, known.id
        assert known.verdict != "raised" or known.message, known.id
        assert not known.sometimes or all("<" in s for s in known.versions.values()), known.id


@slow
def test_suites_grow_and_repeat_nothing() -> None:
    quick, standard = ({repr(q) for q in cases(suite)} for suite in ("quick", "standard"))
    assert len(quick) >= 60
    assert len(standard) >= 500
    assert {len(q.op.steps) for q in cases("quick")} == {1, 2}


@pytest.mark.parametrize("suite", sampled(["quick", "standard"], "quick"))
def test_suites_break_symmetry(suite: str) -> None:
    """Both parities of length, kernel and stride; asymmetric and negative pads and crops; groups; every rank and dtype."""
    asked = cases(suite)
    steps = [(q, op) for q in asked for op in q.op.steps]
    convs = [(q, op) for q, op in steps if op.name in ("Conv", "ConvTranspose") and len(q.op.steps) == 1]
    for name in ("Conv", "ConvTranspose"):
        for rank in (1, 2, 3):
            own = [(q, op) for q, op in convs if op.name == name and op.rank == rank]
            pairs = [pair for _, op in own for pair in (op.padding if name == "Conv" else op.crop)]  # type: ignore[attr-defined]
            assert {n % 2 for q, _ in own for n in q.x[2:]} == {0, 1}
            assert {n % 2 for q, _ in own for n in q.w[0][2:]} == {0, 1}
            assert {s % 2 for _, op in own for s in op.stride} == {0, 1}  # type: ignore[attr-defined]
            assert any(lo < hi for lo, hi in pairs)
            assert any(lo > hi for lo, hi in pairs)
            assert any(lo < 0 for lo, _ in pairs)
            assert any(op.groups > 1 for _, op in own)  # type: ignore[attr-defined]
            assert any(max(op.stride) > 1 and max(op.dilation) > 1 for _, op in own)  # type: ignore[attr-defined]
            assert {q.dtype for q, _ in own} == {*FLOATS, *(INTEGERS if suite == "standard" else ())}
            assert {aspect(q) for q, _ in own} - set(SPECIAL) == set(ASPECTS)
            assert suite == "quick" or {aspect(q) for q, _ in own} >= set(SPECIAL)


def test_special_data_are_few_in_quick_and_a_dozen_of_each_in_standard() -> None:
    assert {q.data for q in cases("quick", data=SPECIAL)} == set(SPECIAL)
    assert len(cases("quick", data=SPECIAL)) <= 12
    asked = cases("standard", data=SPECIAL)
    for data in SPECIAL:
        own = [q for q in asked if q.data == data]
        assert len(own) >= 12
        assert {q.dtype for q in own} == set(SPECIAL[data])
        assert {"Conv", "ConvTranspose"} <= {q.op.name for q in own}
    for data in ("zeros", "nans", "infinities"):
        assert {"MaxPool", "AdaptiveMaxPool", "Pad", "Resize"} <= {q.op.name for q in asked if q.data == data}


@slow
def test_the_records_are_listed_with_what_they_explain(tmp_path: Path) -> None:
    """`concordant known`: what explains, what is stale (exit status 1), what nothing was asked of; no report is exit status 2."""

    def listed(folder: Path) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "concordant", "known", str(folder / "report.json")]
        return subprocess.run(words, capture_output=True, text=True)

    empty = parse_case("Conv(stride=(1,)) x=(1, 1, 2) w=(1, 1, 3)")
    save(Run([empty], named("torch"), suite={}).go(), tmp_path / "report.json")
    done = listed(tmp_path)
    assert done.returncode == 0
    assert "torch-empty-convolution  covers 3" in done.stdout
    assert "jax-conv-transpose-groups  no case it covers was run" in done.stdout

    stale = replace(next(k for k in everything() if k.id == "torch-empty-convolution"), when=lambda op, at, env: True)
    save(Run(ASKED, named("torch"), suite={}, known=[stale]).go(), tmp_path / "stale" / "report.json")
    done = listed(tmp_path / "stale")
    assert done.returncode == 1
    assert "no longer occurs: 6 agree" in done.stdout
    assert listed(tmp_path / "nowhere").returncode == 2


@pytest.mark.parametrize(("suite", "enough"), [("quick", False), ("calls", True)])
def test_the_table_of_minimum_agreement_is_not_about_suites_of_few_cases(suite: str, enough: bool) -> None:
    """Half the results raise, as is known: enough for `calls`, whose own share is a half."""
    conv, too_wide = ("Conv(stride=(1,)) x=(1, 2, 3) w=(3, 2, 2)", "Conv(stride=(1,)) x=(1, 2, 3) w=(3, 2, 4)")
    run = Run(list(map(parse_case, (conv, too_wide))), list(named("torch")), suite={"name": suite}, minimum_agreement=0.5)
    assert (run.go().summary.below_minimum == []) is enough
