"""Which values a case feeds in: a record for each, with the properties that follow from how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Data:
    """Values of one sort.

    real: real numbers of all magnitudes, whose results are rounded; otherwise whole numbers, small enough for exact sums.
    exact: a right result is right bit for bit, unless coefficients of the operation itself are rounded.
    marked: what one pixel of x, or more, is instead of a finite number; empty if every value is finite.
    plain: x, the cotangent and the weights are drawn alike, so that fresh draws add to the evidence.
    ranked: all values of x are different.
    single: one pixel of x is 1, the others are 0.
    largest: the largest whole number, if that does not follow from the number of terms.
    long: only x is as large as exact sums allow; the cotangent and the weights are −1, 0 and 1.
    signed: the zeros of x have signs, of which some must show in y (verify.judge.reference.Reference.zeros).
    positive: all numbers are above 0, so that a sum that is too large is infinite in whatever order it is added.
    derived: a rounding bound is derived for compositions too.
    has_gradient: gradients with these values are defined.
    """

    name: str
    meaning: str
    real: bool = False
    exact: bool = True
    marked: str = ""
    plain: bool = False
    ranked: bool = False
    single: bool = False
    largest: int | None = None
    long: bool = False
    signed: bool = False
    positive: bool = False
    derived: bool = True
    has_gradient: bool = True

    @property
    def adds(self) -> bool:
        """Whether it is about sums, which an operation that only selects has none of."""
        return self.real or self.single

    @property
    def fits_integers(self) -> bool:
        """Whether integer dtypes hold these values."""
        return not (self.real or self.single or self.marked)

    @property
    def shows_meaning(self) -> bool:
        """Whether a wrong result says which operation was computed instead."""
        return not (self.real or self.marked)


_ALL = (
    Data(name="integers", meaning="whole numbers so small that every sum is exact: what the operation means", plain=True),
    Data(name="distinct", meaning="whole numbers that are all different in x: which pixel a maximum comes from", ranked=True),
    Data(name="ties", meaning="−1, 0 and 1: which of several equal maxima is taken", largest=1),
    Data(
        name="impulses", meaning="one pixel of x after the other is 1, the others 0: each coefficient on its own", single=True,
        exact=False,
    ),
    Data(
        name="digits", meaning="whole numbers in x of as many digits as exact sums allow: kernels that convert through a narrower dtype",
        long=True,
    ),
    Data(
        name="zeros", meaning="whole numbers, three in four of them 0, in every other plane −0: kernels that skip zeros, or lose a sign",
        signed=True,
    ),
    Data(name="normal", meaning="real numbers, about normal: rounding", real=True, exact=False),
    Data(name="wide", meaning="real numbers of very different magnitudes", real=True, exact=False),
    Data(name="cancelling", meaning="real numbers whose products nearly cancel", real=True, exact=False),
    Data(name="large", meaning="very large real numbers times very small ones", real=True, exact=False),
    Data(
        name="overflowing", meaning="real numbers whose sums come near the largest number there is", real=True, exact=False, derived=False
    ),
    Data(
        name="saturating", meaning="positive real numbers whose products add up to more than the largest number: infinity, never NaN",
        real=True, exact=False, derived=False, positive=True,
    ),
    Data(
        name="subnormal", meaning="real numbers whose products are about as small as the smallest normal number", real=True, exact=False,
        derived=False,
    ),
    Data(name="nan", meaning="whole numbers with one NaN in x: where it may show", marked="NaN"),
    Data(
        name="nans", meaning="whole numbers with two NaN side by side in x: kernels that stop at the first, or compare with it",
        marked="NaN",
    ),
    Data(name="infinity", meaning="whole numbers with one infinity in x: where it may show", marked="infinity"),
    Data(
        name="infinities", meaning="the first image −∞, of the others one pixel in four: maxima that start from a finite number",
        marked="−infinity",
    ),
)  # fmt: skip

DATA = {data.name: data for data in _ALL}
"""By name, the plainest first."""
