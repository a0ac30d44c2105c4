"""What leads a report: causes, the worst first, known or not, with both codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.command import concordant
from tests.sample_reports import BOTH, TRANSPOSE, UPSAMPLE, full, record, report
from verify import hazards as module
from verify.grouping import interop
from verify.hazards import affected, hazards
from verify.record import BadReport, Difference, KnownReport, save
from verify.report.formats import FORMATS
from verify.report.hazards import core, first_screen, page, whole
from verify.report.single import told

WRONG = Difference(count=1, total=12, first=(0, 0, 1), expected="3", got="5")
KNOWN = {
    "a": KnownReport(reason="it rounds down", link="https://example.org/1", matched=2, agreed=0),
    "b": KnownReport(reason="it rounds down", link="https://example.org/1", matched=1, agreed=0),
    "c": KnownReport(reason="it has no word for it", link="no upstream report found", matched=1, agreed=0),
}
CODE = "import lib\n\n\ndef f(x):\n    x = lib.twice(x)\n    return x\n"
RECORDS = [
    record(TRANSPOSE, "left", "not offered", known="c"), record(BOTH, "left", "imprecise", data="normal"),
    record(UPSAMPLE, "left", "differ", known="a", difference=WRONG, native=CODE),
    record(UPSAMPLE, "right", native=CODE.replace("twice", "repeat")),
    record(TRANSPOSE, "right", "differ", known="b", output="dx"), record(BOTH, "right", "crashed", reason="killed by SIGSEGV"),
]  # fmt: skip


def test_causes_are_sorted_worst_first_and_one_reason_is_one_cause() -> None:
    found = hazards(report(RECORDS, known=KNOWN))
    assert [(one.sort, one.cause, one.runtimes) for one in found.hazards] == [
        ("silent", "a", ("left", "right")), ("silent", "", ("left",)), ("crash", "", ("right",)), ("cannot", "c", ("left",)),
    ]  # fmt: skip
    first = found.hazards[0]
    assert (first.sentence, first.link, first.cases) == ("it rounds down", "https://example.org/1", 2)
    assert (first.case, first.right_on, first.shown) == (UPSAMPLE, "right", "y at [0, 0, 1]: expected 3, got 5")
    assert core(first.native) == ["x = lib.twice(x)"]
    assert core(first.instead_of) == ["x = lib.repeat(x)"]
    assert affected(first) == "Upsample, ConvTranspose, float32, 2 cases"
    assert affected(found.hazards[1]) == "compositions, float32, 1 case"


def test_a_changed_argument_is_a_silent_difference_in_every_view() -> None:
    made = report([record(), record(runtime="right", verdict="changed argument", reason="argument x was changed")])
    assert [(one.sort, one.verdict, one.shown) for one in hazards(made).hazards] == [
        ("silent", "changed argument", "y: argument x was changed"),
    ]  # fmt: skip
    assert (interop(made).silent, interop(made).alone) == (1, {(UPSAMPLE, "right")})
    assert "  right: changed argument: y" in told(made)
    for name in ("html", "junit", "md", "github", "csv"):
        assert "argument x was changed" in str(FORMATS[name](made))
    assert "right changed an argument" in str(FORMATS["md"](made))
    assert 'failures="1"' in str(FORMATS["junit"](made))


def test_what_is_right_is_no_hazard() -> None:
    assert hazards(report([record(), record(runtime="right", verdict="vacuous")])).hazards == []
    assert first_screen(hazards(report([record()]))) == []


def test_the_first_screen_names_silent_differences_and_counts_limits() -> None:
    lines = first_screen(hazards(report(RECORDS, known=KNOWN)))
    assert lines[:2] == ["Silent differences: right shape, no error, other values: 2 causes", "  left, right: it rounds down (a)"]
    assert lines[-1] == "What a framework cannot say: 1 cause, 1 case"


def test_everything_is_on_the_page_and_in_the_whole_text() -> None:
    found = hazards(report(RECORDS, known=KNOWN))
    for view in (page(found), whole(found), FORMATS["html"](report(RECORDS, known=KNOWN))):
        assert isinstance(view, str)
        for words in ("it rounds down", "lib.twice(x)", "lib.repeat(x)", "https://example.org/1", "it has no word for it", "SIGSEGV"):
            assert words.replace("_", "&#95;") in view or words in view, words
    assert page(found).count("\n## ") == 3


def test_the_score_counts_silent_loud_and_impossible_apart() -> None:
    """Each case under its worst."""
    score = interop(report(RECORDS, known=KNOWN))
    assert (score.cases, score.everywhere, score.silent, score.loud, score.impossible) == (3, 0, 3, 0, 0)
    more = [record(), record(runtime="right", verdict="raised"), record(TRANSPOSE), record(TRANSPOSE, "right", "not offered"), record(BOTH)]
    score = interop(report(more))
    assert (score.cases, score.everywhere, score.silent, score.loud, score.impossible) == (3, 0, 0, 1, 2)
    assert str(score) == "3 cases: 0 right on every runtime, 0 with a silent difference, 1 with an error, 2 not offered everywhere"


def test_what_is_shipped_is_printed_without_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "nothing.json")
    with pytest.raises(BadReport, match="no hazards are shipped"):
        module.shipped()


def test_the_command_reads_a_report_and_ends_with_0(tmp_path: Path) -> None:
    save(report(RECORDS, known=KNOWN), tmp_path / "report.json")
    ended = concordant("hazards", tmp_path)
    assert (ended.returncode, "it rounds down" in ended.stdout) == (0, True)
    found = json.loads(concordant("hazards", tmp_path / "report.json", "--json").stdout)
    assert [one["cause"] for one in found["hazards"]] == ["a", "", "", "c"]
    assert concordant("hazards", tmp_path, "--markdown").stdout == page(hazards(report(RECORDS, known=KNOWN)))
    assert concordant("hazards", tmp_path / "none").returncode == 2


def test_several_reports_are_one() -> None:
    first, second = report(RECORDS[:3], known=KNOWN), report(RECORDS[2:], known=KNOWN, suite={"name": "calls"})
    both = hazards(module.together([first, second]))
    assert both.hazards == hazards(report(RECORDS, known=KNOWN)).hazards
    assert (both.suite, both.cases) == ("quick and calls", 3)
    assert module.together([first]) is first


def test_a_hostile_report_prints_nothing_that_a_terminal_obeys() -> None:
    found = hazards(full("\x1b[31m<script>`|\n"))
    assert "\x1b" not in whole(found) + "".join(first_screen(found))
    assert "<script>" not in re.sub(r"(`{3,})python.*?\1", "", page(found), flags=re.DOTALL)


def test_a_single_case_is_told_whole() -> None:
    text = "\n".join(told(report(RECORDS, known=KNOWN)))
    for words in (
        "differ: y, a known deviation (a)", "it rounds down", "y at [0, 0, 1]: expected 3, got 5", "https://example.org/1",
        "│ x = lib.twice(x)", "crashed: y", "killed by SIGSEGV", "not offered: y, a known deviation (c)", "right: agree: y",
    ):  # fmt: skip
        assert words in text, words


def test_runtimes_that_say_the_same_are_told_together() -> None:
    lines = told(report([record(), record(runtime="right")]))
    assert lines[:3] == ["", UPSAMPLE, "  left, right: agree: y"]


def test_a_helper_before_the_function_keeps_its_indentation() -> None:
    native = "import numpy as np\n\n\ndef half(x):\n    return x / 2\n\n\ndef f(x):\n    x = half(x)\n    return x\n"
    assert core(native) == ["def half(x):", "    return x / 2", "x = half(x)"]
    assert core("import numpy as np\nx = 1\n") == ["import numpy as np", "x = 1"]
