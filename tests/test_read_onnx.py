"""ONNX's nodes: what they mean, what is refused, what ONNX Runtime makes of them, and what is written is read back."""

from __future__ import annotations

import pytest

from backends.native import Unreadable
from backends.porting import ported
from backends.reading import read
from spec import Case, Shape, parse_case
from tests.command import needs
from tests.tiers import sampled, slow
from verify.native.check import case_of, checked

X = (2, 4, 9, 8)
W = (6, 4, 3, 3)
CT = (4, 3, 3, 3)

MEANINGS: dict[str, tuple[str, Shape, tuple[Shape, ...], str]] = {
    "strides and pads": (
        "onnx.Conv(x, w, strides=[2, 1], pads=[1, 0, 2, 3])", X, (W,),
        "Conv(stride=(2, 1), padding=((1, 2), (0, 3)))"),
    "a bias, groups and dilation": (
        "onnx.Conv(x, w, b, group=2, dilations=[2, 2])", X, ((6, 2, 3, 3), (6,)),
        "Conv(stride=(1, 1), dilation=(2, 2), groups=2, bias='yes')"),
    "a node": (
        'onnx.helper.make_node("Conv", ["x", "w", "b"], ["y"], kernel_shape=[3, 3], strides=[2, 2])', X, (W,),
        "Conv(stride=(2, 2), bias='yes')"),
    "SAME_UPPER": ("onnx.Conv(x, w, auto_pad='SAME_UPPER', strides=[2, 2])", X, (W,), "Conv(stride=(2, 2), padding=((1, 1), (0, 1)))"),
    "SAME_LOWER": ("onnx.Conv(x, w, auto_pad='SAME_LOWER', strides=[2, 2])", X, (W,), "Conv(stride=(2, 2), padding=((1, 1), (1, 0)))"),
    "VALID": ("onnx.Conv(x, w, auto_pad='VALID', strides=[2, 2])", X, (W,), "Conv(stride=(2, 2))"),
    "a line": ("onnx.Conv(x, w, pads=[2, 0])", (1, 2, 7), ((3, 2, 3),), "Conv(stride=(1,), padding=((2, 0),))"),
    "a transposed convolution": (
        "onnx.ConvTranspose(x, w, strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 0])", X, (CT,),
        "ConvTranspose(stride=(2, 2), crop=((1, 0), (1, 1)))"),
    "output_shape cuts the odd pixel at the start": (
        "onnx.ConvTranspose(x, w, strides=[2, 2], output_shape=[18, 16])", X, (CT,),
        "ConvTranspose(stride=(2, 2), crop=((1, 0), (1, 0)))"),
    "output_shape with SAME_UPPER cuts it at the end": (
        "onnx.ConvTranspose(x, w, strides=[2, 2], output_shape=[18, 16], auto_pad='SAME_UPPER')", X, (CT,),
        "ConvTranspose(stride=(2, 2), crop=((0, 1), (0, 1)))"),
    "output_shape with output_padding": (
        "onnx.ConvTranspose(x, w, strides=[3, 2], output_shape=[10, 8], output_padding=[1, 1])", (1, 1, 3, 3), ((1, 2, 3, 3),),
        "ConvTranspose(stride=(3, 2), crop=((0, -1), (0, -1)))"),
    "SAME_LOWER transposed": (
        "onnx.ConvTranspose(x, w, strides=[2, 2], auto_pad='SAME_LOWER')", X, (CT,), "ConvTranspose(stride=(2, 2), crop=((1, 0), (1, 0)))"),
    "a maximum, whose strides are 1": ("onnx.MaxPool(x, kernel_shape=[3, 2])", X, (), "MaxPool(kernel=(3, 2), stride=(1, 1))"),
    "ceil_mode": (
        "onnx.MaxPool(x, kernel_shape=[2, 3], strides=[2, 2], ceil_mode=1)", X, (),
        "MaxPool(kernel=(2, 3), stride=(2, 2), padding=((0, 1), (0, 1)))"),
    "an average counts pixels of the input": (
        "onnx.AveragePool(x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])", X, (),
        "AveragePool(kernel=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1)), counted='valid')"),
    "count_include_pad": (
        "onnx.AveragePool(x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)", X, (),
        "AveragePool(kernel=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1)))"),
    "count_include_pad with ceil_mode": (
        "onnx.AveragePool(x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1, ceil_mode=1)", X, (),
        "AveragePool(kernel=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1)), overhang=(0, 1), counted='padded')"),
    "a norm": ("onnx.LpPool(x, kernel_shape=[2, 2], strides=[2, 2], p=3)", X, (), "LpPool(kernel=(2, 2), p=3)"),
    "a global mean": ("onnx.GlobalAveragePool(x)", X, (), "AdaptiveAveragePool(size=(1, 1))"),
    "a global maximum": ("onnx.GlobalMaxPool(x)", X, (), "AdaptiveMaxPool(size=(1, 1))"),
    "a global norm": ("onnx.GlobalLpPool(x)", X, (), "LpPool(kernel=(9, 8))"),
    "Resize by default": ("onnx.Resize(x, sizes=[2, 4, 5, 5])", X, (), "Resize(size=(5, 5))"),
    "Resize repeats pixels": ("onnx.Resize(x, scales=[1, 1, 2, 3])", X, (), "Upsample(factor=(2, 3))"),
    "Resize keeps a scale that rounds": (
        "onnx.Resize(x, scales=[1, 1, 1.5, 0.6], mode='linear')", X, (), "Resize(size=(13, 4), scale=((3, 2), (3, 5)), mode='linear')"),
    "Resize of axes": ("onnx.Resize(x, sizes=[6], axes=[-1], mode='linear')", X, (), "Resize(size=(9, 6), mode='linear')"),
    "Resize not_larger": (
        "onnx.Resize(x, sizes=[18, 12], axes=[2, 3], keep_aspect_ratio_policy='not_larger')", X, (),
        "Resize(size=(14, 12), scale=((3, 2), (3, 2)))"),
    "cubic": (
        "onnx.Resize(x, sizes=[2, 4, 5, 5], mode='cubic', cubic_coeff_a=-0.5, exclude_outside=1, antialias=1)", X, (),
        "Resize(size=(5, 5), mode='cubic', a='-1/2', outside='excluded', antialias='yes')"),
    "Resize of opset 10 is asymmetric": (
        "onnx.Resize(x, scales=[1, 1, 2, 2], mode='linear', opset=10)", X, (),
        "Resize(size=(18, 16), mode='linear', coordinates='asymmetric')"),
    "Upsample": ("onnx.Upsample(x, scales=[1, 1, 2, 2])", X, (), "Upsample(factor=(2, 2))"),
    "Upsample, linear, of opset 7": (
        "onnx.Upsample(x, scales=[1.0, 1.0, 1.5, 2.0], mode='linear', opset=7)", (1, 1, 4, 4), (),
        "Resize(size=(6, 8), mode='linear', coordinates='asymmetric')"),
    "Pad": (
        "onnx.Pad(x, pads=[0, 0, 1, -1, 0, 0, 2, 0], constant_value=3.0)", X, (), "Pad(padding=((1, 2), (-1, 0)), value=3)"),
    "Pad of axes": ("onnx.Pad(x, pads=[1, 2], axes=[-2], mode='reflect')", X, (), "Pad(padding=((1, 2), (0, 0)), mode='reflect')"),
    "DepthToSpace": ("onnx.DepthToSpace(x, blocksize=2)", X, (), "DepthToSpace(factor=(2, 2))"),
    "DepthToSpace CRD": ("onnx.DepthToSpace(x, blocksize=2, mode='CRD')", X, (), "DepthToSpace(factor=(2, 2), order='CRD')"),
    "SpaceToDepth": ("onnx.SpaceToDepth(x, blocksize=2)", (1, 3, 4, 6), (), "SpaceToDepth(factor=(2, 2))"),
    "MaxUnpool": ("onnx.MaxUnpool(x, i, kernel_shape=[2, 2], strides=[2, 2])", X, (X,), "MaxUnpool(size=(18, 16))"),
    "nodes one after the other": (
        'pads = np.array([0, 0, 1, 1, 0, 0, 1, 1])\nmake_node("Pad", ["x", "pads"], ["p"], mode="edge")\n'
        'make_node("Conv", ["p", "w"], ["y"])', X, (W,),
        "Pad(padding=((1, 1), (1, 1)), mode='edge') >> Conv(stride=(1, 1))"),
}  # fmt: skip
"""By hand from ONNX's text: the node, the shape of its input, those of its weights, the operation."""


