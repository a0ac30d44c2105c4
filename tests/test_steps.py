"""The picture of an operation: every link is an entry of its matrix, and a changed operation has another picture."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.reading import read
from spec import Conv, ConvTranspose, Impossible, Pad, operations, parse
from spec.operation import Array
from tests.command import in_process
from tools.gallery import FOUNDING, NOT_DRAWN, PICTURES, files, found
from verify.native import links as module
from verify.native.formulas import differing, formula, number, outputs, reaching, text
from verify.native.links import Steps, steps
from verify.native.picture import html, svg

TRANSPOSED = ConvTranspose(stride=(2,), crop=((1, 1),))
NAMES = {title: (call, x) for title, call, x, _ in PICTURES}


def drawn(title: str) -> Steps:
    return found(*NAMES[title])


def matrix(one: Steps) -> tuple[Array, list[Array]]:
    """By feeding each input alone, with a kernel of different primes: rows are outputs. And the kernels."""
    x = one.stages[0].before
    taps = {tap for row in (one.whole or {}).values() for weight in row.values() for tap, _ in weight if tap}
    shape = (1, 1, *(max(places) + 1 for places in zip(*taps, strict=True))) if taps else ()
    primes = np.array([2, 3, 5, 7, 11, 13, 17, 19, 23])
    kernel = [primes[: int(np.prod(shape))].reshape(shape)] if taps else []
    step = one.op
    plain = replace(step, bias="no") if isinstance(step, Conv | ConvTranspose) else step
    size = int(np.prod(x))
    zero = plain(np.zeros(x, np.int64), *kernel).reshape(-1)
    columns = [plain(np.eye(1, size, i, dtype=np.int64).reshape(x), *kernel).reshape(-1) - zero for i in range(size)]
    return np.array(columns, object).T, kernel


@pytest.mark.parametrize("title", NAMES)
def test_the_links_are_the_operations_matrix(title: str) -> None:
    one = drawn(title)
    wanted, kernel = matrix(one)
    got = np.zeros(wanted.shape, object)
    last, first = one.stages[-1].after[1:], one.stages[0].before[1:]
    assert one.whole is not None
    for j, row in one.whole.items():
        for i, weight in row.items():
            value = sum(number(c) * (int(kernel[0][(0, 0, *tap)]) if tap else 1) for tap, c in weight)
            got[np.ravel_multi_index(j, last), np.ravel_multi_index(i, first)] = value
    assert (got.astype(float) == wanted.astype(float)).all()


@pytest.mark.parametrize("title", NAMES)
def test_the_picture_has_a_line_or_a_mark_for_every_link(title: str) -> None:
    one = drawn(title)
    root = ElementTree.fromstring(svg(one, title))
    lines = sum(1 for part in root.iter() if part.get("class") == "link")
    marks = sum(1 for part in root.iter() if part.get("class") == "tap")
    assert len(outputs(one)) == sum((part.get("class") or "").startswith("f ") for part in root.iter())
    (n,) = [n for n, stage in enumerate(one.stages) if stage.op.weights] or [0]
    assert marks == sum(len(one.stages[n].links[target]) for j in outputs(one) for target in reaching(one, j)[n + 1])
    if lines:
        assert lines == sum(len(row) for stage in one.stages for row in stage.links.values())
    if len(one.stages) == 1:
        assert marks == np.count_nonzero(matrix(one)[0])


def test_parts_give_what_the_whole_gives() -> None:
    one = steps(TRANSPOSED, (1, 1, 5), [(1, 1, 3)])
    assert [stage.op.name for stage in one.stages] == ["ZeroInsert", "ConvTranspose", "Pad"]
    assert [formula(one, j) for j in outputs(one)][:3] == ["y[0] = w[1]·x[0]", "y[1] = w[2]·x[0] + w[0]·x[1]", "y[2] = w[1]·x[1]"]


def test_parts_that_differ_from_the_whole_are_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    right = module._parts
    shifted = {ConvTranspose: Pad(padding=((-2, 0),))}

    def wrong(step: Any) -> Any:
        yield from [*right(step)][:-1]
        yield shifted[type(step)]

    monkeypatch.setattr(module, "_parts", wrong)
    one = steps(TRANSPOSED, (1, 1, 5), [(1, 1, 3)])
    assert [stage.op for stage in one.stages] == [TRANSPOSED]


def test_a_crop_shifted_by_one_is_another_picture() -> None:
    one, other = (steps(ConvTranspose(stride=(2,), crop=(crop,)), (1, 1, 5), [(1, 1, 3)]) for crop in ((1, 1), (0, 2)))
    assert formula(one, (0, 1)).removeprefix("y[1]") == formula(other, (0, 2)).removeprefix("y[2]")
    assert svg(one, "") != svg(other, "")
    assert differing(one, other) == outputs(one)


def test_a_flipped_kernel_is_another_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    own, one = Conv.__call__, steps(Conv(padding=((1, 1),)), (1, 1, 5), [(1, 1, 3)])
    assert formula(one, (0, 1)) == "y[1] = w[0]·x[0] + w[1]·x[1] + w[2]·x[2]"
    monkeypatch.setattr(Conv, "__call__", lambda self, x, *w: own(self, x, *(v[..., ::-1] for v in w)))
    flipped = steps(Conv(padding=((1, 1),)), (1, 1, 5), [(1, 1, 3)])
    assert formula(flipped, (0, 1)) == "y[1] = w[2]·x[0] + w[1]·x[1] + w[0]·x[2]"
    assert svg(one, "") != svg(flipped, "")


def test_two_ways_to_write_the_same_do_not_differ() -> None:
    one = steps(Conv(padding=((1, 1),)), (1, 1, 6), [(1, 1, 3)])
    other = steps(Pad(padding=((1, 1),)) >> Conv(stride=(1,)), (1, 1, 6), [(1, 1, 3)])
    assert differing(one, other) == []
    assert "Every output drawn is the same." in svg(one, "a", (other, "b"))


def test_a_long_input_is_cut_where_every_output_drawn_is_complete() -> None:
    one = steps(Conv(stride=(1,), padding=((1, 1),)), (1, 1, 50), [(8, 1, 3)])
    (cut,) = one.notes
    assert cut == "Drawn: the first 12 of 50 input elements and 11 of 50 output elements."
    assert " ".join("".join(part.itertext()) for part in ElementTree.fromstring(svg(one, ""))).endswith(cut)
    assert cut in text(one)
    assert formula(one, (0, 10)) == "y[10] = w[0]·x[9] + w[1]·x[10] + w[2]·x[11]"
    assert drawn("Convolution").notes == ()


CHANNELS = {
    "nn.Conv1d(4, 6, 3, groups=2)": "One channel is drawn. Each output adds up 2 input channels: those of its group.",
    "nn.ConvTranspose1d(4, 8, 3, groups=4)":
        "One channel is drawn. Each output has one input channel: every channel has a kernel of its own.",
    "nn.Conv1d(4, 1, 3)": "One channel is drawn. Each output adds up 4 input channels.",
    "nn.MaxPool1d(2)": "One channel is drawn. Every channel is treated alike.",
}  # fmt: skip


@pytest.mark.parametrize("call", CHANNELS)
def test_of_several_channels_the_picture_says_what_is_added_up(call: str) -> None:
    found = read(call, (1, 4, 6))
    one = steps(found.op, found.x, found.w)
    assert one.notes == (CHANNELS[call],)
    assert CHANNELS[call] in text(one)
    assert CHANNELS[call] in " ".join("".join(part.itertext()) for part in ElementTree.fromstring(svg(one, "")))


def test_the_text_fits_80_columns_and_breaks_no_index() -> None:
    one = drawn("Convolution in 2-D")
    lines = text(one).splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line.count("[") == line.count("]") for line in lines)
    assert formula(one, (0, 1, 1)) in " ".join(line.strip() for line in lines)


REFUSED = {
    "Conv(stride=(1, 1, 1)) x=(1, 1, 5, 5, 5) w=(1, 1, 3, 3, 3)": "a picture has 1 or 2 spatial axes",
    "Conv(stride=(1,)) x=(1, 1, 2) w=(1, 1, 3)": "there is nothing to draw",
    "DepthToSpace(factor=(4,)) x=(1, 16, 2)": "the input has 16 channels, but at most 9 are drawn",
    "Pad(padding=((1, 1),), value=3) x=(1, 1, 4)": "adds a constant other than 0",
    "AdaptiveAveragePool(size=(1,)) x=(1, 1, 40)": "each output needs more than 12 elements",
    "Upsample(factor=(8, 8)) x=(1, 1, 256, 256)": "is too large for a picture",
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_drawn_gets_one_sentence(case: str) -> None:
    with pytest.raises(Impossible, match=REFUSED[case]):
        found(case, ())


def test_max_unpooling_is_refused() -> None:
    op = parse("MaxUnpool(size=(4,))")
    with pytest.raises(Impossible, match="also takes indices"):
        steps(op, (1, 1, 2), [(1, 1, 2)])


def test_the_command_writes_a_page_and_leaves_json_alone(tmp_path: Path) -> None:
    call = ("explain", "nn.ConvTranspose1d(1, 1, 3, stride=2)", "--input", "1,1,4", "--no-run")
    page = tmp_path / "folder" / "page.html"
    plain, ended = in_process(*call, "--json"), in_process(*call, "--json", "--picture", page)
    assert json.loads(plain.stdout) == json.loads(ended.stdout)
    assert page.read_text().startswith("<!doctype html>")
    assert "y[1] = w[1]·x[0]" in in_process(*call, "--picture", "-").stdout
    compared = in_process(
        "compare", *(f"nn.Conv1d(1, 1, 3, padding={n})" for n in (0, 1)), "--input", "1,1,6", "--no-run", "--picture", "-"
    )
    assert "Different at 6 of 6 outputs: y[0]," in compared.stdout


@pytest.mark.parametrize("where", ["p.png", "p", "/proc/none/p.svg"])
def test_a_bad_file_gets_one_sentence_and_exit_status_2(where: str) -> None:
    ended = in_process("explain", "nn.Conv1d(1, 1, 3)", "--input", "1,1,5", "--no-run", "--picture", where)
    assert ended.returncode == 2
    assert ("must end in .svg or .html" in ended.stderr) == (not where.endswith(".svg"))
    assert "Traceback" not in ended.stderr


def test_a_hostile_title_is_text() -> None:
    hostile = "<script>alert(1)</script>\"'&"
    page = html(drawn("Convolution"), hostile, (drawn("Convolution"), hostile))
    assert "<script" not in page
    ElementTree.fromstring(svg(drawn("Convolution"), hostile))


def test_the_gallery_is_what_is_drawn_now() -> None:
    for path, content in files().items():
        assert path.read_text() == content, path.name


def test_the_gallery_has_every_operation() -> None:
    names = {step.name for title in NAMES for step in drawn(title).op.steps}
    assert names | set(NOT_DRAWN) == set(operations()) - {"Program"}


def test_the_founding_question_differs() -> None:
    first, second, x = FOUNDING
    assert differing(found(first, x), found(second, x))
