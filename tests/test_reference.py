"""What is drawn, what is right, and how probable it is that a wrong operation is let through."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from spec import Array, Case, Impossible, parse_case
from spec.case import DTYPES, FLOATS, INTEGERS
from spec.data import DATA
from tests.implementations import links, stored
from tests.tiers import sampled, slow
from verify.execute.worker import FORMATS, MARKS, REAL, WHOLE, numbers
from verify.judge.reference import LARGEST_RADIUS, MOST_DRAWS, Reference
from verify.plan.suites import cases

ASKED = {
    "distinct": "MaxPool(kernel=(2,), stride=(1,)) x=(2, 3, 9)",
    "ties": "MaxPool(kernel=(2,), stride=(1,)) x=(2, 3, 9)",
    "impulses": "AveragePool(kernel=(3,)) x=(9, 1, 9)",
}
CONV = "Conv(stride=(2,), padding=((1, 2),)) x=(2, 2, 7) w=(3, 2, 3)"

def test_every_dtype_has_its_range() -> None:
    assert {*FORMATS, *WHOLE} == set(DTYPES)


# What is drawn


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("data", DATA)
def test_numbers_are_exact_in_their_dtype(data: str, dtype: str) -> None:
    for seed in range(5):
        q = parse_case(f"{ASKED.get(data, CONV)} {dtype} {data} seed={seed}")
        x, g, w = Reference(q).drawn
        for a in (x, g, *w):
            held = stored(a.astype("float32"), dtype) if dtype == "bfloat16" else a.astype(dtype)
            np.testing.assert_array_equal(held.astype(float), a)
        assert np.isfinite(x).all() == (data not in MARKS)


def test_normal_numbers_next_to_zero_are_exact_too() -> None:
    x, g, _ = Reference(parse_case("Upsample(factor=(1,)) x=(10, 10, 2000) float16 normal")).drawn
    assert 0 < np.abs(x[x != 0]).min() < 2.0**-14
    np.testing.assert_array_equal(g.astype(np.float16).astype(float), g)


@pytest.mark.parametrize("dtype", FLOATS)
def test_subnormal_products_lie_about_the_smallest_normal_number(dtype: str) -> None:
    x, _, (w,) = Reference(parse_case(f"{CONV} {dtype} subnormal")).drawn
    least = 2.0 ** FORMATS[dtype][1]
    products = np.abs(np.multiply.outer(x, w))
    assert least / 128 < products.min() < least < products.max() < 128 * least


@pytest.fixture(scope="module")
def whole() -> list[Case]:
    return cases("standard", dtypes=INTEGERS)


@slow
@pytest.mark.parametrize("dtype", INTEGERS)
def test_whole_numbers_and_their_sums_fit_their_dtype(dtype: str, whole: list[Case]) -> None:
    least, most = WHOLE[dtype]
    asked = [q for q in whole if q.op.rank < 3 and q.dtype == dtype]
    assert {q.data for q in asked} == {"integers", "distinct", "ties"} | ({"digits"} if dtype == "int32" else set())
    for reference in map(Reference, asked):
        x, _, w = reference.drawn
        assert reference.names == ("y",)
        for a in (x, *w, *reference.outputs):
            assert not a.size or least <= a.min() <= a.max() <= most
    widest = max(Reference(q).drawn[0].max() for q in asked)
    assert widest > most / 4


@pytest.mark.parametrize("text", ["AveragePool(kernel=(3,)) x=(1, 2, 9) int8", f"{CONV} int32 normal", f"{CONV} uint8 nan",
                                  "Conv(stride=(1,)) x=(1, 99, 9) w=(2, 99, 3) int8"])  # fmt: skip
def test_what_integers_cannot_hold_is_not_asked(text: str) -> None:
    with pytest.raises(Impossible, match=r"int8|int32|uint8"):
        Reference(parse_case(text))


def test_all_different_numbers_are_not_asked_where_sums_of_them_are_inexact() -> None:
    Reference(parse_case("Conv(stride=(1,)) x=(2, 5, 11) w=(5, 5, 2) float64 distinct"))
    with pytest.raises(Impossible, match="tell apart or add exactly"):
        Reference(parse_case("Conv(stride=(1,)) x=(2, 5, 11) w=(5, 5, 2) bfloat16 distinct"))


def test_nothing_is_asked_to_choose_among_rounded_numbers() -> None:
    Reference(parse_case("AveragePool(kernel=(4,)) >> MaxPool(kernel=(2,)) x=(1, 2, 9)"))
    with pytest.raises(Impossible, match="may be rounded"):
        Reference(parse_case("AveragePool(kernel=(3,)) >> MaxPool(kernel=(2,)) x=(1, 2, 9)"))


@pytest.mark.parametrize("text", ["LpPool(kernel=(2,)) >> MaxPool(kernel=(2,)) x=(1, 2, 9) bfloat16",
                                  "Resize(size=(2,), mode='linear') >> AdaptiveMaxPool(size=(1,)) x=(1, 2, 6)",
                                  "AveragePool(kernel=(3,)) >> LpPool(kernel=(2,), p=1) x=(1, 2, 9)"])  # fmt: skip
def test_a_root_or_a_coordinate_that_is_rounded_is_not_chosen_from_either(text: str) -> None:
    """240 and 241 have the same root in bfloat16, so that the greater of them is anybody's guess."""
    with pytest.raises(Impossible, match="may be rounded"):
        Reference(parse_case(text))