@pytest.mark.parametrize("name", MEANINGS)
def test_a_node_means_the_operation_of_the_onnx_text(name: str) -> None:
    text, x, weights, operation = MEANINGS[name]
    assert repr(read(text, x, weights).op) == operation


TRAPS = {
    "onnx.Conv(x, w, auto_pad='SAME_LOWER')": ("auto_pad", (W,)),
    "onnx.Conv(x, w, pads=[1, 0, 1, 1])": ("pads", (W,)),
    "onnx.ConvTranspose(x, w, output_shape=[10, 9])": ("output_shape", (CT,)),
    "onnx.AveragePool(x, kernel_shape=[3, 3], pads=[1, 1, 1, 1])": ("count_include_pad", ()),
    "onnx.MaxPool(x, kernel_shape=[3, 3])": ("strides", ()),
    "onnx.Resize(x, scales=[1, 1, 2, 2])": ("nearest_mode", ()),
    "onnx.Resize(x, scales=[1, 1, 2, 2], opset=10)": ("opset", ()),
    "onnx.Resize(x, scales=[1, 1, 2, 2], mode='cubic')": ("cubic_coeff_a", ()),
    "onnx.DepthToSpace(x, blocksize=2)": ("mode", ()),
    "onnx.Pad(x, pads=[0, 0, 1, 1, 0, 0, 1, 1])": ("pads", ()),
    "onnx.LpPool(x, kernel_shape=[2, 2], p=3)": ("p", ()),
    "onnx.MaxUnpool(x, i, kernel_shape=[2, 2])": ("I", (X,)),
}


