"""What a run may take, unless told otherwise. In a file of its own, so that `--help` shows it without loading what it limits."""

from __future__ import annotations

GIB = 1 << 30
MEMORY = 8 * GIB
"""Bytes that a worker process may take."""
CONFIDENCE = 30
"""Draw new data until P(a wrong result passes) ≤ 2**-CONFIDENCE."""
MAX_WORK = 60.0
"""Seconds that the reference of one case may take, estimated; each also stands for 64 MiB (verify.plan.work)."""
MINIMIZING = 60.0
"""Seconds for finding the smallest form of failures; the smallest so far is kept."""