@pytest.mark.parametrize("text", ["AdaptiveMaxPool(size=(3,)) >> LpPool(kernel=(3,), stride=(2,), padding=((1, 0),)) x=(1, 1, 2) float16",
                                  "MaxPool(kernel=(2,)) >> Resize(size=(1,), mode='linear') x=(1, 2, 6)",
                                  "MaxPool(kernel=(17, 17), stride=(1, 1)) x=(1, 1, 33, 33) bfloat16",
                                  "LpPool(kernel=(2,)) >> LpPool(kernel=(2,)) x=(1, 2, 9)"])  # fmt: skip
def test_no_bound_is_taken_from_magnitudes_where_something_is_chosen(text: str) -> None:
    """Of the magnitudes of x other pixels are the greatest, so that the bound of a gradient would lie elsewhere."""
    with pytest.raises(Impossible, match="by itself"):
        Reference(parse_case(text))


def test_a_norm_of_sums_is_asked_only_where_it_is_a_sum_itself() -> None:
    """The powers of sums overflow where the norm does not, and what a gradient divides by may be small where its magnitude is large."""
    with pytest.raises(Impossible, match="by itself"):
        Reference(parse_case("Conv(stride=(1,)) >> LpPool(kernel=(2,), p=3) x=(1, 2, 9) w=(2, 2, 4) float16"))
    Reference(parse_case("Conv(stride=(1,)) >> LpPool(kernel=(2,), p=1) x=(1, 2, 9) w=(2, 2, 4)"))
    Reference(parse_case("LpPool(kernel=(2,)) >> Conv(stride=(1,)) x=(1, 2, 9) w=(2, 2, 4)"))
    Reference(parse_case("SpaceToDepth(factor=(3,)) >> LpPool(kernel=(2,)) >> Upsample(factor=(2,)) x=(1, 1, 9)"))


@pytest.mark.parametrize("kind", ["normal", "wide", "subnormal", "large"])
def test_what_is_padded_with_is_as_large_as_it_is(kind: str) -> None:
    """However x is scaled for exact arithmetic."""
    reference = Reference(parse_case(f"Pad(padding=((0, 1),), value=2) x=(1, 1, 1) float32 {kind}"))
    x, _, _ = reference.drawn
    assert reference.outputs[0].tolist() == [[[x.item(), 2]]]


@pytest.mark.parametrize("text", ["Pad(padding=((0, 1),), value=2) >> Conv(stride=(1,)) x=(1, 2, 9) w=(2, 2, 4) bfloat16",
                                  "Pad(padding=((0, 1),), value=2) >> AveragePool(kernel=(4,)) x=(1, 2, 9) bfloat16"])  # fmt: skip
def test_what_is_padded_with_is_not_added_up(text: str) -> None:
    """It is no multiple of what is drawn, nor as small."""
    Reference(parse_case(text.replace(", value=2", "")))
    with pytest.raises(Impossible, match="numbers of its own"):
        Reference(parse_case(text))


