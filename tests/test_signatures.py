"""Every line of backends/*/signatures.py against the installed framework, and calls as data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import pytest

from backends.call import BadCall, Call, Layer, Let, Source, X, body, calls, declared
from backends.onnx.nodes import NEWEST
from backends.signatures import DECLARED, FRAMEWORKS
from tests.tiers import sampled, slow

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"torch": "torch", "tf": "tensorflow", "keras": "keras", "jax": "jax", "flax": "flax"}
"""ONNX's operators have schemas in place of signatures."""

LIVE = """
import ast, importlib, inspect, json, sys

def found(name):
    first, *rest = name.split(".")
    thing = importlib.import_module({"tf": "tensorflow"}.get(first, first))
    for part in rest:
        try:
            thing = getattr(thing, part)
        except AttributeError:
            thing = importlib.import_module(f"{thing.__name__}.{part}")
    return thing

def literal(value):
    if value is inspect.Parameter.empty:
        return ""
    try:
        return repr(ast.literal_eval(repr(value)))
    except (ValueError, SyntaxError):
        return "Ellipsis"

said = {}
for name in json.load(sys.stdin):
    try:
        signature = inspect.signature(found(name))
        said[name] = [[p.name, p.kind.name, literal(p.default)] for p in signature.parameters.values()]
    except (AttributeError, ImportError):
        said[name] = "there is no such name"
    except (TypeError, ValueError):
        said[name] = "no signature"
print(json.dumps(said))
"""

KEYWORDS = """
import torch
import torch.nn.functional as F
CALLS
"""


def _python(source: str, given: str = "") -> str:
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "jax" if find_spec("jax") else "torch"}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", source], input=given, capture_output=True, text=True, env=quiet, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _different(names: dict[str, str], live: dict[str, object]) -> dict[str, object]:
    """The lines of a table that say other parameters than the framework has."""
    ours = {
        name: [[p.name, p.kind.name, "" if p.default is p.empty else repr(p.default)] for p in declared(name).parameters.values()]
        for name in names
    }
    return {name: (ours[name], live[name]) for name in names if ours[name] != live[name]}


def test_there_are_enough_signatures_to_read_what_users_write() -> None:
    assert len(DECLARED) >= 110
    assert {first for first in FRAMEWORKS if not any(name.startswith(f"{first}.") for name in DECLARED)} == set()


@pytest.mark.parametrize("first", sampled(PACKAGES, "torch", "jax"))
def test_every_line_is_the_signature_of_the_installed_framework(first: str) -> None:
    if find_spec(PACKAGES[first]) is None:
        pytest.skip(f"{PACKAGES[first]} is not installed")
    table = FRAMEWORKS[first]
    live = json.loads(_python(LIVE, json.dumps([*table.SIGNATURES, *table.DOCUMENTED])))
    assert _different(table.SIGNATURES, live) == {}
    arguments = [["args", "VAR_POSITIONAL", ""], ["kwargs", "VAR_KEYWORD", ""]]
    assert {name for name in table.DOCUMENTED if live[name] not in ("no signature", arguments)} == set()


def test_what_a_metaclass_makes_takes_the_parameters_of_its_initialiser() -> None:
    if find_spec("flax") is None:
        pytest.skip("flax is not installed")
    names = FRAMEWORKS["flax"].DOCUMENTED
    live = json.loads(_python(LIVE, json.dumps([f"{name}.__init__" for name in names])))
    without_self = {name: live[f"{name}.__init__"][1:] for name in names if name != "flax.nnx.Rngs"}
    assert _different(dict.fromkeys(without_self, ""), without_self) == {}


