"""The text of a case: what is printed is parsed back to the same thing, and any other text is refused in one sentence."""

from __future__ import annotations

import builtins
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import Field, fields
from functools import reduce
from operator import rshift
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spec import Case, Conv, ConvTranspose, Impossible, Operation, SumPool, Upsample, ZeroInsert, operations, parse, parse_case
from tests.test_spec import DEFINITIONS, inputs_of, thoroughly

thoroughly = settings(thoroughly, max_examples=300)
KINDS = st.lists(st.sampled_from(list(DEFINITIONS)), min_size=1, max_size=3)
TWICE = Upsample(factor=(2,)) >> Conv(stride=(1,)) >> Upsample(factor=(3,))
GOOD = "ConvTranspose(stride=(2,), crop=((0, 1),)) x=(2, 3, 5) w=(3, 2, 3) float32 seed=7"


@st.composite
def operations_of_any_size(draw: st.DrawFn) -> Operation:
    """One to three operations of one rank, of every kind there is, with numbers of any size."""
    rank = draw(st.integers(1, 3))
    kinds = draw(st.lists(st.sampled_from(list(operations().values())), min_size=1, max_size=3))
    return reduce(rshift, [kind(**{f.name: draw(values(f, rank)) for f in fields(kind)}) for kind in kinds])


def values(f: Field[Any], rank: int) -> st.SearchStrategy[Any]:
    """What a field may be, from what spec says about it."""
    if "words" in f.metadata:
        return st.sampled_from(f.metadata["words"])
    least = f.metadata["least"]
    number = st.integers(-2 if least is None else least, 3) | st.integers(-(10**9) if least is None else least, 10**9)
    if "neutral" not in f.metadata:
        return number
    pair = isinstance(f.metadata["neutral"], tuple)
    return st.tuples(*[st.tuples(number, number) if pair else number] * rank)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    op, (x, *w) = draw(KINDS.flatmap(lambda kinds: inputs_of(*kinds)))
    dtype, seed = draw(st.sampled_from(["float32", "float64"])), draw(st.integers(0, 2**63 - 1))
    return Case(op=op, x=x, w=tuple(w), dtype=dtype, seed=seed)


# There and back


@thoroughly
@given(operations_of_any_size())
def test_an_operation_comes_back(op: Operation) -> None:
    assert parse(repr(op)) == op
    assert repr(parse(repr(op))) == repr(op)


@thoroughly
@given(cases())
def test_a_question_comes_back(case: Case) -> None:
    assert parse_case(repr(case)) == case


@thoroughly
@given(cases(), st.integers(0, 3))
def test_white_space_is_free(case: Case, more: int) -> None:
    text = repr(case)
    for mark in "=(),":
        text = text.replace(mark, f"{' ' * more}{mark}{' ' * more}")
    assert parse_case(f" {text} ") == case


@pytest.mark.parametrize(
    ("text", "dtype", "seed"),
    [
        ("Upsample(factor=(2,)) x=(1, 1, 3)", "float32", 0),
        ("Upsample(factor=(2,)) x=(1, 1, 3) float64", "float64", 0),
        ("Upsample(factor=(2,)) x=(1, 1, 3) seed=9", "float32", 9),
        ("Upsample(factor=(2,)) x=(1, 1, 3) float64 seed=9223372036854775807", "float64", 2**63 - 1),
    ],
)
def test_what_is_left_out_is_the_default(text: str, dtype: str, seed: int) -> None:
    assert parse_case(text) == Case(op=Upsample(factor=(2,)), x=(1, 1, 3), dtype=dtype, seed=seed)


