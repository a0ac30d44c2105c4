"""The parameters of every native function and layer that is written or read here, as its framework declares them.

`signatures.py` in each framework's room: SIGNATURES, DOCUMENTED (what has no signature to inspect), WRITTEN and ALIASES (short names),
VALUES (whose calls are read as arguments of others; may be left out). A default of ... is no literal. tests/test_signatures.py compares
every line with the installed framework.
"""

from __future__ import annotations

from backends.flax import signatures as flax
from backends.jax import signatures as jax
from backends.keras import signatures as keras
from backends.onnx import signatures as onnx
from backends.tensorflow import signatures as tensorflow
from backends.torch import signatures as torch

FRAMEWORKS = {"torch": torch, "tf": tensorflow, "keras": keras, "jax": jax, "flax": flax, "onnx": onnx}
"""The first part of a qualified name → the table it stands in."""

DECLARED = {name: text for table in FRAMEWORKS.values() for name, text in {**table.SIGNATURES, **table.DOCUMENTED}.items()}
