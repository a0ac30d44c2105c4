"""Pages of docs/ that are drawn from a report."""

from __future__ import annotations

import re
from textwrap import dedent

from backends.known import Known
from spec.families.founding import Answer, answers
from verify.grouping import counted
from verify.record import Report, TheoremReport


def claims_page(report: Report) -> str:
    """docs/claims.md: the founding case answered on one page, from a report of `concordant claims`."""
    claims = sorted(((t.claim, name, t) for name, t in report.theorems.items() if t.claim), key=lambda row: row[0] or 0)
    rows = "\n".join(f"| {number} | {cell(t.statement)} | {verdict(t)} |" for number, _, t in claims)
    natives = "\n".join(f"| {name} | {versions(report, name)} | {_agreeing(report, name)} |" for name in report.runtimes)
    express = "\n".join(map(_expresses, answers()))
    also = "\n".join(f"- **{name}**: {t.statement} *{t.verdict}*" for name, t in report.theorems.items() if not t.claim)
    return TEMPLATE.format(rows=rows, natives=natives, express=express, also=also)


TEMPLATE = dedent("""\
    # UpSampling2D + Conv2DTranspose, or Conv2DTranspose with strides?

    <!-- made by `make docs`; edit verify/report/pages.py -->

    The question: what is the difference between

    * **A** `UpSampling2D(2)`, then `Conv2DTranspose(k, padding="same", strides=1)`, and
    * **B** `Conv2DTranspose(k, padding="same", strides=2)`?

    A well-known answer explains A as "repeat, then a classical convolution" and B as "un-pool, then a classical convolution".

    ![Output by output: above A, below B, in one dimension](gallery/founding.svg)

    ## In short, for Keras

    A repeats every pixel, B puts zeros between them; then both slide a kernel over the result. With one kernel they give different
    results. A *is* a B with a kernel that is one pixel wider: the box (1, 1) convolved with A's kernel. So B with k + 1 can do all
    that A with k can. A maps a constant input to a constant, whatever its kernel. B does so only if the phases of its kernel have equal
    sums: that is the checkerboard. And B is not "zeros, then a 'same' convolution": Keras and TensorFlow crop so that the image sits
    one pixel further than 'same' would put it, for every k from 2 to 5.

    ## In short, for PyTorch

    A is `Upsample(scale_factor=2)`, then a stride-1 convolution; B is `ConvTranspose2d(…, k, stride=2, padding=p, output_padding=o)`.
    All of the above holds, but for the crop: with odd k, padding (k − 1)/2 and output_padding 1, B *is* zero insertion, then a classical
    'same' convolution. It is therefore not Keras's layer: for odd k no (padding, output_padding) is, since Keras crops (k − 3)/2 pixels
    at the start and one more at the end. To get it, take the full answer, `ConvTranspose2d(…, padding=0)`, and slice.

    ## The ten statements

    Each was tried by definition on exact integers, over all its sizes; the counterexample is the smallest there is among them.

    | # | statement | verdict |
    |---|---|---|
    {rows}

    ## What each can express

    Let the weights vary. On one channel, in 2-D, the maps of A then form a linear space, and so do those of B. Dimensions are ranks over
    the rationals, not of floats. With k × k kernels both spaces have dimension k², they share (k − 1)², and neither contains the other.
    B with one pixel more at the same convention contains A. The numbers hold at every length from 3 on: longer ones than were tried have
    no other phases and borders.

    | convention | k | dimension of A | of B | shared | B that contains A | A's kernel in it |
    |---|---|---|---|---|---|---|
    {express}

    `concordant compare` prints this table; `concordant compare 'A' 'B' --family` does the same for any two programs.

    ## On the frameworks

    Both sides of every statement were also run as native programs. Every result below is bit for bit what the definition says, the
    counterexamples included. So the frameworks agree on what they compute, and on where the statements fail.

    | runtime | versions | cases in which both sides answer as the definition says |
    |---|---|---|
    {natives}

    ## What holds instead

    {also}

    `concordant claims` prints this evidence; `concordant theorems` has more.
    """)


