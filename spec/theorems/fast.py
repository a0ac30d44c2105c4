"""Fast algorithms as exact identities: what they save is multiplications; what they change in floats is only rounding.

x has one spatial axis or two, unit stride, no padding. The algorithm is written out here, in whole numbers or fractions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from spec.operation import Array, Index, Shape
from spec.ops.conv import Conv, ConvTranspose
from spec.ops.pool import SumPool
from spec.theorems.sources import WINOGRAD
from spec.theorems.theorem import Draw, Side, Sides, theorem

SIZES: dict[str, list[Any]] = {"n": [4, 5], "k": [1, 2, 3]}


def _ones(k: Shape) -> Shape:
    return (1,) * len(k)


def _patches(x: Array, k: Shape) -> Array:
    """Every window of x: N, C, *m, *k."""
    return np.lib.stride_tricks.sliding_window_view(x, k, tuple(range(2, x.ndim)))


@theorem(SIZES, source="Chellapilla, Puri & Simard 2006, High performance convolutional neural networks for document processing")
def im2col(draw: Draw, n: Shape, k: Shape) -> Sides:
    """Conv(w) = the matrix of w (O × C·k) times the matrix of all windows of x (C·k × pixels)."""
    x, w = draw(1, 2, *n), draw(3, 2, *k)
    windows = np.moveaxis(_patches(x, k), 1, 1 + len(k))  # N, *m, C, *k
    m = windows.shape[1 : 1 + len(k)]
    y = w.reshape(3, -1) @ windows.reshape(int(np.prod(m)), -1).T
    return Side(Conv(stride=_ones(k)), x, w), y.reshape(1, 3, *m)


@theorem(SIZES, source="Vasudevan, Anderson & Gregg 2017, Parallel multi channel convolution using general matrix multiplication")
def kernel_to_rows(draw: Draw, n: Shape, k: Shape) -> Sides:
    """Conv(w) = the sum over all taps of a 1×1 Conv with that tap, shifted to its place."""
    x, w = draw(1, 2, *n), draw(3, 2, *k)
    m = tuple(a - b + 1 for a, b in zip(n, k, strict=True))
    y = np.zeros((1, 3, *m), int)
    for t in np.ndindex(*k):
        tap: Index = (..., *t)
        place: Index = (..., *(slice(i, i + c) for i, c in zip(t, m, strict=True)))
        y += np.tensordot(w[tap], x[place], (1, 1)).swapaxes(0, 1)
    return Side(Conv(stride=_ones(k)), x, w), y


def _fractions(rows: list[list[int]], by: int) -> Array:
    return np.array([[Fraction(v, by) for v in row] for row in rows], object)


F2 = (
    _fractions([[1, 1, 1, 0], [0, 1, -1, -1]], 1),
    _fractions([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]], 2),
    _fractions([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]], 1),
)
F4 = (
    _fractions([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], 1),
    _fractions([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], 24),
    _fractions([[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0],
                [0, 4, 0, -5, 0, 1]], 1),
)  # fmt: skip
"""The matrices of the output, of the kernel and of the input."""


def _winograd(draw: Draw, rank: int, matrices: tuple[Array, Array, Array]) -> Sides:
    out, kernel, image = matrices
    x, w = draw(2, 2, *(image.shape[1],) * rank), draw(3, 2, *(3,) * rank)
    u, v = w, x
    for axis in range(2, 2 + rank):
        u = np.moveaxis(np.tensordot(kernel, u, (1, axis)), 0, axis)
        v = np.moveaxis(np.tensordot(image, v, (1, axis)), 0, axis)
    y = (u[None] * v[:, None]).sum(2)
    for axis in range(2, 2 + rank):
        y = np.moveaxis(np.tensordot(out, y, (1, axis)), 0, axis)
    return Side(Conv(stride=(1,) * rank), x, w), y.astype(np.int64)


@theorem({"k": [3]}, source=WINOGRAD)
def winograd_two(draw: Draw, k: Shape) -> Sides:
    """Winograd's F(2, 3): two outputs of a kernel of 3 from 4 products instead of 6, Aᵀ((G w) ⊙ (Bᵀ x)); in 2-D 16 instead of 36."""
    return _winograd(draw, len(k), F2)


