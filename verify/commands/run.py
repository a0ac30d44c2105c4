"""Run a suite or a case, merge the shards of a run, find the smallest case that fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verify.commands.files import refuse, save_report, say_on_stderr, writable
from verify.commands.native import meant
from verify.commands.options import BACKEND, BUDGET, NAMED, VALUES, WORK
from verify.commands.watching import when_changed
from verify.limits import CONFIDENCE, GIB, MAX_WORK, MEMORY, MINIMIZING

if TYPE_CHECKING:
    from verify.execute.early import Early
    from verify.execute.scheduler import Start

CASE = "Run this one case, as a report prints it, or a native call with --input, instead of a suite."
SUITE = "quick, standard, full; calls: native calls alone; models: the layers of published architectures."
MODEL = "Only the layers of this architecture, such as resnet50; with the suite models, which it implies. [default: all]"
FULL_SIZE = "With the suite models: layers keep the lengths of their images, which are cut otherwise. Takes hours."
CACHE = "Reuse results of earlier runs where nothing has changed, and keep the results of this run. Only with --on local."
OF_RESUME = ("resume", "backend", "timeout", "memory", "on", "cores", "minimize", "minimize_budget", "cache", "quiet")
"""What may be said with --resume."""
WATCH = "Run again each time the backend file that you name is saved, but only the cases that changed. Ctrl-C ends it."
MINIMIZE = "Find the smallest case of each unexpected failure, after the table is printed."


def run(
    context: typer.Context,
    backend: Annotated[list[str] | None, typer.Option(help=BACKEND)] = None,
    suite: Annotated[str, typer.Option(help=SUITE)] = "standard",
    model: Annotated[list[str] | None, typer.Option(help=MODEL)] = None,
    full_size: Annotated[bool, typer.Option("--full-size", help=FULL_SIZE)] = False,
    op: Annotated[list[str] | None, typer.Option(help="Only cases in which this operation takes part.")] = None,
    dtype: Annotated[list[str] | None, typer.Option(help="float16, bfloat16, float32, float64, uint8, int8, int32. [default: all]")] = None,
    data: Annotated[list[str] | None, typer.Option("--data", "--kind", help=VALUES)] = None,
    check: Annotated[list[str] | None, typer.Option(help="values, or shape: what is inferred without running. [default: both]")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random data.", min=0)] = 0,
    case: Annotated[list[str] | None, typer.Option(help=CASE)] = None,
    input: Annotated[str, typer.Option(help="With a native call as --case: the shape of its input, in its framework's own layout.")] = "",
    confidence: Annotated[int, typer.Option(help="Draw new data until P(a wrong result passes) ≤ 2^-N.", min=1, max=200)] = CONFIDENCE,
    shard: Annotated[str, typer.Option(help="2/5 runs the second fifth; `concordant merge` puts the parts together.")] = "1/1",
    out: Annotated[Path, typer.Option(help="The folder for report.json and run.sqlite.")] = Path("runs/latest"),
    resume: Annotated[Path | None, typer.Option(help="Continue the run in this folder; repeat --backend if it names a file.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds of silence after which a worker is stopped.", min=0.1)] = 60.0,
    memory: Annotated[float, typer.Option(help="GiB that a worker process may use.", min=0.25)] = MEMORY / GIB,
    max_work: Annotated[float, typer.Option(help=WORK)] = MAX_WORK,
    on: Annotated[str, typer.Option(help="local; ray (starts a local Ray); or ray:ADDRESS (a running cluster).")] = "local",
    cores: Annotated[int | None, typer.Option(help="How many worker processes may be busy at a time. [default: all cores]", min=1)] = None,
    minimize: Annotated[bool, typer.Option("--minimize/--no-minimize", "--shrink/--no-shrink", help=MINIMIZE)] = True,
    minimize_budget: Annotated[float, typer.Option(help=BUDGET, min=0)] = MINIMIZING,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help=CACHE, envvar="CONCORDANT_CACHE")] = True,
    watch: Annotated[bool, typer.Option("--watch", help=WATCH)] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what is wrong.")] = False,
) -> None:
    """Run a suite on every runtime, judge every result, write report.json and print the table.

    Exit status 0: every result agrees or is a known deviation; 1: something else; 2: bad input; 130: interrupted.
    """
    if watch:
        when_changed(backend or (), lambda: run(context, **{**context.params, "watch": False}))
    from backends import BadBackend
    from spec import Impossible
    from verify.cache import NOW, Cache, default, in_use
    from verify.execute.early import Early
    from verify.execute.environment import machine, source_digest
    from verify.execute.process import WorkerFailed
    from verify.observed import recalled
    from verify.plan.plan import NothingToAsk, Plan, chosen, with_modes
    from verify.store import BadStore, Store

    former = context.with_resource(in_use(NOW.get() or (Cache(default()) if cache and on == "local" and not resume else None)))
    say = say_on_stderr(quiet=quiet)
    try:
        most = (cores or _cores()) if on == "local" else 0
        with Early(most, memory=int(memory * GIB), compiled=former.compiled if former else None) as early:
            if resume:
                _only(context, "--resume", *OF_RESUME)
                out, store = resume, Store.opened(resume)
            else:
                if model and not case and not _given(context, "suite"):
                    suite = "models"
                case, backends = meant(case, input), chosen(backend)
                plan = Plan(
                    backends=list(dict.fromkeys(b.asked or b.name for b in backends)), runtimes=[b.name for b in backends], suite=suite,
                    ops=op or [], dtypes=dtype or [], data=data or [], checks=check or [], models=model or [], full_size=full_size,
                    texts=case or [], seed=seed, confidence=confidence, shard=_shard(shard), max_work=max_work,
                    code=source_digest(backends),
                )  # fmt: skip
                writable(out)
                if case:
                    plan.prepare(say)
                place = machine()
                for one in backends:
                    if early.room and plan.surely_runs(one) and not (former and recalled(former, one, place)):
                        early.begin(one)
                if not backend and not case:
                    plan, backends = with_modes(plan, backends)
                plan.prepare(say)
                store = Store.begun(out, plan, place)
            from backends.known import records
            from verify.commands.running import go, minimized, show
            from verify.probes import with_probes
            from verify.run import Run

            with store, _place(on, early) as (start, there):
                how: dict[str, Any] = {"timeout": timeout, "memory": int(memory * GIB), "cores": cores or there, "say": say}
                how |= {"start": start, "soon": lambda one: early.begin(one, batch_flags=False)}
                asked = Run.resumed(store, backend or (), **how) if resume else Run.of(store, backends, **how)
                report = go(asked, out, quiet=quiet)
                if store.plan.probed and not report.summary.interrupted:
                    report = with_probes(report, asked.backends, records, timeout)
                    save_report(report, out)
    except (Impossible, BadBackend, NothingToAsk, BadStore, WorkerFailed) as error:
        refuse(str(error))
    except KeyboardInterrupt:  # before anything was run
        raise typer.Exit(130) from None
    from rich.console import Console

    from verify.report import terminal

    terminal.counts(report, Console(emoji=False), quiet=quiet)
    if (known := sum(ran.from_cache for ran in asked.ran.values())) and not quiet:
        everything = sum(ran.programs for ran in asked.ran.values())
        print(f"{known:,} of {everything:,} programs are from the cache of former runs; --no-cache runs them again")
    if minimize:
        report = minimized(asked, report, out, minimize_budget, quiet=quiet)
    show(report, out, quiet=quiet)


def merge(
    parts: Annotated[list[Path], typer.Argument(help="The folders that every --shard of one run wrote to.")],
    out: Annotated[Path, typer.Option(help="The folder for report.json and run.sqlite.")] = Path("runs/merged"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what is wrong.")] = False,
) -> None:
    """Merge the shards of a run into one report. Runs nothing. Exit status as for `run`."""
    from rich.console import Console

    from backends import BadBackend
    from spec import Impossible
    from verify.commands.running import show
    from verify.merge import merged
    from verify.plan.plan import NothingToAsk
    from verify.report import terminal
    from verify.store import BadStore

    try:
        writable(out)
        report = merged(parts, out)
        save_report(report, out)
    except (Impossible, BadBackend, NothingToAsk, BadStore) as error:
        refuse(str(error))
    terminal.counts(report, Console(emoji=False), quiet=quiet)
    show(report, out, quiet=quiet)


def shrink(
    case: Annotated[str, typer.Argument(help="A case that fails, as a report prints it.")],
    backend: Annotated[list[str], typer.Option(help=NAMED)],
    out: Annotated[Path, typer.Option(help="The folder for report.json and findings/.")] = Path("runs/shrink"),
    timeout: Annotated[float, typer.Option(help="Seconds of silence after which a worker is stopped.", min=0.1)] = 60.0,
    max_work: Annotated[float, typer.Option(help=WORK)] = MAX_WORK,
    minimize_budget: Annotated[float, typer.Option(help=BUDGET, min=0)] = MINIMIZING,
) -> None:
    """Find the smallest case that still fails, with a program that shows it and a text to report it. Exit status 1 if it fails."""
    from rich.console import Console

    from backends import BadBackend
    from spec import Impossible
    from verify.commands.running import go, minimized
    from verify.judge.reference import Reference
    from verify.plan.plan import NothingToAsk, chosen, read
    from verify.plan.work import expect_affordable
    from verify.report import terminal
    from verify.run import Run

    try:
        writable(out)
        parsed = read(case)
        expect_affordable(parsed, max_work)
        asked = Run(
            [Reference(parsed).case], chosen(backend), suite={"name": "shrink"}, timeout=timeout, known=[], max_work=max_work,
            say=say_on_stderr(quiet=False),
        )  # fmt: skip
    except (Impossible, BadBackend, NothingToAsk) as error:
        refuse(str(error))
    report = minimized(asked, go(asked, out, quiet=False), out, minimize_budget, quiet=False)
    terminal.remaining(report, Console(emoji=False), quiet=True)
    raise typer.Exit(report.summary.exit)


def _only(context: typer.Context, option: str, *allowed: str) -> None:
    """What a run was begun with is not changed on the way."""
    from spec import Impossible

    for name in context.params:
        if name not in allowed and _given(context, name):
            raise Impossible(f"{option} goes on with a run as it was begun; leave out --{name.replace('_', '-')}, or begin a new run")


def _given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return bool(source and source.name == "COMMANDLINE")


@contextmanager
def _place(on: str, early: Early) -> Iterator[tuple[Start, int]]:
    """What starts a worker, and how many cores there are."""
    from spec import Impossible

    where, _, address = on.partition(":")
    if on == "local":
        yield early.start, _cores()
        return
    if where != "ray" or on == "ray:":
        raise Impossible(f"--on is {on!r}, but it must be local, ray or ray:ADDRESS")
    try:
        from verify.execute.on_ray import cluster
    except ModuleNotFoundError as error:
        raise Impossible(f"--on {on} needs {error.name}; pip install 'concordant[ray]'") from None
    with cluster(address) as place:
        yield place


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _shard(text: str) -> tuple[int, int]:
    from spec import Impossible

    i, slash, n = text.partition("/")
    if not (slash and i.isdecimal() and n.isdecimal() and len(text) < 20):
        raise Impossible(f"--shard is {text!r}, but it must be like 2/5, the second of five")
    return int(i), int(n)