# How probable a miss is

SMALL = parse_case("Conv(stride=(1,), padding=((1, 1),)) x=(1, 1, 2) w=(1, 1, 2) float32")


def _one_product_more(x: Array, w: Array) -> Array:
    """Differs by x[0]·w[0], which is 0 as often as the theorem allows."""
    y = SMALL.op(x, w)
    y[0, 0, 1] += x[0, 0, 0] * w[0, 0, 0]
    return y


OTHERS: dict[str, Callable[[Array, Array], Array]] = {
    "one product more": _one_product_more,
    "kernel flipped": lambda x, w: SMALL.op(x, w[..., ::-1]),
    "padding at the start": lambda x, w: replace(SMALL.op, padding=((2, 0),))(x, w),
    "x doubled": lambda x, w: SMALL.op(2 * x, w),
}
SEEDS = 2000


@pytest.mark.parametrize("radius", sampled([1, 2, 3], 1))
@pytest.mark.parametrize("other", sampled(OTHERS, "kernel flipped"))
def test_a_wrong_operation_is_missed_no_more_often_than_is_said(other: str, radius: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reference, "radius", radius)
    said = Reference(SMALL).missed_at_once
    missed = sum(_is_missed(Reference(replace(SMALL, seed=seed)), OTHERS[other]) for seed in range(SEEDS)) / SEEDS
    sigma = (said * (1 - said) / SEEDS) ** 0.5
    assert missed <= said + 4 * sigma
    if other == "one product more":
        assert missed >= said - 4 * sigma


def _is_missed(reference: Reference, other: Callable[[Array, Array], Array]) -> bool:
    x, _, w = reference.drawn
    return np.array_equal(other(x, *w), reference.outputs[0])


@pytest.mark.parametrize("draws", sampled([1, 2, 3], 2))
def test_draws_multiply(draws: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reference, "radius", 1)
    said = Reference(SMALL).missed_at_once ** draws
    all_missed = 0
    for seed in range(SEEDS):
        reference = Reference(replace(SMALL, seed=seed))
        all_missed += all(_is_missed(reference.at(d), _one_product_more) for d in range(draws))
    assert abs(all_missed / SEEDS - said) <= 4 * (said * (1 - said) / SEEDS) ** 0.5


@pytest.fixture(scope="module")
def quick() -> list[Case]:
    return cases("quick", data=["integers"], checks=["values"])


@pytest.mark.parametrize("bits", [10, 30, 100])
def test_draws_are_added_until_a_miss_is_as_improbable_as_asked(bits: int, quick: list[Case]) -> None:
    derived = 0
    for q in quick:
        reference = Reference(q, confidence=bits)
        if reference.radius and (missed := reference.missed_probability) is not None:
            derived += 1
            assert missed <= 2.0**-bits or (bits == 100 and reference.draws == MOST_DRAWS)
    assert derived > 0.9 * len(quick)


def test_properties_of_data_say_how_the_worker_draws_it() -> None:
    """verify/execute/worker.py knows nothing of spec/: what it draws and what a record of Data says must be the same."""
    assert {data.name for data in DATA.values() if data.real} == set(REAL)
    assert {data.name: float(data.marked.replace("−", "-")) for data in DATA.values() if data.marked} == pytest.approx(MARKS, nan_ok=True)
    assert {data.name for data in DATA.values() if data.positive} == {"saturating"}
    for data in DATA.values():
        x, *_ = numbers(data.name, 3, 0, [(2, 1, 9), (2, 1, 9)], radius=9, unit=1, dtype="float32")
        assert data.real == bool((x[np.isfinite(x)] % 1 != 0).any() or np.abs(x[np.isfinite(x)]).max() > 9)
        assert data.single == (np.count_nonzero(x) == 2 and set(np.unique(x)) == {0, 1})
        assert not data.ranked or len(np.unique(x)) == x.size
        assert data.signed == bool((np.signbit(x) & (x == 0)).any())
        x, *others = numbers(data.name, 3, 0, [(2, 1, 9)] * 3, radius=9, unit=1, dtype="float32")
        assert data.long == (np.nanmax(np.abs(x)) > 1 and all(np.abs(a).max() == 1 for a in others))
        assert data.positive == all((a > 0).all() for a in (x, *others))