def _expresses(one: Answer) -> str:
    kernel = f"{'flipped, ' * one.flipped}filtered by a 2 × 2 box" if one.boxed else "another map"
    cells = (one.convention, one.k, *one.relation.dimensions, one.relation.overlap, f"{one.wide} × {one.wide}", kernel)
    return f"| {' | '.join(map(str, cells))} |"


def theorems_page(report: Report) -> str:
    """docs/theorems.md: every statement with its source and verdict, from a report of `concordant theorems`."""
    rows = "\n".join(
        f"| {name} | {cell(t.statement)} | {verdict(t)} | {cell(t.source)} |" for name, t in report.theorems.items() if not t.claim
    )
    runtimes = ", ".join(f"{name} ({_agreeing(report, name)})" for name in report.runtimes)
    return THEOREMS_TEMPLATE.format(rows=rows, runtimes=runtimes)


THEOREMS_TEMPLATE = dedent("""\
    # Theorems

    <!-- made by `make docs`; the statements are the docstrings of spec/theorems/ -->

    Each is two programs that give the same numbers: tried by definition on exact integers over all its sizes, in 1-D and 2-D, then
    both sides as native programs on every runtime. Cases in which both sides answered as the definition says: {runtimes}.

    | name | statement | verdict | source |
    |---|---|---|---|
    {rows}
    """)


def verdict(t: TheoremReport) -> str:
    if t.verdict == "holds":
        return f"**holds** ({counted(t.equal, 'case')})"
    shown = ""
    if t.counterexample:
        c = t.counterexample
        shown = f" Counterexample, {c.sizes}: `{c.left}` ≠ `{c.right}`"
    if t.verdict == "holds if":
        return cell(f"**holds if** {t.when} ({counted(t.equal, 'case')}; otherwise {t.outside_unequal} of {t.outside} fail).{shown}")
    return cell(f"**{t.verdict}** ({t.unequal} of {t.equal + t.unequal} cases fail).{shown}")


def versions(report: Report, runtime: str) -> str:
    """`torch 2.13.0, numpy 2.4.1`."""
    return ", ".join(f"{k} {v}" for k, v in report.runtimes[runtime].versions.items())


def _agreeing(report: Report, runtime: str) -> str:
    on = [t.runtimes[runtime] for t in report.theorems.values() if runtime in t.runtimes]
    agree, vacuous, other = (sum(getattr(r, what) for r in on) for what in ("agree", "vacuous", "other"))
    words = [f"{agree} of {agree + vacuous + other}"]
    if vacuous:
        words.append(f"{vacuous} it cannot say")
    return "; ".join(words)


def cell(text: str) -> str:
    return re.sub(r"([|])", r"\\\1", text)


def known_page(records: list[Known]) -> str:
    """docs/known.md: every known deviation, wrong results before errors raised, those without an upstream report apart."""
    wrong = [k for k in records if k.verdict not in ("raised", "not offered")]
    limits = [k for k in records if k.verdict in ("raised", "not offered")]
    new, reported = ([k for k in wrong if k.link.startswith("http") == there] for there in (False, True))
    tables = {
        "Wrong results without an upstream report": new,
        "Wrong results with an upstream report": reported,
        "Limits and errors raised": limits,
    }
    body = "\n".join(f"## {title}\n\n{KNOWN_HEAD}\n" + "\n".join(map(_known_row, some)) + "\n" for title, some in tables.items())
    return f"{KNOWN_TITLE}\n\n{body}"


KNOWN_TITLE = dedent("""\
    # Known deviations

    <!-- made by `make docs`; edit backends/*/known.py -->

    What the suites find in the versions named, and may find again without failing; a run fails as loudly when one of them has gone.
    Those made small, with programs that show them, are in [findings](findings/README.md).""")

KNOWN_HEAD = "| record | verdict | who | why |\n|---|---|---|---|"


def _known_row(k: Known) -> str:
    versions = ", ".join(f"{name} {which}" for name, which in k.versions.items())
    modes = ", ".join(mode or "default" for mode in k.modes if mode != "*")
    versions += f"; {'mode' if len(k.modes) == 1 else 'modes'} {modes}" if modes else ""
    link = f" ([thread]({k.link}))" if k.link.startswith("http") else ""
    return f"| {k.id} | {k.verdict} | {', '.join(k.runtimes)}; {cell(versions)} | {cell(k.reason)}{link} |"