@pytest.mark.parametrize(
    ("text", "op"),
    [
        ("Conv(groups=2, padding=((0, 1),))", Conv(stride=(1,), padding=((0, 1),), groups=2)),
        ("Conv(stride=(1, 1))", Conv(dilation=(1, 1))),
        ("SumPool(kernel=(2, 3))", SumPool(kernel=(2, 3), stride=(2, 3))),
        ("ZeroInsert(factor=(3,))", ZeroInsert(factor=(3,), trailing=(2,))),
        ("Upsample(factor=(2,)) >> Conv(stride=(1,))", Upsample(factor=(2,)) >> Conv(stride=(1,))),
        ("(Upsample(factor=(2,)) >> Conv(stride=(1,))) >> Upsample(factor=(3,))", TWICE),
        ("Upsample(factor=(2,)) >> (Conv(stride=(1,)) >> Upsample(factor=(3,)))", TWICE),
    ],
)
def test_fields_in_any_order_or_left_out(text: str, op: Operation) -> None:
    assert parse(text) == op


@pytest.mark.parametrize(
    ("op", "text"),
    [
        (Conv(stride=(1,), padding=((0, 0),)), "Conv(stride=(1,))"),
        (Conv(padding=((1, 0),)), "Conv(stride=(1,), padding=((1, 0),))"),
        (ConvTranspose(stride=(2, 1), groups=3), "ConvTranspose(stride=(2, 1), groups=3)"),
        (SumPool(kernel=(2,), stride=(2,)), "SumPool(kernel=(2,))"),
        (SumPool(kernel=(2,), stride=(1,)), "SumPool(kernel=(2,), stride=(1,))"),
        (ZeroInsert(factor=(2,), trailing=(1,)), "ZeroInsert(factor=(2,))"),
        (ZeroInsert(factor=(2,), trailing=(0,)), "ZeroInsert(factor=(2,), trailing=(0,))"),
    ],
)
def test_only_what_is_said_is_printed(op: Operation, text: str) -> None:
    """The first field always, others where they differ from their neutral value."""
    assert repr(op) == text


def test_a_questions_answers_are_named() -> None:
    def asked(op: Operation, *w: tuple[int, ...]) -> tuple[str, ...]:
        return Case(op=op, x=(1, 1, 4), w=w).outputs

    conv = Conv(stride=(1,))
    assert asked(Upsample(factor=(2,))) == ("y", "dx")
    assert asked(conv, (1, 1, 2)) == ("y", "dx", "dw")
    assert asked(conv >> Upsample(factor=(2,)) >> conv, (1, 1, 2), (1, 1, 2)) == ("y", "dx", "dw0", "dw1")


def test_every_operation_is_known_by_name() -> None:
    assert {kind.__name__: kind for kind in DEFINITIONS}.items() <= operations().items()


