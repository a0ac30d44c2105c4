"""The verifier is attacked: every mutant is caught, and the honest backend it was made from is not."""

from __future__ import annotations

import pytest

from backends import torch
from tests.mutants import MUTANTS, Mutant
from verify.cases import questions
from verify.conclude import FINE
from verify.record import Report
from verify.run import Run

pytest.importorskip("torch")

HONEST = Mutant("torch", torch.RUNTIMES["torch"], torch)


@pytest.fixture(scope="module")
def report() -> Report:
    """All mutants and the honest backend on a part of `quick`, in one run."""
    asked = [q for q in questions("quick") if q.op.rank < 3][::5]
    return Run(asked, [HONEST, *MUTANTS.values()], suite={}, timeout=4).go()


def test_enough_was_asked(report: Report) -> None:
    assert report.summary.questions >= 60
    assert report.summary.asked == len(report.records)


def test_the_honest_backend_agrees(report: Report) -> None:
    assert {r.verdict for r in report.records if r.runtime == "torch" and r.known is None} <= set(FINE)


@pytest.mark.parametrize("name", MUTANTS)
def test_caught(name: str, report: Report) -> None:
    mutant = MUTANTS[name]
    wrong = [r for r in report.records if r.runtime == name and r.verdict not in FINE]
    assert any(r.verdict == mutant.expected and r.output in mutant.outputs for r in wrong)


@pytest.mark.parametrize(("name", "untouched"), [("wrong-input-gradient", {"y", "dw"}), ("no-weight-gradient", {"y", "dx"})])
def test_only_the_wrong_gradient_is_blamed(name: str, untouched: set[str], report: Report) -> None:
    assert {r.verdict for r in report.records if r.runtime == name and r.output in untouched and r.known is None} <= set(FINE)


@pytest.mark.parametrize("name", ["dies", "hangs"])
def test_a_fault_costs_one_question(name: str, report: Report) -> None:
    """Whatever happened to the host, every other question was answered, and right."""
    others = [r for r in report.records if r.runtime == name and r.verdict not in ("crashed", "timeout") and r.known is None]
    assert len(others) > report.summary.questions
    assert {r.verdict for r in others} <= set(FINE)
