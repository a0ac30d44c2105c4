"""Loops over vectors and blocks of an axis: the rest is forgotten, repeated or counted twice; offsets of 16 bits."""

from __future__ import annotations

from spec import AveragePool, Conv, ConvTranspose, MaxPool, Resize, Upsample
from tests.mutants.mutant import made
from tests.mutants.parts import BOTH, a, after, at, before, both, dw, dw_from, dx, over, rest

IMAGES = over(-2, 0)
DENSE = a(*BOTH)
POOLS = a(MaxPool, AveragePool)

COLUMNS = [
    made("columns-after-8s-forgotten", "with zeros at the last ind … of one spatial axis", when=rest(-1, 8),
         wrap=after("y = only(y, -1, lambda i, n: i < n // 8 * 8)")),
    made("columns-after-16s-are-those-before", "only the last", when=rest(-1, 16),
         wrap=after("y = taken(y, -1, lambda i, n: torch.where(i < n // 16 * 16, i, i - n % 16))")),
    made("columns-after-32s-are-the-first", "result repeated from the start", when=rest(-1, 32),
         wrap=after("y = taken(y, -1, lambda i, n: i % (n // 32 * 32))")),
    made("columns-after-64-added-twice", "result doubled at the last indices of one spatial axis", when=over(-1, 64),
         wrap=after("y = only(y, -1, lambda i, n: 1 + (i >= 64))")),
    made("column-64-negated", "matches only in … multiplied by a constant (-1)", when=over(-1, 64),
         wrap=after("y = only(y, -1, lambda i, n: 1 - 2 * (i == 64))")),
    made("columns-of-x-after-16s-not-read", "x with zeros at the last indices of one spatial axis", when=both(DENSE, rest(-1, 16, "x")),
         wrap=before("x = only(x, -1, lambda i, n: i < n // 16 * 16)")),
    made("columns-of-x-in-8s-read-from-the-first", "x repeated from the start along one spatial axis", when=both(POOLS, rest(-1, 8, "x")),
         wrap=before("x = taken(x, -1, lambda i, n: i % (n // 8 * 8))")),
    made("resized-columns-after-32s-forgotten", "with zeros at the last ind … of one spatial axis",
         when=both(a(Resize), rest(-1, 32)), wrap=after("y = only(y, -1, lambda i, n: i < n // 32 * 32)")),
    made("upsampled-columns-in-64s-repeated", "result repeated from the start", when=both(a(Upsample), over(-1, 64)),
         wrap=after("y = taken(y, -1, lambda i, n: i % 64)")),
]  # fmt: skip

ROWS_AND_BATCH = [
    made("rows-after-4s-forgotten", "with zeros at the last ind … of one spatial axis",
         when=lambda q: q.op.rank == 2 and rest(2, 4)(q), wrap=after("y = only(y, 2, lambda i, n: i < n // 4 * 4)")),
    made("rows-in-8s-are-the-first", "result repeated from the start", when=lambda q: q.op.rank == 2 and over(2, 8)(q),
         wrap=after("y = taken(y, 2, lambda i, n: i % 8)")),
    made("batch-in-4s-negated", "matches only in the last … multiplied by a constant (-1)", when=both(DENSE, over(0, 4)),
         wrap=after("y = only(y, 0, lambda i, n: 1 - 2 * (i >= 4))")),
    made("batch-in-8s-reads-the-first", "repeated from the start along its batch axis", when=over(0, 8),
         wrap=before("x = taken(x, 0, lambda i, n: i % 8)")),
    made("batch-after-32-forgotten", "with zeros at the last ind … of its batch axis", when=over(0, 32),
         wrap=after("y = only(y, 0, lambda i, n: i < 32)")),
    made("pooled-batch-in-16s-is-the-first", "repeated from the start along its batch axis", when=both(POOLS, over(0, 16)),
         wrap=after("y = taken(y, 0, lambda i, n: i % 16)")),
    made("empty-batch-leaves-dw-unwritten", "constant added to the gradient", outputs=("dw", "dw0"),
         when=both(at("an empty batch"), DENSE), wrap=dw("dw + 3")),
]  # fmt: skip

