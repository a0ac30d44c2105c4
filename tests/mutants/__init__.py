"""Backends with one plausible mistake each, made from the PyTorch one. The verifier must catch every one, and say which mistake it is.

A mutant changes the operation before it is translated (another crop, another stride …) or wraps the translated function `honest`; the
wrapped text also sees `shape`, that of the right result, and the fields of a single operation as names (`stride`, `groups`, …).
Those in `everyday` show on small cases. The others are mistakes of fast kernels and show only at the sizes at which those are used
(tests/blind_spots.py); at all others the honest function runs.
"""

from tests.mutants import blocks, channels, everyday, windows
from tests.mutants.mutant import HONEST, Mutant, aspect

__all__ = ["HONEST", "MUTANTS", "OF_SIZES", "Mutant", "aspect"]

OF_SIZES = {m.name: m for m in (*blocks.MUTANTS, *channels.MUTANTS, *windows.MUTANTS)}
MUTANTS = {m.name: m for m in everyday.MUTANTS} | OF_SIZES
