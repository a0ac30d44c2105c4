"""A report as workflow commands, which GitHub shows as annotations of a run.

GitHub shows the first ten errors of a step, so the worst come first and the tenth counts the rest.
"""

from __future__ import annotations

from verify.grouping import again, because, failures, headline, interop, outcome, unexpected
from verify.printable import for_people
from verify.record import Record, Report

MOST_ERRORS = 10
LONGEST = 4000


@for_people
def github(report: Report) -> str:
    """One line each: ::error for what a run fails for, ::notice for how it went."""
    errors = [_unexplained(report, group) for group in unexpected(report)]
    errors += [_command("error", "concordant", sentence) for sentence in failures(report)]
    if len(errors) > MOST_ERRORS:
        rest = len(errors) - MOST_ERRORS + 1
        errors[MOST_ERRORS - 1 :] = [_command("error", "concordant", f"… and {rest} more, in the report")]
    score = interop(report)
    words = f"{score.everywhere} of {score.cases} cases are right on every runtime; {outcome(report)}"
    return "\n".join([*errors, _command("notice", "concordant", words)]) + "\n"


def _unexplained(report: Report, group: list[Record]) -> str:
    r = group[0]
    more = f"\nand {len(group) - 1} more like it" if len(group) > 1 else ""
    return _command("error", headline(r), f"{because(group)}\n{r.case}\n{again(report, r)}{more}")


def _command(level: str, title: str, message: str) -> str:
    return f"::{level} title={_property(title[:200])}::{_data(message[:LONGEST])}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
