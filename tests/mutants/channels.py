"""Groups, depthwise kernels and biases; and what is exchanged or added along the wrong axis where lengths coincide."""

from __future__ import annotations

from spec import AveragePool, Case, Conv, ConvTranspose, MaxPool
from spec.case import INTEGERS
from tests.mutants.mutant import made
from tests.mutants.parts import BOTH, a, after, at, before, both, dw, dx, on

DENSE = a(*BOTH)
UNDILATED = on(BOTH, lambda op: {"dilation": (1,) * op.rank})
FITTED = "def f(x, *w):\n    return fit(honest(x, *w))\n"
ONE_GROUP = before("w = (taken(w[0], 0, lambda i, n: i % (n // groups)), *w[1:])")


def _biased(q: Case) -> bool:
    return DENSE(q) and len(q.w) > 1


GROUPS = [
    made("second-filters-before-the-next-channel", "result with its channel axis", when=at("depthwise, two filters for a channel"),
         wrap=after("y = y.reshape(len(y), 2, -1, *y.shape[2:]).transpose(1, 2).reshape(y.shape)")),
    made("second-filter-of-a-channel-is-the-first", "only channels", when=at("depthwise, two filters for a channel"),
         wrap=before("w = (taken(w[0], 0, lambda i, n: i // 2 * 2), *w[1:])")),
    made("depthwise-filters-reversed", "kernel flipped along its first channel axis", when=at("depthwise, one filter for a channel"),
         wrap=before("w = (w[0].flip(0), *w[1:])")),
    made("depthwise-dilation-ignored", "dilation ignored", change=UNDILATED, wrap=FITTED,
         when=at("depthwise, one filter for a channel", "groups with dilation")),
    made("depthwise-channels-after-4-forgotten", "with zeros at the last ind … of its channel axis",
         when=lambda q: at("depthwise, one filter for a channel")(q) and q.x[1] > 4, wrap=before("x = only(x, 1, lambda i, n: i < 4)")),
    made("transposed-depthwise-correlates", "kernel flipped along every spatial axis", when=at("transposed depthwise"),
         wrap=before("w = (w[0].flip(tuple(range(2, x.ndim))), *w[1:])")),
    made("transposed-depthwise-has-one-filter", "kernel with the first group in every group", when=at("transposed depthwise"),
         wrap=ONE_GROUP),
    made("transposed-groups-read-the-first", "x with the first group in every group", when=both(
        a(ConvTranspose), lambda q: 1 < q.op.groups < q.x[1]), wrap=before("x = taken(x, 1, lambda i, n: i % (n // groups))")),
    made("dilation-of-groups-ignored", "dilation ignored", change=UNDILATED, wrap=FITTED, when=at("groups with dilation")),
    made("bias-of-the-first-group", "bias with the first group in every group", when=at("groups with a bias"),
         wrap=before("w = (w[0], taken(w[1], 1, lambda i, n: i % (n // groups)))")),
    made("bias-of-groups-in-turn", "bias with its channel axis", when=lambda q: at("groups with a bias")(q) and q.y[1] > q.op.groups,
         wrap=before("w = (w[0], w[1].reshape(groups, -1).T.reshape(w[1].shape))")),
    made("half-of-groups-read-the-first", "x with the first group in every group", when=at("groups in half precision"),
         wrap=before("x = taken(x, 1, lambda i, n: i % (n // groups))")),
    made("int8-of-groups-has-one-kernel", "kernel with the first group in every group", when=at("groups of int8"), wrap=ONE_GROUP),
    made("integer-channels-in-4s", "x with zeros at the last ind … of its channel axis",
         when=lambda q: isinstance(q.op, Conv) and q.dtype in INTEGERS and q.x[1] > 4 and q.x[1] % 4 > 0,
         wrap=before("x = only(x, 1, lambda i, n: i < n // 4 * 4)")),
    made("int32-of-groups-in-16-bits", "wrapped around in an integer (16 bits)",
         when=lambda q: DENSE(q) and q.op.groups > 1 and q.dtype == "int32", wrap=after("y = (y + 32768) % 65536 - 32768")),
    made("dw-of-the-first-group-only", "x with zeros at the last ind … of its channel axis", outputs=("dw", "dw0"),
         when=lambda q: DENSE(q) and q.op.groups > 1,
         wrap=dw("only(dw, 0, lambda i, n: i < n // groups) if dw.shape[0] > 1 else dw")),
    made("dx-of-depthwise-reversed", "gradient flipped along its channel axis", outputs=("dx",),
         when=at("depthwise, one filter for a channel"), wrap=dx("dx.flip(1)")),
    made("db-of-the-first-of-the-batch", "result with zeros at every index of its batch axis but the first", outputs=("dw1",),
         when=lambda q: _biased(q) and q.x[0] > 2, wrap=after(
         "z = w[1] + 0 * y.detach(); z.register_hook(lambda g: only(g, 0, lambda i, n: i == 0)); "
         "y = honest(x, w[0], w[1].detach()) + z - z.detach()")),
]  # fmt: skip

COINCIDENCES = [
    made("bias-along-the-width", "bias added along one spatial axis", when=lambda q: _biased(q) and q.y[-1] == q.y[1] > 1,
         wrap=after("y = y - w[1] + w[1].flatten()")),
    made("bias-along-the-batch", "bias added along the batch axis", when=lambda q: _biased(q) and q.y[0] == q.y[1] > 1,
         wrap=after("y = y - w[1] + w[1].transpose(0, 1)")),
    made("rows-for-channels", "x with its channel axis and its first spatial axis exchanged", when=both(
         a(*BOTH, MaxPool, AveragePool), at("height equal to the channels")), wrap=before("x = x.transpose(1, 2)")),
    made("batch-for-equal-channels", "x with its batch axis and its channel axis exchanged", when=at("batch equal to the channels"),
         wrap=before("x = x.transpose(0, 1)")),
    made("square-weights-transposed", "kernel with its first channel axis and its second channel axis exchanged",
         when=lambda q: isinstance(q.op, Conv) and q.op.groups == 1 and q.w[0][0] == q.w[0][1] > 1,
         wrap=before("w = (w[0].transpose(0, 1), *w[1:])")),
    made("square-weights-of-transposed-transposed", "kernel with its first channel axis and its second channel axis exchanged",
         when=lambda q: isinstance(q.op, ConvTranspose) and q.op.groups == 1 and q.w[0][0] == q.w[0][1] > 1,
         wrap=before("w = (w[0].transpose(0, 1), *w[1:])")),
    made("dw-of-square-weights-transposed", "gradient with its first channel axis and its second channel axis exchanged",
         outputs=("dw", "dw0"), when=lambda q: DENSE(q) and q.w[0][0] == q.w[0][1] > 1,
         wrap=dw("dw.transpose(0, 1) if dw.shape[0] > 1 else dw")),
    made("equal-axes-exchanged", "result with its spatial axes in reverse order", when=lambda q: (
         q.op.rank == 2 and at("all axes equal")(q) and q.y[2] == q.y[3] > 1), wrap=after("y = y.transpose(2, 3)")),
]  # fmt: skip

MUTANTS = [*GROUPS, *COINCIDENCES]
