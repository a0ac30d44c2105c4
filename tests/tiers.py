"""The two tiers of tests: `make test` runs a sample of every sweep, `make test-slow` the rest of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

slow = pytest.mark.slow


def sampled(values: Iterable[Any], *kept: Any) -> list[Any]:
    """Parameters of a test: those in `kept` run in the default tier, all others in the slow one. Raises ValueError for a misspelt one."""
    values = list(values)
    if missing := [value for value in kept if value not in values]:
        raise ValueError(f"no such parameters: {missing}")
    return [value if value in kept else pytest.param(value, marks=slow) for value in values]
