"""One slip in any translation makes the run fail and names the case: each backend's own source, with one thing changed."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

import backends
from backends import Backend, BadBackend, Unsupported, named, runtime_of
from backends.known import everything
from spec import Case, parse_case
from tests.tiers import sampled, slow
from verify.run import Run

HERE = Path(backends.__file__).parent

CONV = "Conv(stride=(2,), padding=((1, 2),)) x=(2, 3, 6) w=(4, 3, 4)"
CUT = "Conv(stride=(1,), padding=((-1, -2),)) x=(2, 3, 7) w=(4, 3, 2)"
SAME = "ConvTranspose(stride=(2,), crop=((0, 1),)) x=(2, 3, 5) w=(3, 2, 3)"
CROPPED = "ConvTranspose(stride=(2,), crop=((2, 0),)) x=(2, 3, 5) w=(3, 2, 3)"
SAME_CONV = "Conv(stride=(1,), padding=((1, 2),)) x=(2, 3, 6) w=(4, 3, 4)"
BIASED = "ConvTranspose(stride=(2,), crop=((2, -1),), bias='yes') x=(2, 3, 5) w=(3, 2, 3) w=(1, 2, 1)"
SAME_AVERAGE = "AveragePool(kernel=(4,), stride=(2,), padding=((1, 1),), counted='valid') x=(2, 3, 6)"
PADDED_AVERAGE = "AveragePool(kernel=(3,), stride=(2,), padding=((1, 2),)) x=(2, 3, 7)"
COUNTED = "AveragePool(kernel=(3,), stride=(1,), padding=((1, 0),), overhang=(1,), counted='padded') x=(2, 3, 5)"
CUT_AVERAGE = "AveragePool(kernel=(4,), stride=(1,), padding=((0, -2),), overhang=(3,), counted='valid') x=(2, 3, 5)"
DIVIDED = "AveragePool(kernel=(3, 2), stride=(2, 2), padding=((1, 1), (0, 1)), divisor=5) x=(2, 3, 6, 5)"
CEILED = "AveragePool(kernel=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1)), overhang=(1, 1), counted='padded') x=(2, 3, 6, 6)"
SAME_MAX = "MaxPool(kernel=(3,), stride=(2,), padding=((0, 1),)) x=(2, 3, 6)"
PADDED_MAX = "MaxPool(kernel=(3, 2), stride=(1, 2), padding=((2, 1), (1, 0))) x=(2, 3, 4, 5)"
DILATED_MAX = "MaxPool(kernel=(2,), stride=(1,), padding=((1, 0),), dilation=(2,)) x=(2, 3, 6) float32 distinct"
DILATED_SUM = "SumPool(kernel=(2,), stride=(1,), padding=((1, 0),), dilation=(2,)) x=(2, 3, 6)"
NORM = "LpPool(kernel=(2,), stride=(1,), p=3) x=(2, 3, 6)"
ADAPTIVE = "AdaptiveAveragePool(size=(3, 1)) x=(2, 3, 6, 5)"
LINEAR = "Resize(size=(7, 3), mode='linear') x=(2, 2, 5, 4) float32 normal"
ALIGNED = "Resize(size=(7,), mode='linear', coordinates='align_corners') x=(2, 2, 5) float32 normal"
SMOOTHED = "Resize(size=(3, 4), mode='linear', outside='excluded', antialias='yes') x=(2, 2, 7, 6) float32 normal"
SCALED = "Resize(size=(6,), scale=((4, 3),), mode='linear') x=(2, 2, 5) float32 normal"
PICKED = "Resize(size=(7,), coordinates='asymmetric', rounding='ceil') x=(2, 2, 5)"
NEAREST = "Resize(size=(3,), rounding='round_prefer_ceil') x=(2, 2, 5)"
LEGACY = "Resize(size=(3,), coordinates='asymmetric', rounding='floor') x=(2, 2, 5)"
MIRRORED = "Pad(padding=((1, 2), (2, 0)), mode='reflect') x=(2, 2, 4, 5)"
FILLED = "Pad(padding=((1, -1), (2, 0)), value=3) x=(2, 2, 4, 5)"
ASKED = [parse_case(text) for name, text in list(globals().items()) if name.isupper() and isinstance(text, str)]

SLIPS = {
    "torch: a sign": ("torch", "_pad(negated(op.crop))", "_pad(op.crop)"),
    "torch: a side": ("torch", "for pair in reversed(pairs) for n in pair", "for pair in reversed(pairs) for n in pair[::-1]"),
    "torch: an order of channels": ("torch", "X, Source(at.weight), bias=_bias", 'Source("x.flip(1)"), Source(at.weight), bias=_bias'),
    "jax: no flip": ("jax", "transpose_kernel=True,", "transpose_kernel=False,"),
    "jax: a side": ("jax", "word or op.padding,", "word or tuple(pair[::-1] for pair in op.padding),"),
    "jax: an order of channels": ("jax", 'f"OI{space}"', 'f"IO{space}"'),
    "tensorflow: a sign": ("tensorflow", "fitted(negated(op.crop)", "fitted(op.crop"),
    "tensorflow: a side": ("tensorflow", "fitted(op.padding,", "fitted(tuple(pair[::-1] for pair in op.padding),"),
    "tensorflow: a word": ("tensorflow", '{"SAME": tf_same_crop, "VALID"', '{"VALID": tf_same_crop, "SAME"'),
    "keras: a sign": ("keras", "fitted(negated(op.crop)", "fitted(op.crop"),
    "keras: a side": ("keras", "fitted(op.padding,", "fitted(tuple(pair[::-1] for pair in op.padding),"),
    "torch: a bias": ("torch", "f\"x = x + {at.bias}\"", "f\"x = x - {at.bias}\""),
    "torch: what is counted": ("torch", "count_include_pad=counts", "count_include_pad=True"),
    "torch: a divisor": ("torch", "divisor_override=divisor)", "divisor_override=divisor + 1)"),
    "torch: windows at the end": ("torch", '"ceil_mode": False not in both', '"ceil_mode": False'),
    "torch: padding that wins": ("torch", "value=Source(at.least)", "value=Source(at.least.replace('-', ''))"),
    "torch: taps": ("torch", "X, **shape, dilation=short(op.dilation))", "X, **shape)"),
    "torch: a sign of a power": ("torch", 'Source("x.abs()") if op.p % 2', "X if op.p % 2"),
    "torch: sizes": ("torch", 'adaptive_avg_pool{op.rank}d", X, short(op.size))', 'adaptive_avg_pool{op.rank}d", X, op.size[::-1])'),
    "torch: corners": ("torch", "align_corners=align_corners or None,", "align_corners=False if align_corners else None,"),
    "torch: smoothing": ("torch", "or None, antialias=antialias)", "or None)"),
    "torch: a scale": ("torch", "*(s for s, *_ in rows)", "*(1 / s for s, *_ in rows)"),
    "torch: nearest": ("torch", '("nearest-exact", False, False)', '("nearest-exact ", False, False)'),
    "torch: a fill": ("torch", "value=op.value)", "value=-op.value)"),
    "torch: a mirror": ("torch", '"reflect": "reflect"', '"reflect": "replicate"'),
    "jax: smoothing": ("jax", "method, antialias=antialias)", "method, antialias=not antialias)"),
    "jax: what is counted": ("jax", 'if op.counted == "padded" else (0, 0)', "if op.counted else (0, 0)"),
    "jax: a divisor": ("jax", "{op.divisor or math.prod(op.kernel)}", "{math.prod(op.kernel)}"),
    "jax: taps": ("jax", "window_dilation=(1, 1, *op.dilation)", "window_dilation=(1, 1, *[1] * op.rank)"),
    "jax: a place": ("jax", "HALF - (start + HALF) / step", "HALF + (start + HALF) / step"),
    "jax: a bias": ("jax", 'f"x = x + {at.bias}"', 'f"x = x - {at.bias}"'),
    "jax: a mirror": ("jax", "mode=op.mode", 'mode="symmetric"'),
    "tensorflow: a bias": ("tensorflow", "Source(at.bias)", 'Source("-" + at.bias)'),
    "tensorflow: corners": ("tensorflow", '("align_corners", aligned)', '("align_corners", not aligned)'),
    "tensorflow: smoothing": ("tensorflow", '("antialias", smooths)', '("antialias", not smooths)'),
    "tensorflow: an average's word": ("tensorflow", "word.upper()", '"VALID"'),
    "tensorflow: windows": ("tensorflow", "(NOTHING, *op.padding, NOTHING)", "(NOTHING, *op.padding[::-1], NOTHING)"),
    "tensorflow: a mirror": ("tensorflow", "mode=op.mode.upper()", 'mode="SYMMETRIC"'),
    "keras: a bias": ("keras", 'f"x = x + {bias}"', 'f"x = x - {bias}"'),
    "keras: smoothing": ("keras", "=interpolation, antialias=antialias", "=interpolation, antialias=not antialias"),
    "keras: an average's word": ("keras", "padding=word)", 'padding="same" if word == "valid" else "valid")'),
    "keras: a maximum's word": ("keras", 'padding=said or "valid"', 'padding="valid" if said == "same" else "same"'),
    "keras: a mirror": ("keras", "mode=op.mode", 'mode="symmetric"'),
    "onnx: an appended pixel": ("onnx", "more if any(more) else None", "None"),
    "onnx: a side": ("onnx", "*(hi for _, hi in pairs))", "*(lo for lo, _ in pairs))"),
    "onnx: a bias": ("onnx", 'Source(f"{at.bias}.flatten()")', 'Source(f"-{at.bias}.flatten()")'),
    "onnx: what is counted": ("onnx", 'op.counted != "valid" and', 'op.counted == "valid" and'),
    "onnx: windows at the end": ("onnx", '{"ceil_mode": int(ceiling)}', '{"ceil_mode": 0}'),
    "onnx: a divisor": ("onnx", "_number(op.divisor, at)", "_number(op.divisor + 1, at)"),
    "onnx: corners": ("onnx", '"coordinate_transformation_mode": op.coordinates', '"coordinate_transformation_mode": "half_pixel"'),
    "onnx: smoothing": ("onnx", 'int(op.antialias == "yes")', "0"),
    "onnx: a scale": ("onnx", "*(s for s, *_ in rows))}", "*(1 / s for s, *_ in rows))}"),
    "onnx: a fill": ("onnx", "_number(op.value, at)", "_number(-op.value, at)"),
    "onnx: a mirror": ("onnx", "mode=op.mode)]", 'mode="edge" if op.mode == "reflect" else op.mode)]'),
    "onnx: taps": ("onnx", "dilation if max(dilation) > 1 else None", "None"),
    "keras: a word": ("keras", '{"valid": valid_padding, "same": same_padding}', '{"same": valid_padding, "valid": same_padding}'),
}


def _runtime(asked: str, name: str) -> Backend:
    return next(b for b in named(asked) if b.name in (name, "keras-torch", "onnxruntime"))


def _said(backend: Backend, case: Case) -> str:
    try:
        return backend.translate(case)
    except (Unsupported, BadBackend) as why:
        return str(why)


@slow
@pytest.mark.parametrize("name", ["torch", "jax", "tensorflow", "keras", "onnx"])
def test_without_a_slip_nothing_is_wrong(name: str) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    report = Run(ASKED, [_runtime(name, name)], suite={}).go()
    assert [r for r in report.records if r.known is None and r.verdict != "agree"] == []


@pytest.mark.parametrize("slip", sampled(SLIPS, "torch: a fill"))
def test_a_slip_is_caught(slip: str, tmp_path: Path) -> None:
    name, right, wrong = SLIPS[slip]
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    source = (HERE / name / "write.py").read_text()
    assert source.count(right) >= 1
    path = tmp_path / "slip.py"
    path.write_text(source.replace(right, wrong))
    slipped, honest = _runtime(str(path), name), _runtime(name, name)
    asked = [q for q in ASKED if _said(slipped, q) != _said(honest, q)]
    report = Run(asked, [slipped], suite={}).go()
    assert report.summary.exit == 1
    assert any(r.known is None and r.verdict in ("differ", "raised") for r in report.records)


DECORATED = {
    "torch:compile": '@torch.compile(backend="aot_eager", dynamic=False)', "tensorflow:function": "@tf.function(autograph=False)",
    "tensorflow:xla": "@tf.function(autograph=False, jit_compile=True)", "tensorflow:dynamic": "@for_any_lengths",
    "torch:dynamic": '@torch.compile(backend="aot_eager", dynamic=True)', "jax:vmap": "@each",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for target in DECORATED for name in (target, f"keras-{target}")])
def test_a_mode_is_the_same_text_under_a_decorator(name: str) -> None:
    plain, decorated = (named(target)[0].translate(parse_case(f"{CONV} float32")) for target in (runtime_of(name), name))
    decorator = DECORATED[name.removeprefix("keras-")]
    assert f"\n{decorator}\ndef f(x, w):" in decorated
    assert set(plain.splitlines()) < set(decorated.splitlines())


def test_a_mode_with_kernels_of_its_own_makes_only_records_stale_that_name_it() -> None:
    known = next(k for k in everything() if k.id == "tensorflow-dilated-float64-transpose")
    (xla,), (graph,) = named("tensorflow:xla"), named("tensorflow:function")
    assert known.is_stale("agree")
    assert known.is_stale("agree", graph.mode)
    assert not known.is_stale("agree", xla.mode)
    assert replace(known, modes=("xla",)).is_stale("agree", xla.mode)
    assert not known.is_stale("raised")