SCHEMAS = """
import json, sys
import onnx.defs
from onnx.helper import get_attribute_value

def default(attribute):
    if not attribute.default_value.type:
        return "" if attribute.required else "None"
    value = get_attribute_value(attribute.default_value)
    return repr(value.decode() if isinstance(value, bytes) else value)

said = {}
for kind, opset in json.load(sys.stdin):
    schema = onnx.defs.get_schema(kind, opset)
    inputs = [[one.name, "None" if one.option.name == "Optional" else ""] for one in schema.inputs]
    said[kind] = [inputs, sorted([name, default(attribute)] for name, attribute in schema.attributes.items())]
print(json.dumps(said))
"""


def test_every_line_of_onnx_is_the_schema_of_the_installed_package() -> None:
    """Inputs in their order, then attributes by name; opset is no attribute."""
    if find_spec("onnx") is None:
        pytest.skip("onnx is not installed")
    table = FRAMEWORKS["onnx"]
    kinds = [name.removeprefix("onnx.") for name in table.SIGNATURES]
    live = json.loads(_python(SCHEMAS, json.dumps([[kind, 9 if kind == "Upsample" else NEWEST] for kind in kinds])))
    for kind in kinds:
        parameters = [p for p in declared(f"onnx.{kind}").parameters.values() if p.name != "opset"]
        rows = [[p.name, "" if p.default is p.empty else repr(p.default)] for p in parameters]
        inputs = len(table.INPUTS[kind])
        assert [row[0] for row in rows[:inputs]] == list(table.INPUTS[kind])
        assert [rows[:inputs], sorted(rows[inputs:])] == live[kind]


def test_another_default_or_order_in_a_line_is_seen() -> None:
    name = "torch.nn.Conv2d"
    right = [[p.name, p.kind.name, "" if p.default is p.empty else repr(p.default)] for p in declared(name).parameters.values()]
    wrong = [["stride", right[3][1], "2"] if row[0] == "stride" else row for row in right]
    assert _different({name: ""}, {name: right}) == {}
    assert set(_different({name: ""}, {name: wrong})) == {name}
    assert set(_different({name: ""}, {name: [right[1], right[0], *right[2:]]})) == {name}


def _images(rank: int) -> str:
    return f"torch.ones({(1, 4, *(8,) * rank)})"


def _required(function: str) -> dict[str, str]:
    """What its required parameters are given."""
    rank = int(function[-2]) if function[-2:] in ("1d", "2d", "3d") else 2
    shared = {
        "input": _images(rank), "weight": f"torch.ones({(4, 4, *(3,) * rank)})", "kernel_size": "2", "output_size": "2",
        "upscale_factor": "2", "downscale_factor": "2", "shape": "(4, 64)", "dims": "(0, 1, 2, 3)",
        "dim": "1", "index": "torch.tensor([0])", "size": "(2, 3)",
        "fill_value": "1.0", "end": "4",
    }  # fmt: skip
    return {name: shared[name] for name, p in declared(function).parameters.items() if p.default is p.empty}


BOUNDS = {"torch.clip": {"min": "0.0"}}


@slow
def test_what_has_no_signature_takes_the_documented_keywords() -> None:
    """Each called once with all of them: those that have a default get it."""
    if find_spec("torch") is None:
        pytest.skip("torch is not installed")
    said = []
    for name in FRAMEWORKS["torch"].DOCUMENTED:
        given = {p.name: repr(p.default) for p in declared(name).parameters.values()} | _required(name) | BOUNDS.get(name, {})
        said.append(f"{name}({', '.join(f'{k}={v}' for k, v in given.items())})")
    assert len(said) >= 20
    _python(KEYWORDS.replace("CALLS", "\n".join(said)))
    with pytest.raises(AssertionError, match="dilations"):
        _python(KEYWORDS.replace("CALLS", said[0].replace("dilation=", "dilations=")))


# ---- calls as data ----

W = Source("w")
CONV = Call.of("torch.nn.functional.conv2d", X, W, stride=(2, 1), padding=(0, 0), dilation=1)