@pytest.mark.parametrize("text", TRAPS)
def test_what_other_frameworks_do_otherwise_is_a_trap(text: str) -> None:
    argument, weights = TRAPS[text]
    assert argument in {note.argument for note in read(text, X, weights).notes if note.trap}


REFUSED = {
    "onnx.Conv(x, w, strides=2)": "strides is 2, but it needs a list of 2 whole numbers of at least 1",
    "onnx.Conv(x, w, strides=[2, 0])": r"strides is \[2, 0\], but it needs",
    "onnx.Conv(x, w, pads=[1, 1])": r"pads is \[1, 1\], but it needs a list of 4 whole numbers of at least 0",
    "onnx.Conv(x, w, pads=[-1, 0, 0, 0])": "of at least 0",
    "onnx.Conv(x, w, pads=[1, 1, 1, 1], auto_pad='VALID')": "takes pads or auto_pad, and not both",
    "onnx.Conv(x, w, auto_pad='SAME')": "auto_pad is 'SAME', but it must be one of 'NOTSET'",
    "onnx.Conv(x, w, group=3)": "wants channels, which is 12, but the input",
    "onnx.Conv(x, w, kernel_shape=[2, 2])": r"kernel_shape is \[2, 2\], but W has the lengths \[3, 3\]; leave it out",
    "onnx.Conv(x, w, padding=1)": "it has no argument 'padding'",
    "onnx.Conv(x)": "missing a required argument: 'W'",
    "onnx.ConvTranspose(x, w, output_padding=[1, 1])": "output_padding is .* smaller than the stride or the dilation",
    "onnx.ConvTranspose(x, w, output_shape=[7])": r"output_shape is \[7\], but it needs a list of 2",
    "onnx.ConvTranspose(x, w, output_shape=[12, 9])": r"it may be at most \[11, 10\] with these strides",
    "onnx.MaxPool(x)": "missing a required argument: 'kernel_shape'",
    "onnx.MaxPool(x, kernel_shape=[2, 2], ceil_mode=2)": "ceil_mode is 2, but it needs 0 or 1",
    "onnx.MaxPool(x, kernel_shape=[2, 2], dilations=[2, 2], opset=8)": "has dilations since opset 10, but opset is 8; leave dilations out",
    "onnx.MaxPool(x, kernel_shape=[2, 2], opset=99)": "opset is 99, but it needs a whole number from 1 to",
    "onnx.LpPool(x, kernel_shape=[2, 2], p=0)": "p is 0, but it needs a whole number of at least 1",
    "onnx.Resize(x)": "needs scales or sizes, and not both",
    "onnx.Resize(x, scales=[1, 1, 2, 2], sizes=[2, 4, 5, 5])": "needs scales or sizes, and not both",
    "onnx.Resize(x, scales=[2, 2])": "scales is .*, but it needs 4 numbers above 0, batch and channels included",
    "onnx.Resize(x, scales=s)": "scales is the array s, but it needs 4 numbers",
    "onnx.Resize(x, sizes=[2, 8, 5, 5])": "changes batch or channels",
    "onnx.Resize(x, sizes=[2, 4, 5, 5], mode='area')": "mode is 'area', but it must be one of 'nearest', 'linear', 'cubic'",
    "onnx.Resize(x, sizes=[2, 4, 5, 5], cubic_coeff_a=-0.6)": "cubic_coeff_a is -0.6, but only -0.75 and -0.5 are read",
    "onnx.Resize(x, sizes=[2, 4, 5, 5], coordinate_transformation_mode='tf_crop_and_resize')": "which cuts a region of its own",
    "onnx.Resize(x, sizes=[2, 4, 5, 5], coordinate_transformation_mode='tf_half_pixel_for_nn')": "since opset 13; write opset=11",
    "onnx.Resize(x, sizes=[2, 4, 5, 5], antialias=1, opset=13)": "has antialias since opset 18",
    "onnx.Resize(x, scales=[1, 1, 0.5, 0.5], opset=10)": "does not say which pixel nearest takes",
    "onnx.Resize(x, scales=[1, 1, 0.1, 0.1])": "makes an output of length 0",
    "onnx.Upsample(x, scales=[1, 1, 2, 2], opset=11)": "is deprecated since opset 10; write onnx.Resize",
    "onnx.Upsample(x, scales=[1, 1, 0.5, 2])": "it needs numbers of at least 1",
    "onnx.Pad(x, pads=[1, 1])": "it needs a list of 8 whole numbers",
    "onnx.Pad(x, pads=[0, 1, 0, 0, 0, 0, 0, 0])": "changes batch or channels",
    "onnx.Pad(x, pads=p)": "pads is the array p, whose numbers are not known; write them",
    "onnx.Pad(x, pads=[0, 0, 1, 1, 0, 0, 1, 1], mode='symmetric')": "mode is 'symmetric', but it must be one of",
    "onnx.Pad(x, pads=[0, 0, 1, 1, 0, 0, 1, 1], mode='wrap', opset=18)": "mode is 'wrap', but it must be one of",
    "onnx.Pad(x, pads=[0, 0, 1, 1, 0, 0, 1, 1], constant_value=0.5)": "only whole numbers are read",
    "onnx.DepthToSpace(x, blocksize=0)": "blocksize is 0, but it needs a whole number of at least 1",
    "onnx.SpaceToDepth(x, blocksize=2, mode='CRD', opset=13)": "has mode since opset 28, but opset is 13",
    "onnx.Relu(x)": "onnx.Relu is not read",
    "make_node('Relu', ['x'], ['y'])": "onnx.Relu is not read",
    "make_node('Conv', x, ['y'])": "the inputs are x, but they must be a list of names",
    "make_node('Conv', ['x', 'w', 'b', 'c'], ['y'])": "Conv has the inputs X, W, B, but 4 are given",
    "make_node()": "needs the operator, its inputs and its outputs",
    "make_node('Conv', ['x', 'w'], ['y'], strides=__import__('os'))": "is not read; write numbers",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_wrong_node_is_refused_with_one_sentence(text: str) -> None:
    weights = [CT if "Transpose" in text else W] if "Conv" in text and "w" in text else []
    with pytest.raises(Unreadable, match=REFUSED[text]) as said:
        read(text, X, weights)
    assert "\n" not in str(said.value)


def test_a_name_without_a_framework_is_the_one_that_has_the_arguments() -> None:
    assert read("Upsample(scale_factor=2)", X).native.phrases.framework == "torch"
    assert read("Upsample(x, scales=[1, 1, 2, 2])", X).native.phrases.framework == "onnx"


def test_a_convolution_without_the_shape_of_its_weights_says_what_to_give() -> None:
    with pytest.raises(Unreadable, match=r"needs the shape of W.*such as --weights 8,4,3,3"):
        read("onnx.Conv(x, w)", X)


def _case(name: str) -> Case:
    text, x, weights, _ = MEANINGS[name]
    reading = read(text, x, weights)
    return case_of(reading.op, reading.x, reading.w)


UNWRITTEN = {
    "Resize not_larger": "sizes or scales", "MaxUnpool": "indices are computed",
}  # fmt: skip
"""What no line of make_node says, or says by an expression."""


@pytest.mark.parametrize("name", [name for name in MEANINGS if name not in UNWRITTEN])
def test_what_is_written_is_read_back(name: str) -> None:
    text, x, weights, _ = MEANINGS[name]
    reading = read(text, x, weights)
    native, _ = ported("onnx", reading.op, reading.x, reading.w)
    again = read(native.shown(), x, [weight.shape for weight in native.weights])
    assert repr(again.op) == repr(reading.op)
    if "opset" not in text:  # which no node says
        assert read(reading.native.shown(), x, [weight.shape for weight in reading.native.weights]).op == reading.op


GRID = [
    *(f"onnx.{pool}(x, kernel_shape=[3, 2], strides={s}, {words})"
      for pool in ("MaxPool", "AveragePool", "LpPool") for s in ([1, 1], [2, 3])
      for words in ("pads=[1, 0, 2, 1]", "auto_pad='SAME_UPPER'", "auto_pad='SAME_LOWER'", "auto_pad='VALID'", "dilations=[2, 1]",
                    "pads=[1, 1, 1, 1], ceil_mode=1")),
    *(f"onnx.AveragePool(x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad={c}, ceil_mode={m})"
      for c in (0, 1) for m in (0, 1)),
    *(f"onnx.Resize(x, {size}, mode='{mode}', coordinate_transformation_mode='{where}')"
      for size in ("sizes=[2, 4, 5, 13]", "scales=[1, 1, 1.5, 0.6]", "sizes=[12, 6], axes=[3, 2]")
      for mode in ("nearest", "linear", "cubic")
      for where in ("half_pixel", "align_corners", "half_pixel_symmetric")),
    *(f"onnx.Resize(x, sizes=[2, 4, 5, 3], nearest_mode='{mode}')"
      for mode in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")),
    *(f"onnx.Resize(x, sizes=[2, 4, 5, 3], mode='{mode}', antialias=1, exclude_outside={e})"
      for mode in ("linear", "cubic") for e in (0, 1)),
    *(f"onnx.Pad(x, pads=[0, 0, 1, 2, 0, 0, 3, -1], mode='{mode}')" for mode in ("constant", "edge", "reflect", "wrap")),
    "onnx.AveragePool(x, kernel_shape=[1, 1], strides=[3, 3], auto_pad='SAME_UPPER')",
    "onnx.MaxPool(x, kernel_shape=[1, 1], strides=[2, 2], auto_pad='SAME_UPPER')",
    *(f"onnx.Upsample(x, scales=[1, 1, 2, 3], mode='{mode}', opset={opset})" for mode in ("nearest", "linear") for opset in (7, 9)),
]  # fmt: skip
WEIGHTED = [
    *(f"onnx.Conv(x, w, b, strides={s}, dilations={d}, {words})" for s in ([1, 1], [2, 3]) for d in ([1, 1], [2, 1])
      for words in ("pads=[1, 0, 2, 1]", "auto_pad='SAME_UPPER'", "auto_pad='SAME_LOWER'", "auto_pad='VALID'")),
    *(f"onnx.ConvTranspose(x, w, b, strides={s}, {words})" for s in ([1, 1], [2, 3])
      for words in ("pads=[1, 0, 2, 1]", "auto_pad='SAME_UPPER'", "auto_pad='SAME_LOWER'", "auto_pad='VALID'",
                    "output_shape=[11, 10], auto_pad='SAME_UPPER'" if s == [1, 1] else "output_shape=[18, 24]")),
    "onnx.ConvTranspose(x, w, strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])",
    "onnx.ConvTranspose(x, w, dilations=[2, 2], output_padding=[1, 1])",
]  # fmt: skip


def _verdicts(programs: dict[str, tuple[Shape, tuple[Shape, ...]]]) -> dict[str, str]:
    readings = {text: read(text, x, weights) for text, (x, weights) in programs.items()}
    checks = checked({text: (r.native, case_of(r.op, r.x, r.w)) for text, r in readings.items()})
    bad = {text: verdict for text, verdict in checks.items() if verdict.status not in ("verified", "known")}
    return {text: f"{verdict.status}: {verdict.sentence}" for text, verdict in bad.items()}


@needs("onnxruntime")
@pytest.mark.parametrize("name", sampled(MEANINGS, "a node", "ceil_mode", "Resize keeps a scale that rounds", "nodes one after the other"))
def test_onnx_runtime_answers_as_the_node_is_read(name: str) -> None:
    text, x, weights, _ = MEANINGS[name]
    assert _verdicts({text: (x, weights)}) == {}


@slow
@needs("onnxruntime")
def test_onnx_runtime_answers_as_a_grid_of_nodes_is_read() -> None:
    weighted = {text: (X, ((CT if "Transpose" in text else W),)) for text in WEIGHTED}
    assert _verdicts(dict.fromkeys(GRID, (X, ())) | weighted) == {}


@needs("onnxruntime")
def test_a_pad_node_with_zeros_is_fused_into_a_maximum() -> None:
    """A known deviation: with the fusion, the zeros of the Pad node are no longer seen."""
    text = "onnx.Pad(x, pads=[0, 0, 1, 1, 0, 0, 1, 1])\nonnx.MaxPool(x, kernel_shape=[2, 2])"
    reading = read(text, (2, 3, 4, 5))
    verdict = checked({text: (reading.native, case_of(reading.op, reading.x, ()))})[text]
    assert verdict.status == "known"
    assert "onnxruntime-pad-fused-into-max-pool" in verdict.sentence


def test_the_program_of_several_steps_is_one_model() -> None:
    from backends import found

    text = found()["onnxruntime"].translate(parse_case("Pad(padding=((1, 1),)) >> Conv(stride=(1,)) x=(1, 2, 5) w=(3, 2, 3) float32"))
    body = text.partition("def f(x, w2):\n")[2]
    assert body == "    x = op.Pad(x, (0, 0, 1, 0, 0, 1))\n    x = op.Conv(x, w2)\n    return x\n"
