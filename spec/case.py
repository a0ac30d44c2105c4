"""A case and its text: an operation, the shapes it is run on, the dtype, which values are fed in, what is checked, the seed.

    case   = operation { ">>" operation } "x=" shape { "w=" shape } [ dtype ] [ data ] [ "check=" check ] [ "seed=" integer ]
             [ "call=" text ]
    operation  = name "(" field "=" value { "," field "=" value } ")"
    value      = an integer, or a tuple of values
    shape      = a tuple of integers
    dtype      = "float16" | "bfloat16" | "float32" | "float64" | "uint8" | "int8" | "int32"
    data       = "integers" | "distinct" | "ties" | "impulses" | "normal" | … (spec.data.DATA)
    check      = "values" | "shape"
    text       = a quoted native call that means the operation, with the shapes it is given: 'nn.Conv2d(3, 8, 3) @ 1,3,9,9'

One `w=` for each weighted step, in order. Left out, dtype is float32, data is integers, check is values and seed is 0. Text is parsed,
never evaluated.
"""

from __future__ import annotations

import ast
import difflib
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields
from itertools import chain
from typing import TypeVar

from spec.conventions.meant import meant
from spec.data import DATA, Data
from spec.operation import PUBLIC, Impossible, Operation, Shape, size
from spec.program import Program

T = TypeVar("T")

FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("uint8", "int8", "int32")
DTYPES = (*FLOATS, *INTEGERS)
CHECKS = {
    "values": "every value of the result and of the gradients",
    "shape": "shapes alone: what the framework infers without running, against its run",
}
"""What is compared with the definition."""

FORMER_CHECKS = {"inference": "shape"}
"""Words that stood in the place of the data in texts of before, and still are read."""

LONGEST_TEXT = 4000
LONGEST_CALL = 1000
LARGEST_ARRAY = 1 << 26
LARGEST_WINDOW = 1 << 16
EXAMPLE = "ConvTranspose(stride=(2,), crop=((0, 1),)) x=(2, 3, 5) w=(3, 2, 3) float32 seed=7"


class UnknownData(Impossible):
    """A word that names no data."""

    def __init__(self, word: str) -> None:
        super().__init__(f"data is {_short(word)}, but it must be one of {', '.join(DATA)}{_nearest(word, DATA)}")
        self.word = word


@dataclass(frozen=True, kw_only=True, repr=False)
class Case:
    """Raises Impossible if the operation does not take these shapes."""

    op: Operation
    x: Shape
    w: tuple[Shape, ...] = ()
    dtype: str = "float32"
    data: str = "integers"
    check: str = "values"
    seed: int = 0
    call: str = ""
    """A native call that means this, as its framework's users write it; then that call is run, on its framework alone."""

    def __post_init__(self) -> None:
        if not isinstance(self.call, str) or len(self.call) > LONGEST_CALL:
            raise Impossible(f"call has {len(self.call)} characters, but at most {LONGEST_CALL} are run")
        if self.dtype not in DTYPES:
            raise Impossible(f"dtype is {self.dtype!r}, but it must be one of {', '.join(DTYPES)}")
        if self.data not in DATA:
            raise UnknownData(self.data)
        if self.check not in CHECKS:
            raise Impossible(f"check is {self.check!r}, but it must be one of {', '.join(CHECKS)}")
        if not all(type(n) is int for n in (self.seed, *self.x, *(n for w in self.w for n in w))):
            raise Impossible(f"x is {self.x}, w {self.w} and seed {self.seed}, but all must be whole numbers")
        if not 0 <= self.seed < 1 << 63:
            raise Impossible(f"seed is {self.seed}, but it must be at least 0 and below 2**63")
        if self.op.rank > 3:
            raise Impossible(f"{self.op.name} has {self.op.rank} spatial axes, but at most 3 are run")
        steps = list(self.op.walk(self.x, self.w))
        made = chain.from_iterable((step.scratch(x, *w), y) for step, x, w, y in steps)
        largest = max(map(size, (self.x, *self.w, *made)))
        taps = max(size(step.window(*w)) for step, _, w, _ in steps)
        if taps > LARGEST_WINDOW:
            raise Impossible(f"a window would have {taps} taps, but at most {LARGEST_WINDOW} are run")
        if largest > LARGEST_ARRAY:
            raise Impossible(f"an array would have {largest} elements, but at most {LARGEST_ARRAY} are run")

    @property
    def y(self) -> Shape:
        """The shape of the answer."""
        return self.op.shape(self.x, *self.w)

    @property
    def drawing(self) -> Data:
        """The properties of the values that are fed in."""
        return DATA[self.data]

    @property
    def outputs(self) -> tuple[str, ...]:
        """The results to check: y, ∂x and one ∂w for each weight; only y if shapes are checked, and of integer dtypes."""
        if self.check == "shape" or self.dtype in INTEGERS or not self.drawing.has_gradient:
            return ("y",)
        names = [f"dw{i}" if len(self.w) > 1 else "dw" for i in range(len(self.w))]
        return ("y", "dx", *names)

    @property
    def shapes(self) -> dict[str, Shape]:
        """Of the results to check."""
        return dict(zip(self.outputs, (self.y, self.x, *self.w), strict=False))

    def __repr__(self) -> str:
        weights = "".join(f" w={w}" for w in self.w)
        data = "" if self.data == "integers" else f" {self.data}"
        check = "" if self.check == "values" else f" check={self.check}"
        call = f" call={self.call!r}" if self.call else ""
        return f"{self.op!r} x={self.x}{weights} {self.dtype}{data}{check} seed={self.seed}{call}"


