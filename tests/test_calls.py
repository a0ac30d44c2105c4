"""The suite `calls`: native calls of every readable function, each read back from its text and run on its own framework."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache

import pytest

from backends import Unsupported, named
from backends import reading as of_backends
from backends.call import Call, declared
from backends.called import calls_of, read_with_shapes
from backends.names import readable
from backends.native import Reading, Unreadable
from backends.reading import read
from spec import Case, Conv, Shape
from tests.command import needs
from tests.tiers import sampled
from verify.plan.calls import CANNOT, MOST, cases, of_function, runtimes
from verify.run import Run


@cache
def generated() -> tuple[Case, ...]:
    return cases("quick")


def functions() -> Counter[str]:
    return Counter(call.function for case in generated() for call in calls_of(case.call)[:1])


def test_at_least_110_functions_are_called() -> None:
    assert len(functions()) >= 110


def test_every_readable_function_is_called_unless_it_is_said_why_not() -> None:
    assert set(readable()) - set(functions()) == set(CANNOT)


def test_no_suite_has_more_calls_of_a_function_than_it_says() -> None:
    assert max(functions().values()) <= MOST["quick"]


LAYOUTS: dict[str, dict[int, tuple[object, ...]]] = {
    "keras": dict.fromkeys((1, 2, 3), ("channels_first", "channels_last")),
    "tf": {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")},
    "jax": {
        1: (("NWC", "WIO", "NWC"), ("NCW", "OIW", "NCW")), 2: (("NHWC", "HWIO", "NHWC"), ("NCHW", "OIHW", "NCHW")),
        3: (("NDHWC", "DHWIO", "NDHWC"), ("NCDHW", "OIDHW", "NCDHW")),
    },
}  # fmt: skip
"""What says where the channels are, by the number of spatial axes: `data_format`, or `dimension_numbers`."""
IMAGES = ("tf.nn.depth_to_space", "tf.nn.space_to_depth", "tf.nn.separable_conv2d", "tf.nn.depthwise_conv2d")
"""What reads images alone, and does not say so in its signature."""


def layout_of(function: str) -> str:
    """The parameter that says where the channels are; empty if there is none."""
    return next((name for name in ("data_format", "dimension_numbers") if name in declared(function).parameters), "")


def layouts(function: str) -> set[object]:
    """All that a function reads there, and its default."""
    by_rank = LAYOUTS[function.partition(".")[0]]
    ranks = [2] if function in IMAGES else [rank for rank in by_rank if f"{rank}d" in function.lower()] or list(by_rank)
    default = declared(function).parameters[layout_of(function)].default
    return {default, *(word for rank in ranks for word in by_rank[rank])}


FORMATTED = [function for function in readable() if layout_of(function) and function not in CANNOT]


def test_a_layout_is_read_of_at_least_80_functions() -> None:
    assert len(FORMATTED) >= 80


@pytest.mark.parametrize("function", sampled(FORMATTED, "keras.layers.MaxPool2D", "keras.ops.conv", "tf.nn.conv3d"))
def test_every_layout_is_called(function: str) -> None:
    calls = [call for case in of_function(function, "calls") for call in calls_of(case.call)[:1]]
    assert {call[layout_of(function)] for call in calls} == layouts(function)
    assert len(calls) < MOST["calls"] + len(layouts(function))


def test_every_text_is_read_back_as_what_it_was_made_from() -> None:
    for case in generated():
        found = read_with_shapes(case.call)
        assert (repr(found.op), found.x, found.w) == (repr(case.op), case.x, case.w), case.call


def test_the_same_seed_makes_the_same_calls_and_another_one_others() -> None:
    again = cases.__wrapped__("quick", 0)  # type: ignore[attr-defined]
    assert again == generated()
    assert {case.call for case in cases("quick", 1)} != {case.call for case in generated()}


@pytest.mark.parametrize("name", ["torch", "jax", "tensorflow", "keras-jax", "onnxruntime"])
def test_no_call_runs_on_the_runtime_of_another_framework(name: str) -> None:
    (backend,) = named(name)
    for case in generated():
        if backend.base in runtimes(case.call):
            assert backend.translate(case)
        else:
            with pytest.raises(Unsupported):
                backend.translate(case)


@needs("torch")
def test_a_reader_that_exchanges_the_ends_of_a_padding_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pad before the convolution is read the other way round; the run says so."""
    text = "nn.Conv1d(2, 3, 3) @ 1,2,9"
    right = read_with_shapes(text)
    assert isinstance(right.op, Conv)
    padded = "F.pad(x, (2, 0))"
    honest = of_backends.readers()["torch.nn.functional.pad"]

    def exchanged(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
        reading = honest(call, x, given, number)
        (pair,) = reading.op.padding  # type: ignore[attr-defined]
        return replace(reading, op=replace(reading.op, padding=(pair[::-1],)))  # type: ignore[type-var]

    monkeypatch.setitem(of_backends.readers(), "torch.nn.functional.pad", exchanged)
    wrong = read(padded, (1, 2, 5))
    case = Case(op=wrong.op, x=wrong.x, w=(), dtype="float32", seed=1, call=f"{padded} @ 1,2,5")
    report = Run([case], named("torch"), suite={}, known=[]).go()
    assert any(r.verdict == "differ" and r.output == "y" for r in report.records)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("nn.Conv2d(4, 6, (3,)) @ 2,4,9,8", "kernel_size"),
        ("nn.Conv2d(4, 6, 3, padding=(1,), padding_mode='circular') @ 2,4,9,8", "padding"),
        ("F.lp_pool1d(x, 2, (3,)) @ 2,4,9", "kernel_size"),
        ("F.interpolate(x, scale_factor=2, align_corners=False) @ 2,4,9,8", "align_corners"),
        ("F.interpolate(x, size=3, recompute_scale_factor=True) @ 2,4,9,8", "recompute_scale_factor"),
        ("F.interpolate(x, size=(5,)) @ 2,4,9,8", "size"),
        ("F.pad(x, (1, 1), mode='reflect') @ 2,4,9,8", "4 numbers"),
        ("F.pad(x, (1, 1), mode='circular', value=3) @ 2,4,9", "mode='constant'"),
        ("keras.layers.Conv2D(6, (3,)) @ 2,9,8,4", "kernel_size"),
        ("keras.layers.AdaptiveMaxPooling2D((5,)) @ 2,9,8,4", "output_size"),
        ("keras.layers.UpSampling1D(size=(5,)) @ 2,9,4", "size"),
        ("keras.layers.ZeroPadding1D(padding=((1, 0),)) @ 2,9,4", "padding"),
        ("tf.nn.convolution(x, w, strides=2, dilations=2) @ 2,9,8,4 3,2,4,6", "only one of them above 1"),
        ("tf.nn.depthwise_conv2d(x, w, (1, 1, 1, 1), 'SAME', dilations=(2,)) @ 2,9,8,4 3,2,4,2", "dilations"),
        ("tf.nn.atrous_conv2d(x, w, 1, ((0, 0), (1, 1), (0, 1), (0, 0))) @ 2,9,8,4 3,2,4,6", "padding"),
    ],
)
def test_what_a_framework_refuses_is_not_read(text: str, rule: str) -> None:
    with pytest.raises(Unreadable, match=rule):
        read_with_shapes(text)


@pytest.mark.parametrize(
    "text",
    [
        "F.conv2d(x, w, stride=(2,)) @ 2,4,9,8 6,4,3,3",
        "nn.MaxPool2d((2,)) @ 2,4,9,8",
        "F.lp_pool2d(x, 2, 2, stride=(2,)) @ 2,4,9,8",
        "F.pad(x, (1, 1), mode='circular', value=0) @ 2,4,9",
        "tf.nn.conv2d(x, w, (2,), 'SAME') @ 2,9,8,4 3,2,4,6",
    ],
)
def test_a_tuple_of_one_number_is_read_where_the_framework_takes_it(text: str) -> None:
    assert read_with_shapes(text)
