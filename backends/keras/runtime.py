"""How Keras is run on each of its three engines, whose glue it takes over. The engine is chosen once per process."""

from __future__ import annotations

from dataclasses import replace

from backends import Mode, Runtime
from backends.jax import runtime as jax
from backends.tensorflow import runtime as tensorflow
from backends.torch import runtime as torch

GLUE = """
_engine_version = version

def version():
    import keras
    return {"keras": keras.__version__, **_engine_version()}

def infer(f, args):
    import keras
    symbols = [keras.KerasTensor(a.shape, keras.backend.standardize_dtype(a.dtype)) for a in args]
    layers = [v for v in f.__globals__.values() if isinstance(v, keras.Layer)]
    if not layers:
        yield "the symbolic call", f(*symbols).shape, None
    seen = []
    for layer in layers:
        def call(x, *more, _call=layer.call, _layer=layer):
            y = _call(x, *more)
            seen.append((_layer, tuple(x.shape), tuple(y.shape)))
            return y
        layer.call = call
    if layers:
        f(*args)
    for layer, x, y in seen:
        del layer.call
        yield layer.name + ".compute_output_shape", layer.compute_output_shape(x), y
        yield layer.name + " called on a KerasTensor", layer(keras.KerasTensor(x, layer.compute_dtype)).shape, y
"""

JAX_MODES = {
    "op-by-op": Mode(
        meaning="called eagerly, one operation after the other", glue=jax.GLUE + jax.OP_BY_OP + GLUE, share="large",
        also=("eager", "no-jit"),
    ),
}  # fmt: skip


def _in_keras(mode: Mode, imports: str) -> Mode:
    """An engine's mode, whose decorator stands above a call of Keras."""
    decorator = mode.decorator
    return replace(mode, decorator=replace(decorator, before=imports.partition("\n")[0])) if decorator.body else mode


ENGINES = {"jax": jax, "tensorflow": tensorflow, "torch": torch}

RUNTIMES = {
    f"keras-{name}": Runtime(
        packages=("keras", *engine.RUNTIMES[name].packages),
        install=("keras=={version}",),
        glue=engine.GLUE + (jax.COMPILED if engine is jax else "") + GLUE,
        environment={"KERAS_BACKEND": name, **engine.RUNTIMES[name].environment},
        batch_flags=engine.RUNTIMES[name].batch_flags,
        modes={word: _in_keras(mode, engine.IMPORTS) for word, mode in engine.MODES.items()} if engine is not jax else JAX_MODES,
        repeat_in="op-by-op" if engine is jax else "",
    )
    for name, engine in ENGINES.items()
}

IMPORTS = "import keras"
