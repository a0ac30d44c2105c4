"""What worker processes observed of this machine in former runs. With it a run that finds every verdict in the cache loads no framework.

It is kept until something changes that they might observe: the framework's files, what a runtime asks them, variables, the processor,
accelerators. A restart of the machine counts as such a change. Where the system does not tell that, nothing is kept.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from backends import Backend
from verify.cache import BadCache, Cache, code, stamp
from verify.execute.environment import instructions, variables

BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Another one after each start of the system, on Linux."""
ACCELERATORS = ("/dev/nvidia*", "/dev/kfd", "/dev/dri/*", "/dev/accel*")
DRIVER = Path("/proc/driver/nvidia/version")


class Observed(msgspec.Struct, frozen=True):
    """What a worker process says when it is ready (verify.execute.process.Worker)."""

    versions: dict[str, str]
    facts: dict[str, str]


def recalled(cache: Cache, backend: Backend, place: Mapping[str, Any]) -> Observed | None:
    """What the workers of a runtime observed, if it is known and nothing has changed since."""
    found: Observed | None = None
    with suppress(BadCache):
        if key := _key(cache, backend, place):
            found = cache.get(key, Observed | None)
    return found


def keep(cache: Cache, backend: Backend, place: Mapping[str, Any], observed: Observed | None) -> None:
    """Keep it for the next run; None: forget what is kept."""
    with suppress(BadCache):
        if key := _key(cache, backend, place):
            cache.put(key, observed)


def _key(cache: Cache, backend: Backend, place: Mapping[str, Any]) -> bytes | None:
    if not (cache.takes(backend) and BOOT.is_file()):
        return None
    devices = sorted(str(path) for pattern in ACCELERATORS for path in Path("/").glob(pattern[1:]))
    driver = DRIVER.read_text() if DRIVER.is_file() else ""
    runtime = backend.runtime
    said = (
        "observed", BOOT.read_text(), devices, driver, instructions(), code("verify"), backend.python,
        stamp(backend.python or sys.executable, runtime.packages), backend.name, runtime.glue, runtime.environment, runtime.batch_flags,
        dict(place), variables(),
    )  # fmt: skip
    return hashlib.sha256(repr(said).encode()).digest()
