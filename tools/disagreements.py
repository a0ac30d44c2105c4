"""The page of what people reported (backends/reported.py), and of what nobody did.

python -m tools.disagreements REPORT.json …        docs/findings/disagreements.md, with a case of these reports for each
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from backends.known import Known, everything
from backends.reported import REPORTED, Disagreement
from spec.conventions import padding, resize
from spec.theorems.theorem import THEOREMS
from verify.grouping import sentence
from verify.plan import prove  # noqa: F401  (puts the theorems on the list)
from verify.record import Record, load
from verify.report.pages import cell

MOST = 160
"""Characters of what a framework said."""


def kind_of(name: str, records: dict[str, Known]) -> str:
    """record, theorem or convention. Raises KeyError."""
    if name in records:
        return "record"
    if name in THEOREMS:
        return "theorem"
    if callable(getattr(padding, name, None) or getattr(resize, name, None)):
        return "convention"
    raise KeyError(name)


def page(answers: Iterable[Record]) -> str:
    """Markdown: what was reported, where it shows, one case that shows it; then what nobody seems to have reported."""
    records = {known.id: known for known in everything()}
    shortest = _shortest(answers)
    reported = [_row(d, records, shortest) for d in REPORTED]
    spoken_for = {name for d in REPORTED for name in d.shown}
    new = [
        f"| {cell(known.reason)} | {id} | {_evidence([id], records, shortest)} |"
        for id, known in records.items()
        if not known.link.startswith("http") and known.verdict not in ("raised", "not offered") and id not in spoken_for
    ]
    return TEMPLATE.format(reported="\n".join(reported), new="\n".join(new))


TEMPLATE = """\
# Disagreements

<!-- made by `make docs`; edit backends/reported.py and backends/*/known.py -->

What people reported about these operations and still holds, and where a run of the `standard` suite shows it by itself:
a record in [known.md](../known.md), met by the case beside it; a theorem, which `concordant theorems NAME` tries; or a convention,
a function of spec/conventions/ that says what a framework's word means, and is run like every other.
Paste a case after `concordant run --case`.

| what | thread | where it shows | a case that shows it, and what came back |
|---|---|---|---|
{reported}

## Wrong results without an upstream report

| what | record | a case that shows it, and what came back |
|---|---|---|
{new}
"""


NOT_MET = "not in this run"
MEANT = "each word is run as what it means, and agrees"


def _row(d: Disagreement, records: dict[str, Known], shortest: dict[str, Record]) -> str:
    thread = f"[{d.thread}]({d.link})" if d.link else "none found"
    where = ", ".join(f"{kind_of(name, records)} {name}" for name in d.shown)
    return f"| {cell(d.words)} | {thread} | {where} | {_evidence(d.shown, records, shortest)} |"


def _evidence(names: Iterable[str], records: dict[str, Known], shortest: dict[str, Record]) -> str:
    found = next((shortest[name] for name in names if name in shortest), None)
    if found is None:
        theorem = next((name for name in names if name in THEOREMS), None)
        met = any(name in records for name in names)
        return f"`concordant theorems {theorem}`" if theorem else NOT_MET if met else MEANT
    came = sentence(found.matches) or " ".join(found.reason.split())
    return f"`{found.case}` {found.runtime}: {found.output} {found.verdict}, {cell(came if len(came) <= MOST else came[:MOST] + '…')}"


def _shortest(answers: Iterable[Record]) -> dict[str, Record]:
    """For each record of backends/*/known.py the shortest case that it explains."""
    found: dict[str, Record] = {}
    for r in sorted(answers, key=lambda r: (-len(r.case), r.case, r.output)):
        if r.kind == "case" and r.known is not None:
            found[r.known] = r
    return found


if __name__ == "__main__":
    print(page(r for path in sys.argv[1:] for r in load(path).records), end="")