# Near misses


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ConvTransposed(stride=(2,))", ["'ConvTransposed'", "did you mean 'ConvTranspose'?"]),
        ("conv(stride=(2,))", ["'conv'", "did you mean 'Conv'?"]),
        ("Upsampel(factor=(2,))", ["'Upsampel'", "did you mean 'Upsample'?"]),
        ("SumPooling(kernel=(2,))", ["did you mean 'SumPool'?"]),
        ("ZeroInserted(factor=(2,))", ["did you mean 'ZeroInsert'?"]),
        ("Conv(strides=(2,))", ["'strides'", "did you mean 'stride'?", "stride, padding, dilation, groups"]),
        ("Conv(stride=(2,), crop=((0, 0),))", ["Conv", "'crop'", "stride, padding, dilation, groups"]),
        ("ConvTranspose(stride=(2,), crops=((0, 0),))", ["'crops'", "did you mean 'crop'?"]),
        ("Upsample(stride=(2,))", ["Upsample", "'stride'", "it has factor"]),
        ("Softmax(stride=(2,))", ["'Softmax'", "Conv, ConvTranspose, DepthToSpace"]),
        ("Upsample()", ["Upsample", "factor is missing"]),
        ("ZeroInsert(trailing=(1,))", ["ZeroInsert", "factor is missing"]),
        ("Conv(stride=(0,))", ["stride[0] is 0", "at least 1"]),
        ("Conv(stride=(1,)) >> Upsample(factor=(2, 2))", ["[1, 2] spatial axes"]),
        ("Upsample(factor=(2,), factor=(3,))", ["factor"]),
        ("Conv(stride={[]})", ["stride"]),
        ("Upsample(factor={[]})", ["factor"]),
    ],
)
def test_a_near_miss_is_told(text: str, told: list[str]) -> None:
    with pytest.raises(Impossible) as refusal:
        parse(text)
    assert [word for word in told if word not in str(refusal.value)] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Upsample(factor=(2,))", ["no case", "x=(2, 3, 5)"]),
        ("Upsample(factor=(2,)) x=(1, 3)", ["x=(1, 3)", "at least three"]),
        ("Upsample(factor=(2,)) x=(1, 1, 0)", ["x=(1, 1, 0)", "from 1"]),
        ("Upsample(factor=(2,)) x=(1, 1, -3)", ["x=(1, 1, -3)", "from 1"]),
        ("Upsample(factor=(2,)) x=(1, 1, 3.0)", ["x=(1, 1, 3.0)", "whole numbers"]),
        ("Upsample(factor=(2,)) x=(1, 1, True)", ["x=(1, 1, True)", "whole numbers"]),
        ("Upsample(factor=(2,)) x=(1, 1, n)", ["x=(1, 1, n)", "whole numbers"]),
        ("Upsample(factor=(2,)) x=(1, 1, 3) w=(1, 1, 1)", ["1 weight", "takes 0"]),
        ("Conv(stride=(1,)) x=(1, 1, 3)", ["0 weight", "takes 1"]),
        ("Conv(stride=(1,)) x=(1, 1, 3) w=(1, 2, 3)", ["1 channels", "C = 2"]),
        ("Conv(stride=(1,)) x=(1, 1, 3) w=(1, 1, 5)", ["(-1,)", "negative"]),
        ("Upsample(factor=(2,)) x=(1, 1, 3) float8", ["'float8'", "float32, float64"]),
        ("Upsample(factor=(2,)) x=(1, 1, 3) int64", ["'int64'", "float32, float64, uint8, int8, int32"]),
        ("Upsample(factor=(2,)) x=(1, 1, 3) seed=9223372036854775808", ["seed", "9223372036854775808", "2**63"]),
        ("Upsample(factor=(2,)) x=(1, 1, 3) seed=-1", ["no case"]),
        ("Upsample(factor=(2,)) x=(1, 1, 3) seed=1 float32", ["no case"]),
        ("Upsample(factor=(2,)) x=(1, 1, 3) x=(1, 1, 3)", ["no operation"]),
        ("Upsample(factor=(1000,)) x=(1, 1000, 1000)", ["1000000000", "67108864"]),
        ("Upsample(factor=(1000000000,)) >> Conv(stride=(1000000000,)) x=(1, 1, 1) w=(1, 1, 1)", ["1000000000", "67108864"]),
        ("Conv(stride=(1000000000,), padding=((1000000000, 0),)) x=(1, 1, 1) w=(1, 1, 1)", ["1000000001", "67108864"]),
        ("ConvTranspose(stride=(1000000000,), crop=((0, 1000000000),)) x=(1, 1, 2) w=(1, 1, 1)", ["1000000001", "67108864"]),
    ],
)
def test_an_impossible_question_is_told(text: str, told: list[str]) -> None:
    with pytest.raises(Impossible) as refusal:
        parse_case(text)
    assert [word for word in told if word not in str(refusal.value)] == []


# A framework's words


