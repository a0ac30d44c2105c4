"""The commands in which users ask in their own words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verify.commands.files import refuse

if TYPE_CHECKING:
    from backends.native import Reading
    from spec import Shape

LARGEST = 1 << 20

CALL = "A native call, as it stands in a program: nn.Conv2d(3, 8, 3, padding=1); several with >>, or a file (@FILE) with one a line."
INPUT = "The shape of the input in the framework's own layout, such as 1,3,32,32."
WEIGHTS = "The shape of an array that a function is given beside x, such as 8,3,3,3; once for each, in their order."
JSON = "Print JSON."
ON = "Where the first call is run; once more: where the second is. A target such as keras-torch, or with a version: keras-torch@3.14.0."
FAMILY = (
    "Compare what the two can express if their weights are free: decided exactly. A program may also be in the syntax of reports: "
    "'Conv(stride=(2,)) x=(1, 1, 8) w=(1, 1, 3)'."
)
PICTURE = "Draw the steps on a small input: FILE.svg or FILE.html is an animated picture, - prints formulas on the terminal."
TIME = "Also print what both cost, and which is faster on their frameworks: a ratio of CPU times, forward, in float32."
RUN = "Run the calls to verify what is printed; --no-run only reads them."


def explain(
    call: Annotated[str | None, typer.Argument(help=CALL)] = None,
    input: Annotated[str, typer.Option(help=INPUT)] = "",
    weights: Annotated[list[str] | None, typer.Option(help=WEIGHTS)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON)] = False,
    picture: Annotated[str, typer.Option(help=PICTURE)] = "",
    run: Annotated[bool, typer.Option("--run/--no-run", help=RUN)] = True,
    listed: Annotated[bool, typer.Option("--list", help="List the functions and layers that are read.")] = False,
) -> None:
    """Explain a framework's call: the operation in explicit integers, weights, traps; run it to confirm.

    Exit status 0: the framework gives what is explained, or was not run; 1: it gives other values; 2: bad input.
    """
    if listed:
        from backends.names import readable

        print("\n".join(readable()))
        raise typer.Exit(0)
    from verify.native import shown
    from verify.native.explain import explain as explained

    with one_sentence():
        found = explained(*_asked(call, input, weights), run=run)
        drawn = _drawn(picture, (found.reading, found.text)) if picture else ""
    printed(found.data if as_json else "\n\n".join((shown.explanation(found), *filter(None, [drawn]))))
    raise typer.Exit(int(found.verdict is not None and found.verdict.status not in ("verified", "unverified", "known")))


def port(
    call: Annotated[str, typer.Argument(help=CALL)],
    to: Annotated[str, typer.Option(help="The frameworks to write it in, separated by commas.")],
    input: Annotated[str, typer.Option(help=INPUT)] = "",
    weights: Annotated[list[str] | None, typer.Option(help=WEIGHTS)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON)] = False,
    script: Annotated[Path | None, typer.Option(help="Write a program that runs both sides and compares them.")] = None,
    run: Annotated[bool, typer.Option("--run/--no-run", help=RUN)] = True,
) -> None:
    """Write a call in other frameworks, with the map of its weights; run both sides on the same data.

    Exit status 0: all are verified, unverified or impossible, and say which; 1: one gives other values; 2: bad input.
    """
    from verify.native import shown
    from verify.native.port import port as written
    from verify.native.script import script as program

    with one_sentence():
        text, x, shapes = _asked(call, input, weights)
        found = written(text, [name.strip() for name in to.split(",")], x, shapes, run=run)
        if script:
            _written(script, program(found))
    printed(found.data if as_json else shown.ports(found))
    fine = ("verified", "unverified", "impossible", "known")
    raise typer.Exit(int(any(one.status not in fine for one in found.ports)))


def compare(
    first: Annotated[str | None, typer.Argument(help=CALL)] = None,
    second: Annotated[str | None, typer.Argument(help="Another call, in the same framework or in another.")] = None,
    input: Annotated[str, typer.Option(help="The shape of the input, in the first call's layout.")] = "",
    weights: Annotated[list[str] | None, typer.Option(help=WEIGHTS)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON)] = False,
    run: Annotated[bool, typer.Option("--run/--no-run", help=RUN)] = True,
    on: Annotated[list[str] | None, typer.Option(help=ON)] = None,
    family: Annotated[bool, typer.Option("--family", help=FAMILY)] = False,
    picture: Annotated[str, typer.Option(help=PICTURE)] = "",
    time: Annotated[bool, typer.Option("--time", help=TIME)] = False,
) -> None:
    """Compare two calls with the same weights: equal, shifted, equal except at the border, or different; why; and what to write instead.

    With --family, compare what they can express while their weights vary. Without any call, do so for nearest upsampling and a
    convolution against a transposed convolution with stride 2. Exit status 0: equal, or no call was given; 1: not equal; 2: bad input.
    """
    if first is None and not (input or weights or on):
        _founding(as_json)
    with one_sentence():
        if second is None:
            refuse("give two calls, such as 'nn.Conv2d(3, 8, 3)' and 'nn.Conv2d(3, 8, 3, padding=1)'; or none")
        if family and picture:
            refuse("--picture draws two calls with the same weights; leave out --family")
        if family:
            found, both, equal = _families(first or "", second, input, weights, run=run, as_json=as_json, on=on)
        else:
            found, both, equal = _compared(first, second, input, weights, run=run, as_json=as_json, on=on, picture=picture)
        if time:
            found = _with_costs(found, both, run=run)
    printed(found)
    raise typer.Exit(int(not equal))


def _compared(
    first: str | None, second: str, input: str, weights: list[str] | None, *, run: bool, as_json: bool, on: list[str] | None, picture: str
) -> tuple[str | dict[str, Any], tuple[Reading, Reading], bool]:
    from verify.native import shown
    from verify.native.compare import compare as compared

    text, x, shapes = _asked(first, input, weights)
    found = compared(text, text_of(second), x, shapes, run=run, targets=on or ())
    drawn = _drawn(picture, (found.first, text), (found.second, text_of(second))) if picture else ""
    told = "\n\n".join((shown.comparison(found), *filter(None, [drawn])))
    said = found.data | {"sentence": shown.sentence(found)} if as_json else told
    return said, (found.first, found.second), found.relation == "equal" and not found.wrong


def _families(
    first: str, second: str, input: str, weights: list[str] | None, *, run: bool, as_json: bool, on: list[str] | None
) -> tuple[str | dict[str, Any], tuple[Reading, Reading], bool]:
    from verify.native import family_shown
    from verify.native.family import families

    if on:
        refuse("--on says where a call is run; with --family every installed runtime runs the map of weights")
    x, shapes = shape("--input", input) if input else None, [shape("--weights", text) for text in weights or ()]
    found = families(text_of(first), text_of(second), x, shapes, run=run)
    fine = all(one is None or one.checked is None or one.checked.fine for one in (found.inside, found.wider))
    said = family_shown.data(found) if as_json else family_shown.told(found)
    return said, (found.a.reading, found.b.reading), found.relation.word == "equal" and fine


def _with_costs(found: str | dict[str, Any], both: tuple[Reading, Reading], *, run: bool) -> str | dict[str, Any]:
    from verify.native import shown
    from verify.native.costs import costs

    counted = costs(*both, run=run)
    return f"{found}\n\n{shown.costs(counted)}" if isinstance(found, str) else found | {"costs": counted.data}


def _founding(as_json: bool) -> None:
    """Print the answer. Ends with exit status 0: nothing was to be equal."""
    from verify.native import founding

    printed(founding.data() if as_json else founding.told())
    raise typer.Exit(0)


def meant(cases: list[str] | None, input: str) -> list[str] | None:
    """Cases as a report prints them; with the shape of an input, native calls as the cases that they mean."""
    if not input or not cases:
        if input:
            refuse("--input says the shape of a native call's input; give the call with --case")
        return cases
    from backends.reading import read
    from verify.native.check import case_of

    readings = [read(text_of(text), shape("--input", input)) for text in cases]
    return [repr(case_of(found.op, found.x, found.w)) for found in readings]


def _asked(call: str | None, input: str, weights: list[str] | None) -> tuple[str, Shape, list[Shape]]:
    if not call:
        refuse("give a call, such as 'nn.Conv2d(3, 8, 3, padding=1)'; --list prints what is read")
    if not input:
        refuse("give the shape of the input in the call's own layout, such as --input 1,3,32,32")
    return text_of(call), shape("--input", input), [shape("--weights", text) for text in weights or ()]


def text_of(call: str) -> str:
    """The text itself, or the contents of a file."""
    if not call.startswith("@"):
        return call
    try:
        return Path(call[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"{call[1:]} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}")


def shape(option: str, text: str) -> Shape:
    parts = text.replace(" ", "").strip("()[]").split(",")
    parts = parts[:-1] if parts[-1] == "" and len(parts) > 1 else parts
    if not all(part.isascii() and part.isdecimal() and 0 < len(part) < 9 and 0 < int(part) <= LARGEST for part in parts) or len(parts) > 8:
        refuse(f"{option} is {text!r}, but it must be whole numbers above 0, separated by commas, such as 1,3,32,32")
    return tuple(map(int, parts))


def _drawn(where: str, *programs: tuple[Reading, str]) -> str:
    """One program's picture, or two programs' with their differences: written to a file, or the text for the terminal."""
    from verify.native import formulas, picture
    from verify.native.links import steps

    if where != "-" and Path(where).suffix not in (".svg", ".html"):
        refuse(f"--picture is {where!r}, but it must end in .svg or .html, or be - for the terminal")
    (first, title), *others = [(steps(one.op, one.x, one.w), " ".join(text.split())) for one, text in programs]
    other = others[0] if others else None
    if where == "-":
        return "\n\n".join(formulas.text(one) for one, _ in [(first, title), *others]) + formulas.differences(first, other and other[0])
    _written(Path(where), (picture.html if where.endswith(".html") else picture.svg)(first, title, other))
    return ""


def _written(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        refuse(f"{path} cannot be written: {error.strerror}")


def printed(found: str | dict[str, Any]) -> None:
    from verify.printable import printable

    print(printable(found) if isinstance(found, str) else json.dumps(found, ensure_ascii=False, indent=2))


@contextmanager
def one_sentence() -> Iterator[None]:
    from backends import BadBackend
    from spec import Impossible
    from verify.plan.plan import NothingToAsk

    try:
        yield
    except (Impossible, BadBackend, NothingToAsk) as error:
        refuse(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
