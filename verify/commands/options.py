"""What --help says of options that several commands have."""

from __future__ import annotations

NAMED = (
    "A runtime, a backend (all its runtimes), a .py file or a module; :MODE after it says how it executes (torch:compile; `concordant "
    "backends` lists modes), =PYTHON after that picks an interpreter; NAME@VERSION installs another version in an environment of its own."
)
BACKEND = f"{NAMED} [default: all installed]"
DATA = (
    "integers, distinct, ties, impulses, digits, zeros, normal, wide, cancelling, large, overflowing, saturating, subnormal, nan, nans, "
    "infinity, infinities"
)
"""The names of spec.data.DATA, which tests/test_start.py holds against it: to import spec is to import NumPy."""
VALUES = f"The values fed in: {DATA}. [default: all]"
FILE = "The file to write; - for standard output."
WORK = (
    "Refuse a case whose expected values would cost more: estimated seconds on one core, or as many times 64 MiB. "
    "[60: a minute, 3.75 GiB]"
)
BUDGET = "Seconds for minimising all failures together, the most frequent first. Ctrl-C ends it and keeps what it found."