SHAPES = "x=(1, 3, 8, 8) w=(4, 3, 3, 3)"


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        (f'Conv(stride=(2, 2), padding="same") {SHAPES}', "Conv(stride=(2, 2), padding=((0, 1), (0, 1)))"),
        (f'Conv(stride=2, padding="SAME") {SHAPES}', "Conv(stride=(2, 2), padding=((0, 1), (0, 1)))"),
        (f'Conv(stride=(2, 2), padding="same_lower") {SHAPES}', "Conv(stride=(2, 2), padding=((1, 0), (1, 0)))"),
        (f'Conv(stride=(1, 1), dilation=(2, 2), padding="same") {SHAPES}',
         "Conv(stride=(1, 1), padding=((2, 2), (2, 2)), dilation=(2, 2))"),
        (f'Conv(stride=(2, 2), padding="valid") {SHAPES}', "Conv(stride=(2, 2))"),
        (f"Conv(stride=(1, 1), padding=1) {SHAPES}", "Conv(stride=(1, 1), padding=((1, 1), (1, 1)))"),
        (f"Conv(stride=(1, 1), padding=(1, 2)) {SHAPES}", "Conv(stride=(1, 1), padding=((1, 1), (2, 2)))"),
        ('MaxPool(kernel=2, padding="same") x=(1, 3, 7)', "MaxPool(kernel=(2,), padding=((0, 1),))"),
        ('ConvTranspose(stride=2, crop="same") x=(1, 3, 7) w=(3, 2, 5)', "ConvTranspose(stride=(2,), crop=((1, 2),))"),
        ('Upsample(factor=2) >> Conv(stride=1, padding="same") x=(1, 1, 4) w=(1, 1, 4)',
         "Upsample(factor=(2,)) >> Conv(stride=(1,), padding=((1, 2),))"),
    ],
)  # fmt: skip
def test_words_of_a_framework_are_answered_with_what_works(text: str, instead: str) -> None:
    """Computed for the input and the kernel that are given."""
    with pytest.raises(Impossible) as refusal:
        parse_case(text)
    _, _, suggested = str(refusal.value).partition("; for these shapes write ")
    assert suggested == instead
    assert parse_case(f"{suggested} x={text.partition(' x=')[2]}").op == parse(instead)


@pytest.mark.parametrize(
    "text", [f'Conv(padding="smae") {SHAPES}', 'Conv(padding="same") x=(1, 3, 8, 8) w=(4, 3, 3)', 'Pad(padding="same") x=(1, 1, 3)',
             f'Conv(stride=(2, 0), padding="same") {SHAPES}', 'Conv(padding="same", groups=7) x=(1, 1, 3) w=(1, 1, 1)'],
)  # fmt: skip
def test_nothing_is_suggested_that_does_not_work(text: str) -> None:
    with pytest.raises(Impossible) as refusal:
        parse_case(text)
    assert "write" not in str(refusal.value)


@pytest.mark.parametrize(("field", "such_as"), [("padding='same'", "((1, 1), (1, 1))"), ("padding=2", "((2, 2), (2, 2))"),
                                                ("stride=3", "(3, 3)"), ("stride=-1", "(1, 1)"), ("stride='2'", "(1, 1)")])  # fmt: skip
def test_what_a_field_wants_is_shown_by_a_value_that_it_takes(field: str, such_as: str) -> None:
    with pytest.raises(Impossible) as refusal:
        parse(f"Conv({field})")
    assert f"such as {such_as} in 2-D" in str(refusal.value)
    assert parse(f"Conv({field.partition('=')[0]}={such_as})").rank == 2


# Hostile text

