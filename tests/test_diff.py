"""What `concordant diff` calls worse, better or changed, and what it refuses to compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.sample_reports import BOTH, TRANSPOSE, UPSAMPLE, full, record, report
from tests.test_report_formats import HOSTILE, Page, run
from verify.grouping import sentence
from verify.record import Diagnosis, Record, Rounding, RuntimeReport, load, save
from verify.report.diff import FORMATS, Change, Comparison, Incomparable, compare

SWAPPED = Diagnosis("lo and hi of crop exchanged", "crop")


def only(old: Record, new: Record) -> Change:
    """The one change there is."""
    (change,) = compare(report([old]), report([new])).changes
    return change


@pytest.mark.parametrize(
    ("was", "now", "trend", "axis"),
    [
        ({}, {"verdict": "differ"}, "worse", "meaning"),
        ({}, {"verdict": "differ", "known": "k"}, "worse", "meaning"),
        ({}, {"verdict": "nondeterministic"}, "worse", "meaning"),
        ({"verdict": "nondeterministic"}, {"verdict": "changed argument"}, "worse", "meaning"),
        ({"verdict": "differ"}, {"verdict": "changed argument"}, "better", "meaning"),
        ({}, {"verdict": "crashed"}, "worse", "meaning"),
        ({}, {"verdict": "raised"}, "worse", "support"),
        ({}, {"verdict": "not offered"}, "worse", "support"),
        ({}, {"verdict": "imprecise"}, "worse", "precision"),
        ({}, {"verdict": "vacuous"}, "worse", "coverage"),
        ({"verdict": "raised"}, {"verdict": "differ"}, "worse", "support"),
        ({"verdict": "differ", "known": "k"}, {"verdict": "differ"}, "worse", "meaning"),
        ({"verdict": "differ", "known": "k"}, {"verdict": "raised"}, "worse", "support"),
        ({"verdict": "differ"}, {}, "better", "meaning"),
        ({"verdict": "differ"}, {"verdict": "differ", "known": "k"}, "better", "meaning"),
        ({"verdict": "raised"}, {}, "better", "support"),
        ({"verdict": "imprecise"}, {}, "better", "precision"),
        ({"verdict": "differ"}, {"verdict": "imprecise"}, "better", "meaning"),
        ({"verdict": "differ", "matches": SWAPPED}, {"verdict": "differ", "matches": Diagnosis("crop ignored")}, "changed", "meaning"),
        ({"rounding": Rounding(ratio=0.1)}, {"rounding": Rounding(ratio=0.9)}, "changed", "precision"),
    ],
    ids=str,
)  # fmt: skip
def test_a_change_has_a_trend_and_an_axis(was: dict[str, Any], now: dict[str, Any], trend: str, axis: str) -> None:
    change = only(record(**was), record(**now))
    assert (change.trend, change.axis, change.results) == (trend, axis, 1)


@pytest.mark.parametrize(
    "same",
    [{}, {"verdict": "differ", "matches": SWAPPED}, {"verdict": "raised", "reason": "at 0x1"}, {"rounding": Rounding(ratio=0.5)}],
    ids=str,
)
def test_what_is_the_same_is_no_change(same: dict[str, Any]) -> None:
    comparison = compare(report([record(**same)]), report([record(**same, native="written otherwise")]))
    assert (comparison.changes, comparison.same, comparison.regressions) == ([], 1, 0)


def test_what_is_no_longer_asked_is_worse() -> None:
    """A runtime that has gone is not passed over; one that came with right answers is a gain."""
    both, one = report([record(), record(runtime="right")]), report([record()])
    (lost,), (gained,) = compare(both, one).changes, compare(one, both).changes
    assert (lost.trend, lost.axis, lost.runtime, lost.was, lost.now) == ("worse", "coverage", "right", "agree", "never run")
    assert (gained.trend, gained.axis, gained.now) == ("better", "coverage", "agree")


def test_alike_changes_are_one_whatever_the_operation() -> None:
    wrong: dict[str, Any] = {"verdict": "differ", "matches": SWAPPED}
    in_a_step = msgspec.structs.replace(SWAPPED, step=2, where="ConvTranspose")
    old = report([record(TRANSPOSE, **wrong), record(BOTH, verdict="differ", matches=in_a_step), record()])
    (change,) = compare(old, report([record(TRANSPOSE), record(BOTH), record()])).changes
    assert (change.results, change.operations) == (2, ["ConvTranspose", "compositions"])
    assert (change.because, change.example) == ("matches: lo and hi of crop exchanged", TRANSPOSE)


def test_the_worst_comes_first() -> None:
    old = [record(), record(TRANSPOSE), record(BOTH, verdict="raised"), record(UPSAMPLE, "right")]
    new = [record(verdict="imprecise"), record(TRANSPOSE, verdict="crashed"), record(BOTH), record(UPSAMPLE, "right", "differ", known="k")]
    changes = compare(report(old), report(new)).changes
    assert [c.now for c in changes] == ["crashed", "differ (known)", "imprecise", "agree"]
    assert [c.trend for c in changes] == ["worse", "worse", "worse", "better"]


def test_versions_and_platforms_are_told() -> None:
    newer = {"left": RuntimeReport(status="ran", versions={"lib": "2.0"})}
    comparison = compare(report([record()]), report([record()], runtimes=newer, environment={"os": "macOS"}))
    assert comparison.versions["left"] == ({"lib": "1.0"}, {"lib": "2.0"})
    assert comparison.environment["os"] == ('"Linux"', '"macOS"')
    assert "left: lib 1.0 → lib 2.0" in FORMATS["text"](comparison)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "full"}, "suite's name is \"quick\" in the old report but \"full\" in the new"),
        ({"seed": 1}, "suite's seed is 0"),
        ({"ops": ["Conv"]}, "suite's ops"),
    ],
    ids=str,
)
def test_another_suite_cannot_be_compared(change: dict[str, Any], words: str) -> None:
    other = report([record()])
    with pytest.raises(Incomparable, match=words):
        compare(other, msgspec.structs.replace(other, suite=other.suite | change))


def test_nothing_in_common_cannot_be_compared() -> None:
    with pytest.raises(Incomparable, match="have no case"):
        compare(report([record()]), report([record(runtime="right")]))
    with pytest.raises(Incomparable):
        compare(report([]), report([]))


def test_json_is_the_comparison() -> None:
    comparison = compare(report([record()]), report([record(verdict="differ")]))
    told = json.loads(FORMATS["json"](comparison))
    assert told.pop("regressions") == 1
    assert msgspec.convert(told, Comparison) == comparison


def test_markdown_fits_whatever_changed() -> None:
    old = report([record(f"Op(k={n}) x=(1,)") for n in range(2000)])
    new = report([record(f"Op(k={n}) x=(1,)", verdict="differ", matches=Diagnosis(f"{'☃' * 500} {n}")) for n in range(2000)])
    text = FORMATS["md"](compare(old, new))
    assert len(text.encode()) <= 60 * 1024
    assert " more" in text


@pytest.mark.parametrize("words", HOSTILE, ids=lambda words: ascii(words[:12]))
def test_a_page_holds_words_and_tables(words: str) -> None:
    """Whatever field they stand in, in either report."""
    other = report([record()], suite=full(words).suite, environment={"os": words, words: words})
    for comparison in (compare(full(words), other), compare(other, full(words))):
        tags = Page(FORMATS["html"](comparison)).tags
        assert {tag for tag, _ in tags} <= {
            "html", "head", "meta", "title", "style", "body", "header", "h1", "ul", "li", "main", "section", "h2", "span", "div", "table",
            "thead", "tr", "th", "tbody", "td", "code", "footer", "p",
        }  # fmt: skip
        assert {name for _, attributes in tags for name in attributes} <= {
            "lang", "charset", "http-equiv", "content", "name", "id", "class", "scope", "aria-labelledby",
        }  # fmt: skip


def test_a_page_tells_the_worst_first() -> None:
    old, new = [record(), record(TRANSPOSE, verdict="raised")], [record(verdict="differ", matches=SWAPPED), record(TRANSPOSE)]
    page = FORMATS["html"](compare(report(old), report(new)))
    assert "<h1>1 worse, 1 better; 0 results the same</h1>" in page
    assert page.index("✗ worse") < page.index(SWAPPED.hypothesis) < page.index("✓ better") < page.index("raised → agree")
    same = FORMATS["html"](compare(report([record()]), report([record()])))
    assert "<h1>nothing changed; 1 result the same</h1>" in same
    assert "No result changed." in same


def test_a_terminal_obeys_nothing() -> None:
    words = "\x1b]0;owned\x07\x9b"
    text = FORMATS["text"](compare(full(words), report([record()], suite=full(words).suite)))
    assert all(c == "\n" or c.isprintable() for c in text)


@pytest.mark.parametrize(
    ("was", "now", "status"), [({}, {}, 0), ({}, {"verdict": "differ"}, 1), ({"verdict": "differ"}, {}, 0), ({}, {"runtime": "right"}, 2)]
)
def test_the_exit_status(
    was: dict[str, Any], now: dict[str, Any], status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(report([record(**was)]), tmp_path / "old" / "report.json")
    save(report([record(**now)]), tmp_path / "new" / "report.json")
    ended, printed, err = run(capsys, "diff", tmp_path / "old", tmp_path / "new" / "report.json")
    assert ended == status
    assert bool(err) == (status == 2)
    assert bool(printed) == (status != 2)


# ---- two real reports: Keras on PyTorch before and after the fix of 'same' (docs/findings/keras-3.14.0.md) ----

ONE_PIXEL = Path(__file__).parent / "reports" / "one-pixel"


def test_the_one_pixel_fix_is_named() -> None:
    """Nine answers were those of a crop with its ends exchanged, right in shape and one pixel off; they are right now, nothing is worse."""
    comparison = compare(load(ONE_PIXEL / "keras-3.14.0.json"), load(ONE_PIXEL / "keras-3.15.1.json"))
    assert comparison.versions["keras-torch"][0]["keras"] == "3.14.0"
    assert comparison.versions["keras-torch"][1]["keras"] == "3.15.1"
    assert comparison.regressions == 0
    (fix,) = (change for change in comparison.changes if change.because == sentence(SWAPPED))
    assert (fix.trend, fix.axis, fix.was, fix.now, fix.results) == ("better", "meaning", "differ", "agree", 9)
    assert fix.operations == ["ConvTranspose"]


def test_going_back_is_worse() -> None:
    comparison = compare(load(ONE_PIXEL / "keras-3.15.1.json"), load(ONE_PIXEL / "keras-3.14.0.json"))
    assert comparison.regressions == 12
    assert {change.trend for change in comparison.changes} == {"worse"}
    assert comparison.changes[0].because == sentence(SWAPPED)