TAIL = re.compile(
    r"\s+x\s*=\s*(?P<x>\([^()]*\))(?P<w>(?:\s+w\s*=\s*\([^()]*\))*)"
    r"(?:\s+(?P<dtype>[a-z]+[0-9]+))?(?:\s+(?P<data>[a-z]+)(?![a-z]|\s*=))?(?:\s+check\s*=\s*(?P<check>[a-z]+))?"
    r"(?:\s+seed\s*=\s*(?P<seed>[0-9]{1,19}))?\s*$"
)
CALL = re.compile(r"""\s+call=(?P<call>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*$""")


def parse_case(text: str) -> Case:
    """The inverse of `repr(case)`. Raises Impossible."""
    return _brief(_case, text)


def _case(text: str) -> Case:
    called = CALL.search(text)
    if called:
        text = text[: called.start()]
    tail = TAIL.search(text)
    if not tail:
        raise Impossible(f"{_short(text)} is no case: OPERATION x=SHAPE w=SHAPE DTYPE DATA seed=N, as in {EXAMPLE}")
    try:
        op = _parsed(text[: tail.start()])
    except Impossible as refused:
        raise Impossible(f"{refused}{_instead(text[: tail.start()], tail)}") from None
    x, w = _shapes(tail)
    data, check = tail["data"] or "integers", tail["check"] or "values"
    if data in FORMER_CHECKS and not tail["check"]:
        data, check = "integers", FORMER_CHECKS[data]
    call = str(ast.literal_eval(called["call"])) if called else ""
    return Case(op=op, x=x, w=w, dtype=tail["dtype"] or "float32", data=data, check=check, seed=int(tail["seed"] or 0), call=call)


def _shapes(tail: re.Match[str]) -> tuple[Shape, tuple[Shape, ...]]:
    return _shape("x", tail["x"]), tuple(_shape("w", shape) for shape in re.findall(r"\([^()]*\)", tail["w"]))


def _instead(text: str, tail: re.Match[str]) -> str:
    """What to write for an operation in a framework's words, if that can be asked on these shapes."""
    try:
        x, w = _shapes(tail)
        op = meant([_fields(call) for call in _calls(ast.parse(text.strip(), mode="eval").body)], x, w)
        if op:
            Case(op=op, x=x, w=w)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError, OverflowError, ZeroDivisionError):
        return ""
    return f"; for these shapes write {op!r}" if op and len(repr(op)) < 200 else ""


def _calls(node: ast.expr) -> Iterator[ast.Call]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
        yield from _calls(node.left)
        yield from _calls(node.right)
    elif isinstance(node, ast.Call):
        yield node


def _fields(call: ast.Call) -> tuple[type[Operation], dict[str, object]]:
    if not isinstance(call.func, ast.Name) or call.func.id not in operations() or call.args:
        raise ValueError
    return operations()[call.func.id], {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}


def parse(text: str) -> Operation:
    """The inverse of `repr(op)`. Raises Impossible."""
    return _brief(_parsed, text)


def _brief(read: Callable[[str], T], text: str) -> T:
    """What the text says, or one sentence of readable length: fields and shapes repeat what was received, which may be huge."""
    if len(text) > LONGEST_TEXT:
        raise Impossible(f"the text has {len(text)} characters, but at most {LONGEST_TEXT} are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read(text)
    except UnknownData:
        raise
    except Impossible as refused:
        sentence = str(refused)
        raise Impossible(sentence if len(sentence) < 500 else f"{sentence[:240]} … {sentence[-240:]}") from None
    except ValueError:  # Python prints no integer of more than 4300 digits
        raise Impossible(f"{_short(text)} has numbers beyond anything that is run") from None


def _parsed(text: str) -> Operation:
    try:
        return _operation(ast.parse(text.strip(), mode="eval").body)
    except Impossible:
        raise
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        raise Impossible(f"{_short(text)} is no operation; one looks like {EXAMPLE.split(' x=')[0]}") from None


def operations() -> dict[str, type[Operation]]:
    """Every operation by its name."""
    return {name: op for name, op in PUBLIC.items() if op is not Program}


def _operation(node: ast.expr) -> Operation:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
        return _operation(node.left) >> _operation(node.right)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.args:
        raise ValueError
    known = operations()
    if node.func.id not in known:
        raise Impossible(f"there is no operation {node.func.id!r}{_nearest(node.func.id, known)}; there are {', '.join(sorted(known))}")
    op = known[node.func.id]
    names = [f.name for f in fields(op)]
    for keyword in node.keywords:
        if keyword.arg not in names:
            raise Impossible(f"{op.__name__} has no field {keyword.arg!r}{_nearest(str(keyword.arg), names)}; it has {', '.join(names)}")
    given = [str(keyword.arg) for keyword in node.keywords]
    for name in given:
        if given.count(name) > 1:
            raise Impossible(f"{op.__name__}: {name} is given {given.count(name)} times")
    for f in fields(op):
        if f.default is MISSING and f.name not in given:
            raise Impossible(f"{op.__name__}: {f.name} is missing")
    return op(**{str(k.arg): ast.literal_eval(k.value) for k in node.keywords})


def _shape(name: str, text: str) -> Shape:
    try:
        shape = ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        shape = None
    least = (0 if name == "x" else 1, 1)  # only a batch may be empty
    if not isinstance(shape, tuple) or len(shape) < 3 or not all(type(n) is int and n >= least[i > 0] for i, n in enumerate(shape)):
        short = _short(text)[1:-1]
        raise Impossible(f"{name}={short} is no shape; one is a tuple of at least three whole numbers from 1, such as (2, 3, 5)")
    return shape


def _nearest(word: str, words: object) -> str:
    near = difflib.get_close_matches(word, list(words), 1)  # type: ignore[call-overload]
    return f" (did you mean {near[0]!r}?)" if near else ""


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "…")
