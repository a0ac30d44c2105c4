"""How Keras is run on each of its three engines, whose glue it takes over. The engine is chosen once per process."""

from __future__ import annotations

from dataclasses import replace

from backends import Mode, Runtime
from backends.jax import runtime as jax
from backends.tensorflow import runtime as tensorflow
from backends.torch import runtime as torch

VERSION = """
_engine_version = version

def version():
    import keras
    return {"keras": keras.__version__, **_engine_version()}
"""

INFER = """
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

SHARED = {
    "jax": ("op-by-op", "mixed-dtypes"), "tensorflow": ("function", "xla", "dynamic", "mixed-dtypes", "threads"),
    "torch": ("compile", "mixed-dtypes"),
}  # fmt: skip
"""Of each engine's modes, those that take their share of a suite in Keras too: the others change what lies below Keras, or take long."""


def _in_keras(name: str, mode: Mode, engine: str) -> Mode:
    """An engine's mode. A decorator stands above a call of Keras; what it makes takes no symbols of Keras, so its engine infers shapes."""
    share = mode.share if name in SHARED[engine] else ""
    if not mode.decorator.body:
        return replace(mode, share=share, glue=mode.glue and mode.glue + VERSION + INFER)
    before = mode.decorator.before or ENGINES[engine].IMPORTS.partition("\n")[0]
    glue = ENGINES[engine].RUNTIMES[engine].glue + VERSION
    return replace(mode, share=share, glue=glue, decorator=replace(mode.decorator, before=before))


ENGINES = {"jax": jax, "tensorflow": tensorflow, "torch": torch}

RUNTIMES = {
    f"keras-{name}": Runtime(
        packages=("keras", *engine.RUNTIMES[name].packages),
        install=("keras=={version}",),
        glue=engine.RUNTIMES[name].glue + VERSION + INFER,
        environment={"KERAS_BACKEND": name, **engine.RUNTIMES[name].environment},
        batch_flags=engine.RUNTIMES[name].batch_flags,
        compiled=engine.RUNTIMES[name].compiled,
        modes={word: _in_keras(word, mode, name) for word, mode in engine.MODES.items()},
        repeat_in="op-by-op" if engine is jax else "",
    )
    for name, engine in ENGINES.items()
}

IMPORTS = "import keras"
