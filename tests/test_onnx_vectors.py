"""Against numbers that others published: every node test that the `onnx` package carries for this family of operations.

What is not asked stands in NOT_ASKED with its reason, and must not be askable.
"""

from __future__ import annotations

import importlib
import math
import warnings
from collections import Counter
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from backends.call import Call, Source, Value, X
from backends.onnx.nodes import NEWEST
from backends.onnx.read import READERS
from backends.onnx.resampling import unpooled
from backends.onnx.signatures import INPUTS
from spec import Array, Impossible, MaxPool
from tests.command import needs

pytestmark = needs("onnx")

MODULES = (
    "conv", "convtranspose", "resize", "upsample", "averagepool", "maxpool", "lppool", "globalaveragepool", "globalmaxpool", "maxunpool",
    "depthtospace", "spacetodepth", "pad",
)  # fmt: skip

COUNTED = {
    "Conv": 6, "ConvTranspose": 11, "Resize": 39, "Upsample": 1, "AveragePool": 20, "MaxPool": 19, "LpPool": 8, "GlobalAveragePool": 2,
    "GlobalMaxPool": 2, "MaxUnpool": 2, "DepthToSpace": 2, "SpaceToDepth": 4, "Pad": 6,
}  # fmt: skip
"""How many there are at least; 122 with onnx 1.23.2."""

NOT_ASKED = {
    f"test_resize_tf_crop_and_resize{more}": "it cuts a region out of x, which is no resampling of x"
    for more in ("", "_extrapolation_value", "_axes_2_3", "_axes_3_2")
}

BRIGHTER = dict.fromkeys(("test_constant_pad", "test_constant_pad_axes", "test_constant_pad_negative_axes"), 5)
"""Pad's value is 1.2 there: asked as 6, around a picture five times as bright."""

CLOSE = 1e-5
"""Published numbers were computed in float32, some were typed in by hand with eight digits."""

PRINTED = {"test_averagepool_2d_ceil_last_window_starts_on_pad": 1e-4}
"""Both x and the answer were typed in with four digits."""


@lru_cache(maxsize=1)
def cases() -> dict[str, Any]:
    """The package's own cases, but for those written out as functions of other operators."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        node = importlib.import_module("onnx.backend.test.case.node")
        for name in MODULES:
            importlib.import_module(f"onnx.backend.test.case.node.{name}")
        return {case.name: case for case in node._NodeTestCases if len(case.model.graph.node) == 1}


def read(case: Any) -> tuple[Any, Array, list[Array], list[Array]]:
    """The operation, x, its weights and the published answers."""
    from onnx.helper import get_attribute_value

    (node,) = case.model.graph.node
    attributes = {a.name: get_attribute_value(a) for a in node.attribute}
    given, published = case.data_sets[0]
    rest, times = iter(given), BRIGHTER.get(case.name, 1)
    inputs = {parameter: np.asarray(next(rest)) for parameter, name in zip(INPUTS[node.op_type], node.input, strict=False) if name}
    x, *others = inputs
    if times > 1:
        inputs |= {x: inputs[x] * times, "constant_value": inputs["constant_value"] * times}
        published = [a * times for a in published]
    arrays = [name for name in others if name in ("W", "B", "I")]
    named = {name: Source(name) if name in arrays else _literal(inputs[name]) for name in others}
    named |= {name: _literal(value) for name, value in attributes.items()}
    (opset,) = (one.version for one in case.model.opset_import if not one.domain)
    call = Call.of(f"onnx.{node.op_type}", X, **named, opset=min(opset, NEWEST))
    reading = READERS[call.function](call, inputs[x].shape, {name: inputs[name].shape for name in arrays}, "")
    w = [weight.to_spec(inputs[weight.name]) for weight in reading.native.weights]
    if node.op_type == "MaxUnpool":
        pooled, size = unpooled(call, inputs[x].shape)
        w = [np.ravel_multi_index(np.unravel_index(w[0] % math.prod(pooled), pooled), size)]
    return reading.op, inputs[x], w, [np.asarray(a) for a in published]


def _literal(value: Any) -> Value:
    """A number or a list as it would be written: the decimal that was meant, not the float that holds it."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list | np.ndarray) and np.ndim(value):
        return tuple(_literal(each) for each in value)
    number = value.item() if isinstance(value, np.ndarray | np.integer) and np.asarray(value).dtype.kind in "iu" else value
    return number if isinstance(number, int) else float(str(np.asarray(number)))


def test_none_is_missing() -> None:
    count = Counter(case.model.graph.node[0].op_type for case in cases().values())
    assert {name: count[name] for name in COUNTED if count[name] < COUNTED[name]} == {}
    assert {f"onnx.{kind}" for kind in count} | {"onnx.GlobalLpPool"} == set(READERS)
    assert set(NOT_ASKED) <= set(cases())


@pytest.mark.parametrize("kind", COUNTED)
def test_the_definition_answers_as_published(kind: str) -> None:
    """All cases of one operator. Importing the package computes them all, which takes seconds: so not while tests are collected."""
    for name, case in sorted(cases().items()):
        if case.model.graph.node[0].op_type != kind:
            continue
        if name in NOT_ASKED:
            with pytest.raises(Impossible):
                read(case)
        else:
            answers_as_published(name, case)


def answers_as_published(name: str, case: Any) -> None:
    op, x, w, (y, *indices) = read(case)
    answer = op(x.astype(np.float64), *(v.astype(np.float64) for v in w))
    assert answer.shape == op.shape(x.shape, *(v.shape for v in w)) == y.shape, name
    assert np.abs(answer - y).max() <= PRINTED.get(name, CLOSE) * max(1, np.abs(y).max()), name
    if indices:
        assert isinstance(op, MaxPool)
        column_major = "storage_order" in str(case.model)
        ours = op.indices(x)
        if column_major:
            places = np.unravel_index(ours, x.shape[2:])
            ours = np.ravel_multi_index(places[::-1], x.shape[2:][::-1])
        planes = np.arange(x.shape[0] * x.shape[1]).reshape(*x.shape[:2], *(1,) * op.rank)
        assert np.array_equal(ours + planes * np.prod(x.shape[2:]), indices[0]), name