def test_what_chooses_takes_no_number_for_the_greatest() -> None:
    for kind, value in MARKS.items():
        reference = Reference(parse_case(f"MaxPool(kernel=(2,), stride=(1,)) x=(1, 1, 5) float32 {kind}"))
        seen = ~np.isfinite(reference.outputs[0])
        assert seen.any()
        assert np.array_equal(reference.outputs[0][seen], np.full(seen.sum(), value), equal_nan=True)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_digits_reach_as_far_as_exact_sums_allow(dtype: str) -> None:
    q = parse_case(f"Conv(stride=(1,)) x=(4, 2, 50) w=(3, 2, 3) {dtype} digits")
    reference = Reference(q)
    x, _, (w,) = reference.drawn
    largest = WHOLE[dtype][1] if dtype in WHOLE else 2 ** FORMATS[dtype][0]
    terms = 6 if dtype in WHOLE else q.op.terms(q.x, *q.w)
    whole = min(largest, terms * LARGEST_RADIUS)
    assert np.abs(w).max() == (2 if dtype == "uint8" else 1)
    assert whole / 8 < np.abs(x).max() * terms * np.abs(w).max() <= largest
    assert np.abs(reference.outputs[0]).max() <= largest
    if dtype != "uint8":
        assert np.abs(x).max() > 2**15
        assert np.abs(x).max() > 2**24 or dtype == "float32"


def test_digits_reach_the_upper_half_of_what_float32_holds() -> None:
    assert np.abs(Reference(parse_case("SumPool(kernel=(2,)) x=(2, 2, 40) float32 digits")).outputs[0]).max() > 2**23


def test_most_zeros_and_all_of_a_plane_have_one_sign() -> None:
    x, g, w = numbers("zeros", 3, 0, [(2, 3, 40, 5), (2, 3, 40, 5), (3, 3, 4, 4)], radius=9, unit=1, dtype="float32")
    for a in (x, g, w):
        assert 0.6 < (a == 0).mean() < 0.9
        planes = a.reshape(-1, *a.shape[2:])
        assert [bool(np.signbit(plane[plane == 0]).all()) for plane in planes] == [i % 2 == 0 for i in range(len(planes))]
        assert [bool(np.signbit(plane[plane == 0]).any()) for plane in planes] == [i % 2 == 0 for i in range(len(planes))]


def test_where_numbers_are_not_finite() -> None:
    for seed in range(20):
        drawn = {data: numbers(data, seed, 0, [(2, 3, 7)], radius=9, unit=1, dtype="float32")[0] for data in MARKS}
        counts = {data: int((~np.isfinite(x)).sum()) for data, x in drawn.items()}
        assert (counts["nan"], counts["infinity"], counts["nans"]) == (1, 1, 2)
        first, second = np.flatnonzero(np.isnan(drawn["nans"]))
        assert second - first in (1, 41)
        assert (drawn["infinities"][0] == -np.inf).all()
        assert 0 < np.isinf(drawn["infinities"][1]).sum() < 21