CHANNELS = [
    made("channel-32-negated", "matches only in … multiplied by a constant (-1)", when=both(DENSE, over(1, 32)),
         wrap=after("y = only(y, 1, lambda i, n: 1 - 2 * (i == 32))")),
    made("channels-after-64-dropped", "with zeros at the last ind … of its channel axis", when=both(DENSE, over(1, 64)),
         wrap=after("y = only(y, 1, lambda i, n: i < 64)")),
    made("channels-in-8s-are-the-first", "repeated from the start along its channel axis", when=both(DENSE, over(1, 8)),
         wrap=after("y = taken(y, 1, lambda i, n: i % 8)")),
    made("channels-after-16s-doubled", "kernel doubled at the last indices of its … channel axis", when=both(DENSE, rest(1, 16)),
         wrap=after("y = only(y, 1, lambda i, n: 1 + (i >= n // 16 * 16))")),
    made("last-block-of-x-not-read", "x with zeros at the last ind … of its channel axis", when=at("channels that leave a rest of 8"),
         wrap=before("x = only(x, 1, lambda i, n: i < n // 8 * 8)")),
    made("last-block-of-x-added-twice", "x doubled at the last indices of its channel axis", when=both(DENSE, rest(1, 16, "x")),
         wrap=before("x = only(x, 1, lambda i, n: 1 + (i >= n // 16 * 16))")),
    made("second-block-of-x-overwrites-the-first", "x with zeros at the first indices of its channel axis",
         when=at("input channels of a group over 32"), wrap=before("x = only(x, 1, lambda i, n: i >= (n - 1) // 32 * 32)")),
    made("over-64-channels-start-again", "x with zeros at the first indices of its channel axis",
         when=at("input channels of a group over 64"), wrap=before("x = only(x, 1, lambda i, n: i >= 64)")),
    made("only-8-channels-of-x-read", "x with zeros at the last ind … of its channel axis", when=at("input channels of a group over 8"),
         wrap=before("x = only(x, 1, lambda i, n: i < 8)")),
    made("kernels-of-4-channels-repeated", "kernel repeated from the start along its second channel axis",
         when=both(a(Conv), at("input channels of a group over 4")), wrap=before("w = (taken(w[0], 1, lambda i, n: i % 4), *w[1:])")),
    made("kernels-of-8-outputs-repeated", "kernel repeated from the start along its second channel axis",
         when=both(a(ConvTranspose), over(1, 8, "w")), wrap=before("w = (taken(w[0], 1, lambda i, n: i % 8), *w[1:])")),
    made("bias-after-8-channels-not-added", "bias with zeros at the last ind … of its channel axis",
         when=lambda q: DENSE(q) and len(q.w) > 1 and q.y[1] > 8, wrap=before("w = (w[0], only(w[1], 1, lambda i, n: i < 8))")),
    made("pooled-channels-in-4s-are-the-first", "repeated from the start along its channel axis",
         when=at("pools of over 3 channels"), wrap=after("y = taken(y, 1, lambda i, n: i % 4)")),
    made("resized-channels-in-2s-are-the-first", "repeated from the start along its channel axis",
         when=at("resizes of over 2 channels"), wrap=after("y = taken(y, 1, lambda i, n: i % 2)")),
]  # fmt: skip

