"""The suite `models`: the tables of architectures, how layers are cut, which layers count as one, and how a report counts them."""

from __future__ import annotations

from collections import Counter
from functools import cache
from io import StringIO
from pathlib import Path

import pytest
from msgspec import structs
from rich.console import Console

from backends import found
from spec import Conv, Impossible, parse_case
from spec.case import operations
from tests.command import concordant, in_process, refused
from tests.sample_reports import record, report
from tests.test_coverage import FORWARD, FORWARD_ONLY
from tests.tiers import slow
from tools.models import page, table
from verify import conclude
from verify.judge.reference import Reference
from verify.limits import MAX_WORK
from verify.plan.architectures import architectures
from verify.plan.architectures.notation import adaptive, average, conv, max_pool, pad, resize, transpose
from verify.plan.models import MOST, ROUNDED, SECONDS, cases, cut, of_layers, whole, without_seed
from verify.plan.plan import Plan
from verify.plan.suites import cases as of_suite
from verify.plan.work import expect_affordable, roughly
from verify.record import KnownReport, Report, load
from verify.report import terminal
from verify.report.formats import FORMATS
from verify.report.models import by_model

ARCHITECTURES = architectures()
LAYERS = {text: layer for found in ARCHITECTURES.values() for text, layer in found.distinct.items()}
shortened = cache(cut)
SMALL = ["srcnn", "vitb16", "resnet50"]


# ---- the tables ----


def test_there_are_forty_architectures_with_their_sources() -> None:
    assert len(ARCHITECTURES) >= 40
    assert len({found.title for found in ARCHITECTURES.values()}) == len(ARCHITECTURES)
    assert all(found.source and found.layers for found in ARCHITECTURES.values())
    assert all(name.isalnum() and name == name.lower() for name in ARCHITECTURES)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_row_is_possible_and_its_operations_have_names(name: str) -> None:
    """Its channels are those that the table states, on the architecture's own lengths and on those that it is cut to."""
    for layer in ARCHITECTURES[name].distinct.values():
        for case in (whole(layer), shortened(layer)):
            assert parse_case(repr(case)) == case
            assert {step.name for step in case.op.steps} <= operations().keys()
            assert (case.x[1], case.y[1]) == (layer.steps[0].channels, layer.steps[-1].out)


KERNELS = {
    "vgg16": {"Conv 3×3": 9, "MaxPool 2×2": 5},
    "resnet50": {"Conv 7×7": 1, "Conv 3×3": 7, "Conv 1×1": 15, "MaxPool 3×3": 1, "AdaptiveAveragePool 1×1": 1},
    "alexnet": {"Conv 11×11": 1, "Conv 5×5": 1, "Conv 3×3": 3, "MaxPool 3×3": 3},
    "vitb16": {"Conv 16×16": 1},
    "srcnn": {"Conv 9×9": 1, "Conv 1×1": 1, "Conv 5×5": 1},
    "dcgan": {"Conv 4×4": 5, "ConvTranspose 4×4": 5},
    "mobilenetv1": {"Conv 3×3": 10, "Conv 1×1": 9, "AdaptiveAveragePool 1×1": 1},
    "convnext": {"Conv 4×4": 1, "Conv 7×7": 4, "Conv 1×1": 8, "Conv 2×2": 3},
}
"""Counted by hand. MobileNet v1: a stem and 9 depthwise convolutions."""


@pytest.mark.parametrize("name", KERNELS)
def test_distinct_layers_are_those_counted_by_hand(name: str) -> None:
    found: Counter[str] = Counter()
    for layer in ARCHITECTURES[name].distinct.values():
        case = whole(layer)
        sizes = case.w[0][2:] if case.w else getattr(case.op, "kernel", getattr(case.op, "size", ()))
        found[f"{case.op.name} {'×'.join(map(str, sizes))}"] += 1
    assert found == KERNELS[name]


def test_the_stem_of_resnet_is_there() -> None:
    stem = Conv(stride=(2, 2), padding=((3, 3), (3, 3)))
    assert f"{stem!r} x=(1, 3, 224, 224) w=(64, 3, 7, 7)" in ARCHITECTURES["resnet50"].distinct


def test_the_notation_says_lengths() -> None:
    texts = {
        "same": (conv(3, 8, k=3, s=2, p="same", n=8), (1, 8, 4, 4)), "a line": (conv(3, 8, k=10, s=5, p=0, n=(100,)), (1, 8, 19)),
        "ceil": (max_pool(8, k=3, s=2, ceil=True, n=112), (1, 8, 56, 56)), "no ceil": (max_pool(8, k=3, s=2, n=112), (1, 8, 55, 55)),
        "extra": (transpose(8, 4, k=3, s=2, p=1, extra=1, n=64), (1, 4, 128, 128)),
        "transposed same": (transpose(8, 4, k=25, s=4, p="same", n=(16,)), (1, 4, 64)),
        "gaps": (resize(8, f=16, align_corners=True, n=33), (1, 8, 513, 513)), "twice": (resize(8, f=2, n=33), (1, 8, 66, 66)),
        "chain": (pad(3, 3, "reflect", n=16) >> conv(3, 4, k=7, p=0) >> average(4, k=2), (1, 4, 8, 8)),
        "mean": (adaptive(8, n=(4, 5, 6)), (1, 8, 1, 1, 1)),
    }  # fmt: skip
    assert {name: whole(layer).y for name, (layer, _) in texts.items()} == {name: y for name, (_, y) in texts.items()}