def test_a_call_knows_its_arguments_and_its_defaults() -> None:
    assert dict(CONV.arguments) == {"input": X, "weight": W, "stride": (2, 1)}
    assert (CONV["stride"], CONV["padding"], CONV["groups"], CONV["bias"]) == ((2, 1), 0, 1, None)
    with pytest.raises(KeyError):
        CONV["paddings"]
    assert Call.of("torch.nn.functional.conv2d", X, W, None, (2, 1)) == CONV
    assert Call.of("torch.nn.functional.conv2d", X, W, stride=2) != CONV
    assert len({CONV, Call.of("torch.nn.functional.conv2d", X, W, None, (2, 1))}) == 1


WRITTEN = {
    "F.conv2d(x, w, stride=(2, 1))": CONV,
    'tf.nn.conv2d(x, w, 2, "SAME")': Call.of("tf.nn.conv2d", X, W, 2, "SAME"),
    'keras.layers.Conv2D(4, 3, padding="same", dtype="half")': Call.of(
        "keras.layers.Conv2D", 4, 3, strides=1, padding="same", dtype="half"
    ),
    'lax.reduce_window(x, 0.0, lax.add, (1, 2), padding="SAME")': Call.of(
        "jax.lax.reduce_window", X, 0.0, Source("lax.add"), (1, 2), None, "SAME"
    ),
    'tf.einsum("ij,jk->ik", x, w)': Call.of("tf.einsum", "ij,jk->ik", X, W),
    "jnp.clip(x, min=0, max=3)": Call.of("jax.numpy.clip", X, 0, 3),
    "jnp.array((0.75, 4/3))": Call.of("jax.numpy.array", (Fraction(3, 4), Fraction(4, 3))),
    'jnp.pad(x, ((0, 1),), constant_values=3)': Call.of("jax.numpy.pad", X, ((0, 1),), constant_values=3),
    "torch.reshape(torch.permute(x, (1, 0)), (2,))": Call.of("torch.reshape", Call.of("torch.permute", X, (1, 0)), (2,)),
}  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN)
def test_a_call_is_written_as_a_user_writes_it(text: str) -> None:
    assert str(WRITTEN[text]) == text


def test_a_default_is_left_out_only_where_it_says_the_same() -> None:
    layer = Call.of("keras.layers.Conv2D", 4, 3, strides=(1, 1), dilation_rate=1, use_bias=False)
    assert dict(layer.arguments) == {"filters": 4, "kernel_size": 3, "use_bias": False}
    assert "groups" in Call.of("keras.layers.Conv2D", 4, 3, groups=True).arguments  # True is not 1
    assert "constant_values" in Call.of("tf.pad", X, ((0, 0),), constant_values=0.0).arguments


@pytest.mark.parametrize(
    ("function", "named", "words"),
    [
        ("tf.nn.conv2d", {"padding": "SAME", "strides": 1, "filters": W, "groups": 2}, "unexpected keyword argument 'groups'.*data_format"),
        ("tf.nn.conv2d", {"filters": W}, "missing a required argument: 'strides'"),
        ("tf.nn.conv4d", {}, "has no tf.nn.conv4d; add its parameters"),
    ],
)
def test_what_a_signature_does_not_take_is_refused(function: str, named: dict[str, object], words: str) -> None:
    with pytest.raises(BadCall, match=words):
        Call.of(function, X, **named)  # type: ignore[arg-type]


def test_statements_are_written_in_order_and_their_calls_found() -> None:
    inner = Call.of("torch.ones_like", X)
    said = [Layer("layer", Call.of("keras.layers.UpSampling1D")), Let("ones", inner), "x = x[:, 1:]", Call.of("torch.reshape", inner, (1,))]
    assert body(said) == "ones = torch.ones_like(x)\nx = x[:, 1:]\nx = torch.reshape(torch.ones_like(x), (1,))"
    functions = ["keras.layers.UpSampling1D", "torch.ones_like", "torch.reshape", "torch.ones_like"]
    assert [call.function for call in calls(said)] == functions
