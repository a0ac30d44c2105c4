"""The shards of a run put together: their verdicts in one store, and the report of the whole."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from msgspec import structs

from backends import BY_DEFAULT, Backend, Runtime, found, runtime_of
from verify.facts import changed_facts
from verify.record import Repeated, Report
from verify.run import Run
from verify.store import BadStore, Store

STORED = "stored"
"""The name of the module that stands for one that is not loaded."""
MOST_LISTED = 10


def merged(parts: list[Path], folder: Path) -> Report:
    """The report of all shards, whose store is then in the folder. Raises BadStore.

    The folders may come from anywhere: no backend that they name is loaded, and nothing is run. What a report says of a backend was stored.
    """
    with ExitStack() as stack:
        stores = [stack.enter_context(Store.opened(part)) for part in parts]
        whole = [structs.replace(store.plan, shard=(1, 1)) for store in stores]
        for part, plan in zip(parts, whole, strict=True):
            if plan != whole[0]:
                raise BadStore(f"{part} and {parts[0]} have other options or versions; merge the parts of one run")
        _every_one([store.plan.shard for store in stores])
        for runtime in whole[0].runtimes:
            _on_equal_machines(runtime, parts, stores)
        into = stack.enter_context(Store.begun(folder, whole[0], stores[0].machine))
        for store in stores:
            into.take(store)
        for runtime in whole[0].runtimes:
            _add_up(into, runtime, stores)
        return Run.of(into, [_stored(into, runtime) for runtime in whole[0].runtimes]).put_together()


def _add_up(into: Store, runtime: str, stores: list[Store]) -> None:
    """What all parts repeated of what agreed in batches."""
    told = into.told(runtime)
    parts = [part.repeated for store in stores if (part := store.told(runtime)) and part.repeated]
    if told and parts:
        agreed, repeated, otherwise = (sum(getattr(p, name) for p in parts) for name in ("agreed", "repeated", "otherwise"))
        whole = Repeated(agreed=agreed, repeated=repeated, otherwise=otherwise, mode=parts[0].mode)
        into.tell(runtime, structs.replace(told, repeated=whole))


def _stored(store: Store, runtime: str) -> Backend:
    """A backend by what was stored of it. It translates nothing."""
    told = store.told(runtime)
    if told is None:
        raise BadStore(f"{runtime} was not run yet; finish each part with concordant run --resume")
    module = ModuleType(f"backends.{STORED}" if told.ours else STORED)
    own, mode = found().get(runtime_of(runtime)) if told.ours else None, runtime.partition(":")[2]
    modes = own.runtime.modes if own else {}
    known = replace(modes[mode], name=mode) if mode in modes else BY_DEFAULT
    stored = Runtime(packages=(), glue="", batch_flags=told.batch_flags, outputs=told.outputs)
    return Backend(runtime, stored, module, asked=told.asked, mode=known)


def _on_equal_machines(runtime: str, parts: list[Path], stores: list[Store]) -> None:
    """Known deviations are matched by the facts that workers observed, so all parts must have observed the same."""
    observed = [(part, told.facts) for part, store in zip(parts, stores, strict=True) if (told := store.told(runtime)) and told.facts]
    for part, facts in observed[1:]:
        if facts != observed[0][1]:
            change = changed_facts(observed[0][1], facts)
            raise BadStore(f"{part} was run on another machine than {observed[0][0]}: {runtime}: {change}; run all parts on equal machines")


def _every_one(shards: list[tuple[int, int]]) -> None:
    number = shards[0][1]
    wanted = [(i, number) for i in range(1, min(number, len(shards) + MOST_LISTED + 1) + 1)]
    if lacking := [f"{i}/{n}" for i, n in wanted if (i, n) not in shards]:
        more = f" and others of {number}" if len(lacking) > MOST_LISTED else ""
        raise BadStore(f"shard {', '.join(lacking[:MOST_LISTED])}{more} is not there; give the folders of all {number}")
    if sorted(shards) != wanted:
        given = ", ".join(f"{i}/{n}" for i, n in sorted(shards))
        raise BadStore(f"the shards {given} do not make one run; give each of {number} once")
