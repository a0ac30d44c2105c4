"""The shards of a run put together: their verdicts in one store, and the report of the whole."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from msgspec import structs

from backends import named
from verify.record import Report
from verify.run import Run
from verify.store import BadStore, Store


def merged(parts: list[Path], folder: Path) -> Report:
    """The report of all shards, whose store is then in the folder. Raises BadStore."""
    with ExitStack() as stack:
        stores = [stack.enter_context(Store.opened(part)) for part in parts]
        whole = [structs.replace(store.plan, shard=(1, 1)) for store in stores]
        for part, plan in zip(parts, whole, strict=True):
            if plan != whole[0]:
                raise BadStore(f"{part} is of another run than {parts[0]}: they were begun with other options or versions")
        _every_one([store.plan.shard for store in stores])
        into = stack.enter_context(Store.begun(folder, whole[0], stores[0].machine))
        for store in stores:
            into.take(store)
        return Run.of(into, [b for name in whole[0].backends for b in named(name)]).put_together()


def _every_one(shards: list[tuple[int, int]]) -> None:
    number = shards[0][1]
    wanted = [(i, number) for i in range(1, number + 1)]
    if lacking := [f"{i}/{n}" for i, n in wanted if (i, n) not in shards]:
        raise BadStore(f"shard {', '.join(lacking)} is not there; give the folders of all {number}")
    if sorted(shards) != wanted:
        given = ", ".join(f"{i}/{n}" for i, n in sorted(shards))
        raise BadStore(f"the shards {given} do not make one run; give each of {number} once")