BOOM = "__import__('builtins').boom()"
DEEP = 1900
HOSTILE = {
    "import": BOOM,
    "import in a field": f"Conv(stride=({BOOM},))",
    "import as the operation": f"{BOOM}(stride=(1,))",
    "eval": 'eval("boom()")',
    "eval in a field": 'Conv(stride=eval("boom()"))',
    "lambda": "Conv(stride=(lambda: boom())())",
    "lambda called": "(lambda: boom())()",
    "many lambdas": "lambda:" * 500 + "1",
    "attribute": "Conv.__init__.__globals__",
    "attribute called": "Conv.__subclasses__()",
    "attribute in a field": "Conv(stride=Conv.mro)",
    "attribute of a tuple": "Conv(stride=().__class__.__base__.__subclasses__())",
    "list comprehension": "Conv(stride=[boom() for _ in (1,)])",
    "generator": "Conv(stride=tuple(boom() for _ in (1,)))",
    "dict comprehension": "Conv(stride={boom(): 1 for _ in (1,)})",
    "f-string": "Conv(stride=f'{boom()}')",
    "f-string as the operation": "f'{boom()}'",
    "nested f-string": "f'" + "{" * 300,
    "walrus": "Conv(stride=(x := boom()))",
    "conditional": "Conv(stride=(1,) if boom() else (2,))",
    "comparison": "Conv(stride=(1,)) == boom()",
    "subscript": "Conv(stride=[(1,)][boom()])",
    "star": "Conv(stride=(*boom(),))",
    "keywords": "Conv(**{'stride': (1,)})",
    "keywords and a field": "Conv(stride=(1,), **boom())",
    "positional": "Conv((1,))",
    "positional star": "Conv(*boom())",
    "await": "await boom()",
    "yield": "yield boom()",
    "statement": "import os",
    "two lines": "Conv(stride=(1,))\nboom()",
    "two statements": "Conv(stride=(1,)); boom()",
    "two expressions": "Conv(stride=(1,)), boom()",
    "another operator": "Conv(stride=(1,)) << Conv(stride=(1,))",
    "a negative operation": "-Conv(stride=(1,))",
    "called twice": "Conv(stride=(1,))(1)",
    "bitwise": "Conv(stride=(1,)) >> boom",
    "shifted numbers": "1 >> 1",
    "enormous shift": "Conv(stride=(1 << 10**9,))",
    "enormous power": "Conv(stride=(9**9**9,))",
    "Program": "Program(inner=(Conv(stride=(1,)), Conv(stride=(1,))))",
    "Operation": "Operation()",
    "empty": "",
    "spaces": " \t\n ",
    "null": "\0",
    "null in a field": "Conv(stride=(1,\0))",
    "surrogate": "Conv(stride=('\ud800',))",
    "direction marks": "\u202eConv(stride=(0,))",
    "unicode name": "Сonv(stride=(1,))",  # the first letter is Cyrillic
    "unicode digits": "Conv(stride=(²,))",
    "line separators": "Conv(stride=\u2028(0,))",
    "a line in a value": "Conv(stride='a\nb')",
    "an escaped line in a value": r"Conv(stride='a\nb')",
    "parentheses": "(" * DEEP,
    "closed parentheses": "(" * DEEP + ")" * DEEP,
    "parentheses in a field": f"Conv(stride={'(' * DEEP}1{')' * DEEP})",
    "brackets in a field": f"Conv(stride={'[' * 190}{']' * 190})",
    "braces": "{" * DEEP,
    "minus": f"Conv(stride=({'-' * DEEP}1,))",
    "not": "not " * 900 + "1",
    "plus": "1" + "+1" * DEEP,
    "complex": f"Conv(stride=({'1+' * DEEP}1j,))",
    "attributes": "a" + ".a" * DEEP,
    "shifts": "Upsample(factor=(2,))" + ">>" * DEEP,
    "long": "Conv(stride=(1,))" + " " * 4000,
    "very long": "Conv(stride=(1,)) >> " * 10**5,
    "long name": "C" * 3900 + "()",
    "long field": f"Conv({'s' * 3900}=1)",
    "long value": f"Conv(stride='{'s' * 3900}')",
    "long tuple": f"Conv(padding=(({'1, ' * 1200}),))",
    "long fields": f"Conv(stride=({'1, ' * 600}), dilation=({'0, ' * 600}))",
    "huge integer": f"Conv(stride=({'9' * 3900}))",
    "huge negative integer": f"Conv(stride=(-{'9' * 3900},))",
    "unprintable integer": f"Conv(stride=(0x{'f' * 3900}))",
    "unprintable length": f"Conv(stride=(0x{'f' * 3900},), groups=0)",
    "too huge an integer": "Conv(stride=(" + "9" * 4400 + ",))",
    "set of a list": "Upsample(factor={[]})",
    "dict of a list": "Upsample(factor={[]: 1})",
    "bytes": "Upsample(factor=b'22')",
    "invalid escape": r"Upsample(factor='\d')",
    "invalid escape in bytes": r"Upsample(factor=b'\d')",
    "number before a keyword": "Upsample(factor=(1if 1else 2))",
    "hexadecimal before a keyword": "Upsample(factor=0x1for x in y)",
    "tuple called": "Upsample(factor=(1,)(2))",
    "identity with a number": "Upsample(factor=1 is 1)",
    "infinity": "Upsample(factor=(1e999,))",
    "ellipsis": "Upsample(factor=...)",
}
HOSTILE_SHAPES = {
    "import": f"({BOOM}, 1, 3)",
    "empty": "()",
    "name": "(n, c, w)",
    "set of a list": "({[]}, 1, 3)",
    "dict of a list": "({[]: 1}, 1, 3)",
    "minus": f"({'-' * DEEP}1, 1, 3)",
    "not": f"({'not ' * 900}1, 1, 3)",
    "brackets": f"({'[' * 190}{']' * 190}, 1, 3)",
    "more brackets": f"({'[' * DEEP}{']' * DEEP}, 1, 3)",
    "plus": f"({'1+' * 900}1j, 1, 3)",
    "two lines": "(1,\n1)",
    "null": "(1, 1, \0)",
    "invalid escape": r"(1, 1, '\d')",
    "number before a keyword": "(1, 1, 1if 1else 2)",
    "lambda": "(1, 1, lambda: 3)",
    "f-string": "(1, 1, f'{boom}')",
    "star": "(*boom, 1, 3)",
    "surrogate": "(1, 1, '\ud800')",
    "huge": f"(1, 1, {'9' * 3800})",
    "unprintable": f"(1, 1, 0x{'f' * 3800})",
    "unprintable batch": f"(0x{'f' * 3800}, 1, 3)",
    "too huge an integer": f"(1, 1, {'9' * 4400})",
    "long": f"({'1, ' * 1200})",
    "twice": "(1, 1, 3) x=(1, 1, 3)",
    "long dtype": f"(1, 1, 3) {'a' * 3800}1",
    "long seed": f"(1, 1, 3) seed={'1' * 3800}",
    "unicode seed": "(1, 1, 3) seed=٣",
    "anything after": "(1, 1, 3) float32 seed=0 boom()",
    "anything after many spaces": f"(1, 1, 3) float32 seed=0{' ' * 4000}boom()",
    "spaces": f"(1, 1, 3){' ' * 3900}!",
    "openings": "(" + " x=(" * 900,
}