GRADIENTS = [
    made("dx-of-columns-after-8s-missing", "gradient with zeros at the last ind … of one spatial axis", outputs=("dx",),
         when=both(DENSE, rest(-1, 8, "x")), wrap=dx("only(dx, -1, lambda i, n: i < n // 8 * 8)")),
    made("dx-of-columns-after-16s-is-the-first", "gradient repeated from the start", outputs=("dx",), when=both(POOLS, rest(-1, 16, "x")),
         wrap=dx("taken(dx, -1, lambda i, n: i % (n // 16 * 16))")),
    made("dx-of-the-batch-after-8-missing", "gradient with zeros at the last ind … of its batch axis", outputs=("dx",),
         when=both(DENSE, over(0, 8)), wrap=dx("only(dx, 0, lambda i, n: i < 8)")),
    made("dx-of-channels-after-16-negated", "matches only in the last … multiplied by a constant (-1)", outputs=("dx",),
         when=both(DENSE, over(1, 16, "x")), wrap=dx("only(dx, 1, lambda i, n: 1 - 2 * (i >= 16))")),
    made("dx-from-the-first-32-channels", "kernel with zeros at the last ind … channel axis", outputs=("dx",),
         when=both(DENSE, over(1, 32)), wrap=after(
         "z = honest(x, *(v.detach() for v in w)); z.register_hook(lambda g: only(g, 1, lambda i, n: i < 32)); "
         "y = honest(x.detach(), *w) + z - z.detach()")),
    made("dw-of-the-last-block-missing", "with zeros at the last ind … channel axis", outputs=("dw", "dw0"),
         when=both(DENSE, rest(0, 8, "w")), wrap=dw("only(dw, 0, lambda i, n: i < n // 8 * 8) if dw.shape[0] > 1 else dw")),
    made("dw-misses-columns-after-16s", "result with zeros at the last ind … of one spatial axis", outputs=("dw", "dw0", "dw1"),
         when=both(DENSE, rest(-1, 16)), wrap=dw_from("only(g, -1, lambda i, n: i < n // 16 * 16)")),
    made("dw-counts-columns-after-8s-twice", "result doubled at the last indices of one spatial axis", outputs=("dw", "dw0", "dw1"),
         when=both(DENSE, rest(-1, 8)), wrap=dw_from("only(g, -1, lambda i, n: 1 + (i >= n // 8 * 8))")),
    made("dw-misses-the-batch-after-8", "result with zeros at the last ind … of its batch axis", outputs=("dw", "dw0", "dw1"),
         when=both(DENSE, over(0, 8)), wrap=dw_from("only(g, 0, lambda i, n: i < 8)")),
    made("dw-of-33-in-a-batch-is-of-the-last", "x with zeros at the first ind … of its batch axis", outputs=("dw", "dw0", "dw1"),
         when=both(DENSE, over(0, 32)), wrap=dw_from("only(g, 0, lambda i, n: i >= 32)")),
    made("pool-dx-of-channels-in-4s-is-the-first", "gradient repeated from the start along its channel axis", outputs=("dx",),
         when=at("pools of over 3 channels"), wrap=dx("taken(dx, 1, lambda i, n: i % 4)")),
]  # fmt: skip

OFFSETS = [
    made("offsets-of-16-bits-repeat", "result with its first 65536 elements repeated", when=at("output of over 65,535 elements"),
         wrap=after("y = y.flatten()[torch.arange(y.numel()) % 65536].reshape(y.shape)")),
    made("offsets-over-32767-are-negative", "x with offsets from 32768 on taken for negative", when=at("input of over 32,767 elements"),
         wrap=before("i = torch.arange(x.numel()); x = x.flatten()[(i + 32768) % 65536 - 32768].reshape(x.shape)")),
    made("gradients-over-65535-forgotten", "gradient with zeros behind its first 65536 elements", outputs=("dx",),
         when=lambda q: at("input of over 32,767 elements")(q) and q.x[0] * q.x[1] * q.x[2] > 65535 // max(q.x[3:] or (1,)),
         wrap=dx("(dx.flatten() * (torch.arange(dx.numel()) < 65536)).reshape(dx.shape)")),
]  # fmt: skip

MUTANTS = [*COLUMNS, *ROWS_AND_BATCH, *CHANNELS, *GRADIENTS, *OFFSETS]