@theorem({"k": [3]}, source=WINOGRAD)
def winograd_four(draw: Draw, k: Shape) -> Sides:
    """Winograd's F(4, 3): four outputs of a kernel of 3 from 6 products instead of 12, with factors up to 8 and down to 1/24; in 2-D
    36 instead of 144."""
    return _winograd(draw, len(k), F4)


def _transform(v: Array, root: int, prime: int) -> Array:
    """The number-theoretic transform along the last axis."""
    n = v.shape[-1]
    powers = np.array([[pow(root, i * j, prime) for j in range(n)] for i in range(n)], np.int64)
    return np.asarray(v @ powers % prime)


@theorem({"n": [2, 4, 5], "k": [1, 2, 4]}, source="Pollard 1971, The fast Fourier transform in a finite field", only_1d=True)
def number_theoretic_transform(draw: Draw, n: Shape, k: Shape) -> Sides:
    """ConvTranspose(stride 1, w) = the inverse transform of the product of the transforms of x and w, of 8 points, modulo the prime 65537:
    a Fourier transform without rounding."""
    x, w, prime, points = draw(1, 1, *n), draw(1, 1, *k), 65537, 8
    root = pow(3, (prime - 1) // points, prime)
    padded = (np.pad(a, ((0, 0), (0, 0), (0, points - a.shape[-1]))) % prime for a in (x, w))
    a, b = (_transform(v, root, prime) for v in padded)
    y = _transform(a * b % prime, pow(root, -1, prime), prime) * pow(points, -1, prime) % prime
    y = np.where(y > prime // 2, y - prime, y)
    return Side(ConvTranspose(stride=(1,)), x, w), y[..., : n[0] + k[0] - 1]


@theorem({"n": [2, 4, 5], "k": [1, 2, 4]}, source="Kronecker 1882; Harvey 2009, Faster polynomial multiplication", only_1d=True)
def one_large_product(draw: Draw, n: Shape, k: Shape) -> Sides:
    """ConvTranspose(stride 1, w) = the digits, in base 2^20, of one product of two large whole numbers, whose digits are x and w."""
    x, w, base = draw(1, 1, *n), draw(1, 1, *k), 1 << 20
    a, b = (sum(int(v) * base**i for i, v in enumerate(row.ravel())) for row in (x, w))
    product, digits = a * b, []
    for _ in range(n[0] + k[0] - 1):
        digit = (product + base // 2) % base - base // 2
        digits.append(digit)
        product = (product - digit) // base
    return Side(ConvTranspose(stride=(1,)), x, w), np.array(digits).reshape(1, 1, -1)


@theorem(SIZES, source="Crow 1984, Summed-area tables for texture mapping")
def summed_area_table(draw: Draw, n: Shape, k: Shape) -> Sides:
    """SumPool(k, stride 1) = differences of running totals, k pixels apart, along one axis after the other."""
    x = draw(1, 2, *n)
    y = x
    for axis, length in enumerate(k, start=2):
        total = np.insert(np.cumsum(y, axis), 0, 0, axis)
        y = np.take(total, range(length, total.shape[axis]), axis) - np.take(total, range(total.shape[axis] - length), axis)
    return Side(SumPool(kernel=k, stride=_ones(k)), x), y


@theorem({"n": [7, 9], "k": [1, 2, 3], "block": [2, 3]}, source="Oppenheim & Schafer 1975, Digital signal processing, §3.8", only_1d=True)
def overlap_add(draw: Draw, n: Shape, k: Shape, block: Shape) -> Sides:
    """ConvTranspose(stride 1) of x = the sum of those of its blocks, each moved to its place."""
    x, w, b = draw(1, 2, *n), draw(2, 2, *k), block[0]
    op = ConvTranspose(stride=(1,))
    y = np.zeros(op.shape(x.shape, w.shape), int)
    for i in range(0, n[0], b):
        part = op(x[..., i : i + b], w)
        y[..., i : i + part.shape[-1]] += part
    return Side(op, x, w), y