SIGNS = {
    "Upsample(factor=(2,)) x=(1, 2, 9)": lambda x, j: x[:, :, j // 2],
    "Resize(size=(3,)) x=(1, 2, 9)": lambda x, j: x[:, :, 3 * j + 1],
    "Pad(padding=((2, 1),), mode='edge') x=(1, 2, 9)": lambda x, j: x[:, :, min(max(j - 2, 0), 8)],
    "Pad(padding=((2, 1),)) x=(1, 2, 9)": lambda x, j: x[:, :, j - 2] if 2 <= j < 11 else None,
    "Pad(padding=((2, 1),), value=3) x=(1, 2, 9)": lambda x, j: x[:, :, j - 2] if 2 <= j < 11 else None,
    "ZeroInsert(factor=(3,)) x=(1, 2, 9)": lambda x, j: x[:, :, j // 3] if j % 3 == 0 else None,
    "MaxPool(kernel=(2,), stride=(1,)) x=(1, 2, 9)": lambda x, j: x[:, :, j : j + 2],
    "Upsample(factor=(2,)) >> MaxPool(kernel=(2,)) x=(1, 2, 9)": lambda x, j: x[:, :, j],
    "AdaptiveMaxPool(size=(3,)) x=(1, 2, 9)": lambda x, j: x[:, :, 3 * j : 3 * j + 3],
    "SumPool(kernel=(1,)) x=(1, 2, 9)": lambda x, j: None,
    "AveragePool(kernel=(1,)) x=(1, 2, 9)": lambda x, j: None,
    "Resize(size=(18,), mode='linear') x=(1, 2, 9)": lambda x, j: None,
}  # fmt: skip
"""For each place j of y the pixels of which its zero must be one; None where nothing is promised."""


@pytest.mark.parametrize("text", SIGNS)
def test_the_sign_of_a_zero_is_promised_of_copies_and_of_maxima_of_zeros_of_one_sign(text: str) -> None:
    q, seen = parse_case(f"{text} float32 zeros"), 0
    rng = np.random.default_rng(0)
    for _ in range(20):
        x = rng.choice([-2.0, -0.0, -0.0, 0.0, 3.0], q.x)
        reference = Reference(q, given=(x, None))
        promised, minus = reference.zeros
        for j in range(q.y[2]):
            pixels = SIGNS[text](x, j)
            for c in range(2):
                own = [] if pixels is None else np.atleast_1d(pixels[0, c]).tolist()
                zeros = {math.copysign(1, v) for v in own if v == 0}
                expected = len(zeros) == 1 and max(own) == 0
                assert promised[0, c, j] == expected
                assert not expected or minus[0, c, j] == (zeros == {-1.0})
                seen += expected
    assert seen or SIGNS[text](x, 0) is None


def test_no_sign_is_promised_of_a_sum_of_other_data_or_of_integers() -> None:
    for text in (f"{CONV} float32 zeros", "Upsample(factor=(2,)) x=(1, 2, 9) float32", "Upsample(factor=(2,)) x=(1, 2, 9) int32 zeros"):
        assert not Reference(parse_case(text)).zeros[0].any()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_a_sum_of_positive_numbers_that_is_too_large_is_infinite(dtype: str) -> None:
    q = parse_case(f"{CONV} {dtype} saturating seed=3")
    reference = Reference(q)
    p, _, most = FORMATS[dtype]
    largest = (2 - Fraction(2) ** (1 - p)) * Fraction(2) ** most
    for of in range(3):
        told = (a[of].ravel().tolist() for a in (reference.outputs, reference.saturated, reference.claimed))
        places = zip(_by_fractions(reference, of), *told, strict=True)
        for exact, expected, saturated, claimed in places:
            assert saturated == (expected == np.inf)
            assert not (saturated and claimed)
            assert exact > largest if saturated else expected == float(exact)
            assert claimed or saturated or abs(exact / largest - 1) < Fraction(1, 20)
        assert reference.saturated[of].any()


def test_of_float64_no_saturation_is_claimed() -> None:
    reference = Reference(parse_case(f"{CONV} float64 saturating"))
    assert not any(places.any() for places in reference.saturated)


def test_what_has_no_products_does_not_saturate() -> None:
    for text in ("SumPool(kernel=(3,)) x=(1, 2, 9)", "Resize(size=(3,), mode='area') x=(1, 1, 9)"):
        with pytest.raises(Impossible, match="ask overflowing"):
            Reference(parse_case(f"{text} float16 saturating"))


def test_nothing_is_derived_where_nothing_can_be() -> None:
    assert Reference(parse_case("MaxPool(kernel=(2,)) x=(1, 2, 4)")).missed_probability is None
    assert Reference(parse_case("AveragePool(kernel=(3,)) x=(1, 2, 9)")).missed_probability is None
    assert Reference(parse_case("AveragePool(kernel=(4,)) x=(1, 2, 9)")).missed_probability is not None


# What is right


SUMS = [
    CONV,
    "ConvTranspose(stride=(2,), crop=((1, -1),), groups=2) x=(2, 4, 3) w=(4, 1, 3)",
    "Conv(stride=(1,), bias='yes') x=(2, 2, 5) w=(3, 2, 2) w=(1, 3, 1)",
    "SumPool(kernel=(3,), stride=(2,)) x=(2, 2, 7)",
]


@pytest.mark.parametrize(("text", "kind"), [(text, kind) for text, kind in product(SUMS, REAL) if "w=" in text or kind != "saturating"])
def test_the_exact_answer_is_that_of_fractions_in_plain_loops(text: str, kind: str) -> None:
    q = parse_case(f"{text} float64 {kind} seed=3")
    reference = Reference(q)
    for of, (high, low) in enumerate(zip(reference.outputs, reference.remainders, strict=True)):
        for exact, h, rest in zip(_by_fractions(reference, of), high.ravel().tolist(), low.ravel().tolist(), strict=True):
            if abs(exact) >= 2**1024:
                assert abs(h) == np.inf
                continue
            assert h == float(exact)
            assert abs(exact - Fraction(h) - Fraction(rest)) <= abs(exact) * Fraction(2) ** -105 + Fraction(2) ** -1074


OF_UNITS = [
    "Conv(stride=(1,)) >> Resize(size=(7,), mode='linear') x=(1, 2, 5) w=(3, 2, 3)",
    "AveragePool(kernel=(3,), stride=(2,), padding=((1, 1),), counted='valid') >> Conv(stride=(1,)) x=(1, 2, 9) w=(2, 2, 2)",
    "Resize(size=(5,), mode='cubic') >> Conv(stride=(1,)) >> AdaptiveAveragePool(size=(3,)) x=(1, 2, 3) w=(2, 2, 2)",
]
"""Operations that divide, so that they give whole numbers of multiples of a unit alone."""


@pytest.mark.parametrize("text", OF_UNITS)
def test_the_exact_answer_of_what_divides_is_that_of_fractions(text: str) -> None:
    reference = Reference(parse_case(f"{text} float32 normal seed=3"))
    assert reference.case.op.unit_on(reference.case.x, *reference.case.w) > 1
    x, g, weights = reference.drawn
    fractions = [np.array([Fraction(v) for v in a.ravel().tolist()], object).reshape(a.shape) for a in (x, g, *weights)]
    exact = reference.everything(fractions[0], fractions[1], tuple(fractions[2:]))
    for right, high, low in zip(exact, reference.outputs, reference.remainders, strict=True):
        assert high.ravel().tolist() == [float(v) for v in right.ravel().tolist()]
        assert low.ravel().tolist() == [float(v - Fraction(float(v))) for v in right.ravel().tolist()]


def _by_fractions(reference: Reference, of: int) -> list[Fraction]:
    """y, ∂x, ∂w and the bias' gradient; a bias follows x as pixels that are met by a tap of 1."""
    q = reference.case
    x, g, w = reference.drawn
    products = links(q.op, q.x, q.w, q.y, np.float64)
    pixels = [Fraction(v) for a in (x, *w[1:]) for v in a.ravel().tolist()]
    taps = [Fraction(v) for v in (w[0].ravel().tolist() if w else [])] + [Fraction(1)]
    arriving = [Fraction(v) for v in g.ravel().tolist()]
    y, dx, dw = ([Fraction(0)] * n for n in products.sizes)
    for out, a, b in zip(products.out.tolist(), products.a.tolist(), products.b.tolist(), strict=True):
        y[out] += pixels[a] * taps[b]
        dx[a] += arriving[out] * taps[b]
        if w:
            dw[b] += arriving[out] * pixels[a]
    return [y, dx[: x.size], dw[: w[0].size] if w else [], dx[x.size :]][of]


@pytest.mark.parametrize("kind", ["integers", "ties"])
@pytest.mark.parametrize("dtype", ["uint8", "int8"])
@pytest.mark.parametrize("channels", [20, 50, 100, 120])
def test_integers_hold_every_sum_that_may_be_drawn(kind: str, dtype: str, channels: int) -> None:
    """Even where every number is the greatest that may be drawn: in a dtype without a sign, ties are 0, 1 and 2."""
    try:
        reference = Reference(parse_case(f"Conv(stride=(1,)) x=(1, {channels}, 1) w=(1, {channels}, 1) {dtype} {kind}"))
    except Impossible:
        assert channels * (1 + (dtype == "uint8")) ** 2 > WHOLE[dtype][1]
    else:
        assert channels * (reference.radius * (1 + (dtype == "uint8"))) ** 2 <= WHOLE[dtype][1]