def refusal(read: Callable[[str], object], text: str) -> str:
    with pytest.raises(Impossible) as caught:
        read(text)
    return str(caught.value)


def is_one_sentence(sentence: str) -> bool:
    return sentence.isprintable() and 0 < len(sentence) < 600


@pytest.fixture(autouse=True)
def nothing_is_evaluated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The hostile texts call `boom`, which is there to be called."""
    called: list[str] = []
    monkeypatch.setattr(builtins, "boom", lambda *_: called.append("boom"), raising=False)
    yield
    assert called == []


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_refused(text: str) -> None:
    """As an operation, and as the operation of a case: by Impossible and nothing else, in one sentence."""
    assert is_one_sentence(refusal(parse, text))
    assert is_one_sentence(refusal(parse_case, f"{text} x=(1, 1, 4) w=(1, 1, 2)"))


@pytest.mark.parametrize("shape", HOSTILE_SHAPES.values(), ids=HOSTILE_SHAPES)
@pytest.mark.parametrize("text", ["Upsample(factor=(2,)) x={}", "Conv(stride=(1,)) x=(1, 1, 3) w={}"], ids=["x", "w"])
def test_hostile_shapes_are_refused(text: str, shape: str) -> None:
    assert is_one_sentence(refusal(parse_case, text.format(shape)))


@pytest.mark.parametrize(
    "text",
    [
        f"Upsample(factor=({'9' * 3900},)) x=(1, 1, 3)",
        f"Upsample(factor=(0x{'f' * 3700},)) x=(1, 1, 3)",
        f"Conv(stride=({'9' * 3900},)) x=(1, 1, 3)",
        f"Conv(stride=(1,), padding=((-{'9' * 3900}, 0),)) x=(1, 1, 3) w=(1, 1, 1)",
        f"Conv(stride=(1,), groups={'9' * 3900}) x=(1, 1, 3) w=(1, 1, 1)",
        f"Upsample(factor=(2,)){'>>Upsample(factor=(2,))' * 150} x=(1, 1, 3)",
        f"Conv(stride=({'1,' * 1200})) x=(1, 1, 3) w=(1, 1, 1)",
        f"Upsample(factor=({'1,' * 70})) x=({'1,' * 72})",
    ],
    ids=["length", "unprintable length", "no weight", "padding", "groups", "steps", "rank of x", "rank"],
)
def test_a_well_formed_monster_is_refused(text: str) -> None:
    """An operation that exists, on shapes beyond anything asked."""
    assert is_one_sentence(refusal(parse_case, text))


@pytest.mark.parametrize("text", [*HOSTILE.values(), *(f"Upsample(factor=(2,)) x={s}" for s in HOSTILE_SHAPES.values())])
def test_hostile_text_warns_nobody_and_keeps_nobody_waiting(text: str) -> None:
    """Python's parser has warnings about some texts; they are about our reader's text, not for the reader's terminal."""
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        for read in (parse, parse_case):
            with pytest.raises(Impossible):
                read(text)
    assert [str(w.message) for w in shown] == []
    assert time.perf_counter() - started < 2