def test_layers_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(Impossible, match="8 channels is followed by one of 9"):
        conv(3, 8, n=9) >> conv(9, 8)
    with pytest.raises(Impossible, match="with lengths"):
        conv(3, 8, n=9) >> conv(8, 8, n=9)


# ---- cutting ----


def test_cutting_keeps_everything_but_lengths_and_how_they_end() -> None:
    for text, layer in LAYERS.items():
        case = shortened(layer)
        assert [f"w={w}" for w in case.w] == [f"w={w}" for w in whole(layer).w]
        assert text.startswith(repr(case.op).partition("padding")[0].partition("size")[0])
        for n, m, period in zip(layer.lengths, case.x[2:], layer.period, strict=True):
            assert m <= n
            assert (n - m) % period == 0
            assert period % 2 == 0


def test_cutting_leaves_twice_what_a_window_covers_unless_channels_are_too_many() -> None:
    """And costs no more than it should, or is as short as may be."""
    for layer in LAYERS.values():
        case = shortened(layer)
        least = [min(n, 2 * reach) for n, reach in zip(layer.lengths, layer.reach, strict=True)]
        shortest = all(m < low + period for m, low, period in zip(case.x[2:], least, layer.period, strict=True))
        if roughly(case).seconds > SECONDS:
            assert shortest
            assert case.x[0] == 1
        if any(m < low for m, low in zip(case.x[2:], least, strict=True)):
            axes = zip(layer.lengths, least, layer.period, strict=True)
            assert roughly(layer.at(tuple(n - (n - low) // period * period for n, low, period in axes))).seconds > MOST


def test_a_stride_sees_an_odd_length_end_as_before() -> None:
    """299 with stride 2 leaves out no pixel of a 3×3 window; nor does what it is cut to."""
    first = shortened(ARCHITECTURES["inceptionv3"].layers[0])
    assert first.x[2] % 2 == 1
    assert first.x[2] < 299


def test_the_suite_is_affordable_and_every_case_has_a_reference() -> None:
    found = cases()
    assert sum(roughly(case).seconds for case in found) < 600
    for case in found if len(found) < 100 else found[::23]:
        expect_affordable(case, MAX_WORK)


@slow
def test_every_case_has_a_reference() -> None:
    for case in cases():
        assert Reference(case).exact or case.data == "normal" or case.op.roundings


def test_rounding_is_run_for_a_layer_of_each_kind() -> None:
    rounded = [case for case in cases() if case.data == "normal"]
    assert {case.dtype for case in rounded} == set(ROUNDED)
    assert {"Conv", "ConvTranspose", "AveragePool", "Upsample"} <= {case.op.name for case in rounded}
    assert any(len(case.op.steps) > 1 for case in rounded)
    kinds = {layer.kind for layer in LAYERS.values()}
    assert len(rounded) <= len(ROUNDED) * len(kinds)


# ---- the plan ----


def test_a_layer_that_models_share_runs_once() -> None:
    both = cases(["resnet50", "seresnet50"])
    assert len(both) == len(set(map(repr, both))) < len(cases(["resnet50"])) + len(cases(["seresnet50"]))
    assert set(map(repr, cases(["resnet50"]))) <= set(map(repr, both))


def test_a_model_alone_has_the_cases_that_it_has_among_all() -> None:
    everything = {repr(case) for case in cases()}
    for name in SMALL:
        assert {repr(case) for case in cases([name])} <= everything


def test_the_filters_of_a_plan_are_data(tmp_path: Path) -> None:
    plan = Plan(backends=["x"], suite="models", models=["vitb16", "srcnn"], full_size=True)
    assert plan.cases[0].x == (1, 3, 224, 224)
    assert plan.described["models"] == ["vitb16", "srcnn"]
    assert plan.minimum_agreement == 0
    parts = [structs.replace(plan, shard=(i, 2)).cases for i in (1, 2)]
    assert sorted(map(repr, parts[0] + parts[1])) == sorted(map(repr, plan.cases))
    assert Plan(backends=["x"], suite="models").minimum_agreement == 0.85
    assert of_suite("models", share="large") == []


# ---- the command ----


def test_a_misspelt_model_gets_one_sentence() -> None:
    refused(in_process("run", "--model", "resnet5O"), "--model is 'resnet5O'", "did you mean 'resnet50'?")
    refused(in_process("run", "--model", "ResNet-50"), "did you mean 'resnet50'?")
    refused(in_process("run", "--suite", "quick", "--model", "vgg16"), "--model goes with --suite models")
    refused(in_process("run", "--full-size"), "--full-size goes with --suite models")


CONV = '''
import numpy as np
from backends import Runtime, Unsupported

GLUE = """{glue}"""
IMPORTS = "import numpy as np"
RUNTIMES = {{"mine": Runtime(packages=("numpy",), glue=GLUE, {forward}, dtypes=("float32", "float64"))}}

def conv(op, at):
    if max(op.stride) > 1 or any(map(any, op.padding)):
        raise Unsupported("strides and padding are not written yet")
    rows = f"x = np.lib.stride_tricks.sliding_window_view(x, {{at.k}}, axis=(2, 3))"
    return [rows, f"x = np.einsum('ncijab,ocab->noij', x, {{at.weight}})"]
'''


@slow
def test_one_model_is_run_and_shown_by_model(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(CONV.format(glue=FORWARD_ONLY, forward=FORWARD))
    done = concordant("run", "--model", "srcnn", "--model", "vitb16", "--backend", path, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["SRCNN", "3", "3/3"] in lines
    assert not any(line[:1] == ["ViT-B/16"] for line in lines)  # its stride is not offered, so nothing of it was run
    made = load(tmp_path / "out" / "report.json")
    assert made.suite["models"] == ["srcnn", "vitb16"]
    assert [str(row) for row in by_model(made)] == ["SRCNN: 3 distinct layers: mine 3 agree"]
    page = FORMATS["html"](made)
    assert isinstance(page, str)
    assert 'id="models"' in page
    assert "✓ 3/3" in page.partition('id="models"')[2]
    again = concordant("run", "--resume", tmp_path / "out", "--backend", path)
    assert again.returncode == 0
    assert load(tmp_path / "out" / "report.json") == made


# ---- the report ----


def counted_report() -> Report:
    """SRCNN on two runtimes: a layer that is a known deviation on one of them, and one that is wrong there."""
    first, second, third = (f"{texts[0]} seed=7" for texts in of_layers("srcnn").values())
    records = [record(text, runtime) for text in (first, second, third) for runtime in ("left", "right")]
    records.append(record(first, "right", "raised", "dx", known="some-id"))
    records.append(record(second, "right", "differ", "dw"))
    made = report(records)
    return structs.replace(made, suite={**made.suite, "name": "models", "models": ["srcnn"], "full_size": False})


def test_a_layer_stands_as_the_worst_of_its_results() -> None:
    (row,) = by_model(counted_report())
    assert str(row) == "SRCNN: 3 distinct layers: left 3 agree, right 1 agree, 1 known, 1 differ"


def test_the_page_links_the_paper_and_says_what_does_not_agree() -> None:
    some = KnownReport(reason="no strides there", link="no upstream report found", matched=1, agreed=0)
    made = structs.replace(counted_report(), known={"some-id": some})
    text = page(made)
    assert "| architecture | layers | left | right |" in text
    assert "| [SRCNN](https://arxiv.org/abs/1501.00092) | 3 | 3 | 1, 1 known, 1 differ |" in text
    assert "- 1 result: no strides there (`some-id`)" in text
    assert table(by_model(made), ["left"]).splitlines()[-1].endswith("| 3 | 3 |")


def test_the_terminal_has_a_row_for_each_model() -> None:
    out = StringIO()
    terminal.counts(counted_report(), Console(file=out, width=100), quiet=False)
    assert [line.split() for line in out.getvalue().splitlines() if line.startswith("SRCNN")] == [["SRCNN", "3", "3/3", "1/3"]]


def test_another_suite_has_no_such_table() -> None:
    made = report([record()])
    assert by_model(made) == []
    assert 'id="models"' not in str(FORMATS["html"](made))


def test_a_case_is_known_by_its_text_without_the_seed() -> None:
    (case,) = cases(["vitb16"])
    assert without_seed(repr(case)) == without_seed(repr(of_suite("models", architectures=["vitb16"])[0]))


def test_the_share_of_one_operation_means_nothing_among_so_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """In `models` ten errors in ten convolutions count only among all results; in `quick` they are below a minimum of their own."""
    wrong, right = record("Conv(…)", runtime="torch", verdict="raised", known="a record"), record("Pad(…)", runtime="torch")
    some = [structs.replace(wrong if i < 10 else right, id=f"{i}") for i in range(100)]
    monkeypatch.setattr(conclude, "_records", lambda *_: some)
    said = {}
    for name in ("quick", "models"):
        made = conclude.conclude({"name": name}, [], {}, [], [conclude.Ran(found()["torch"])], [], 0.85, {}, interrupted=False)
        said[name] = [sentence for sentence in made.summary.below_minimum if "Conv" in sentence]
    assert said == {"quick": ["torch agrees on 0% of its results for Conv, less than 95%"], "models": []}
