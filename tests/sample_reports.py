"""Small reports made by hand, for tests of what is drawn from one."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from msgspec import structs

from verify.record import (
    SCHEMA,
    Counterexample,
    Diagnosis,
    Difference,
    Finding,
    KnownReport,
    Record,
    Report,
    Rounding,
    RuntimeReport,
    Summary,
    TheoremOnRuntime,
    TheoremReport,
)  # fmt: skip

UPSAMPLE = "Upsample(factor=(2,)) x=(1, 2, 3) float32 seed=7"
TRANSPOSE = "ConvTranspose(stride=(2,), crop=((0, 1),)) x=(2, 3, 5) w=(3, 2, 3) float32 seed=7"
BOTH = "Upsample(factor=(2,)) >> Conv(stride=(1,)) x=(1, 2, 3) w=(1, 2, 1) float32 normal seed=0"


def record(case: str = UPSAMPLE, runtime: str = "left", verdict: str = "agree", output: str = "y", **more: Any) -> Record:
    """One answer."""
    made: dict[str, Any] = {
        "id": f"{crc32(repr((case, runtime, output)).encode()):012x}", "kind": "case", "case": case, "output": output,
        "shape": (1, 2, 6), "dtype": "float32", "seed": 7, "runtime": runtime, "verdict": verdict, "native": "def f(x):\n    return x\n",
    }  # fmt: skip
    return Record(**{**made, **more})


def report(records: list[Record], **more: Any) -> Report:
    """A report of them, from two runtimes."""
    new = sum(r.verdict not in ("agree", "vacuous") and r.known is None for r in records)
    verdicts: dict[str, int] = {}
    for r in records:
        verdicts[r.verdict] = verdicts.get(r.verdict, 0) + 1
    made: dict[str, Any] = {
        "schema": SCHEMA, "tool": {"name": "concordant", "version": "0"}, "records": records, "known": {}, "theorems": {},
        "suite": {"name": "quick", "seed": 0, "ops": [], "dtypes": [], "data": [], "checks": [], "confidence": 30},
        "environment": {"python": "3.11", "os": "Linux", "cpu": "a CPU"},
        "runtimes": {name: RuntimeReport(status="ran", backend=name, versions={"lib": "1.0"}) for name in ("left", "right")},
        "summary": Summary(
            cases=len({r.case for r in records}), results=len(records), verdicts=verdicts, unexpected=new, no_longer_occur=[], failing=[],
            minimum_agreement=0.85, below_minimum=[], interrupted=False, exit=int(bool(new)),
        ),
    }  # fmt: skip
    return Report(**{**made, **more})


def full(words: str = "plain") -> Report:
    """One with everything a report can hold, and these words wherever words may stand."""
    wrong = Difference(count=3, total=12, first=(0, 0, 1), expected=words, got=words, ratio=None, map=("000000", "019000"))
    mistake = Diagnosis(words, words, step=2, where=words)
    records = [
        record(),
        record(runtime="right", verdict="differ", reason=words, matches=mistake, difference=wrong, native=words, missed_probability=1e-10),
        record(TRANSPOSE, verdict="raised", reason=words, known=words),
        record(TRANSPOSE, "right", "crashed", output="dx", reason=words),
        record(BOTH, data="normal", rounding=Rounding(ratio=0.4, at=(0,), terms=3)),
        record(BOTH, "right", "imprecise", data="normal", reason=words, rounding=Rounding(ratio=None, at=(0,), terms=3)),
        record(words, words, "timeout", output=words, dtype=words, data=words, id=words),
        record(f"{words} n=(2,)", kind="theorem"),
    ]
    finding = Finding(
        id="f", runtime="right", output="y", verdict="differ", reason=words, matches=structs.replace(mistake, value=words, part=words),
        records=(records[1].id,), first=UPSAMPLE, case=words, native=words, instead=words, script=words, issue=words,
    )  # fmt: skip
    theorem = TheoremReport(
        statement=words, source=words, verdict="holds if", when=words, see=(words,), claim=1, equal=3, unequal=0, vacuous=0, outside=2,
        outside_unequal=2, counterexample=Counterexample(sizes=words, left=[words], right=[[1]]),
        runtimes={words: TheoremOnRuntime(verdict="failing", agree=1, vacuous=1, other=1)},
    )  # fmt: skip
    made = report(records)
    return report(
        records, findings=[finding], theorems={words: theorem}, suite={**made.suite, words: words}, environment={words: [words]},
        known={words: KnownReport(reason=words, link=f"javascript:{words}", matched=1, agreed=1)},
        runtimes={**made.runtimes, words: RuntimeReport(status="failed", reason=words, backend=words, versions={words: words},
                                                        environment={words: words}, batch_flags={words: words}),
                  "absent": RuntimeReport(status="not installed", reason=words)},
        summary=Summary(cases=5, results=8, verdicts={words: 1}, unexpected=4, no_longer_occur=[words], failing=[words],
                        minimum_agreement=0.85,
                        below_minimum=[words], interrupted=True, exit=130),
    )  # fmt: skip