# Any text at all


def outcome(read: Callable[[str], object], text: str) -> object:
    """What was read, or why not."""
    try:
        return read(text)
    except Impossible as refused:
        return str(refused)


def is_read_or_refused(text: str) -> bool:
    """To something that is printed and read again the same, or in one sentence."""
    outcomes = ((read, outcome(read, text)) for read in (parse, parse_case))
    return all(is_one_sentence(told) if isinstance(told, str) else read(repr(told)) == told for read, told in outcomes)


@thoroughly
@given(st.text(max_size=60))
@example(GOOD)
def test_any_text(text: str) -> None:
    assert is_read_or_refused(text)


WORDS = st.sampled_from([
    *operations(), "Program", "stride", "padding", "crop", "groups", "factor", "trailing", "x", "w", "seed", "float32", "é", "boom()",
    "=", ",", ">>", ":", "(", ")", "((", "))", "()", "(1,)", "(2, 3)", "((0, 1),)", "(1, 1, 4)", "0", "1", "-", "1.5", "0x1", "1e9",
    "True", "None", "[", "]", "{", "}", "[]", "{[]}", "*", "**", ".", "'", '"', "\\", "\\d", "#", "if", "else", "for", "in", "lambda",
    " ", "\n", "\0",
])  # fmt: skip


@settings(thoroughly, max_examples=600)
@given(st.lists(WORDS, max_size=24).map("".join))
def test_any_words(text: str) -> None:
    """The grammar's own words in any order."""
    assert is_read_or_refused(text)


@settings(thoroughly, max_examples=600)
@given(cases().map(repr), st.data())
def test_a_question_with_a_slip(text: str, data: st.DataObject) -> None:
    """Here and there in a valid text something is cut out, put in or said twice."""
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 6, len(text))))
        text = text[:start] + data.draw(WORDS | st.just(text[start:end] * 2) | st.characters()) + text[end:]
    assert is_read_or_refused(text)
