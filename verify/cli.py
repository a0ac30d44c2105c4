"""The command line. Bad input gets one sentence and exit status 2; everything printed is drawn from the report."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from msgspec import structs
from rich.console import Console

from backends import Backend, BadBackend, environments, found
from backends.known import everything, records
from backends.new import file as backend_file
from spec import Impossible, operations
from spec.data import DATA
from verify.execute.environment import machine, missing, own_version, source_digest, versions
from verify.execute.patience import Say
from verify.execute.process import GIB, MEMORY, Worker, WorkerFailed
from verify.execute.scheduler import Start
from verify.explain.findings import SECONDS, Found, find
from verify.grouping import unexpected
from verify.judge.reference import CONFIDENCE, Reference
from verify.merge import merged
from verify.native.commands import meant, register
from verify.plan.plan import Plan, chosen, one_of, read, with_modes
from verify.plan.prove import prove_all
from verify.plan.work import MAX_WORK, expect_affordable
from verify.printable import printable, printable_report
from verify.probes import with_probes
from verify.record import BadReport, Finding, Report, load, save
from verify.report import terminal
from verify.report.pages import claims_page, known_page, theorems_page
from verify.run import NothingToAsk, Run
from verify.store import BadStore, Store
from verify.streams import write_bytes

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


register(app)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"concordant {own_version()}")
        raise typer.Exit(0)


@app.callback()
def about(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_version)] = False,
) -> None:
    """Find where PyTorch, TensorFlow, Keras, JAX and ONNX Runtime give other results for the same layer."""


NAMED = (
    "A runtime, a backend (all its runtimes), a .py file or a module; :MODE after it says how it executes (torch:compile; `concordant "
    "backends` lists modes), =PYTHON after that picks an interpreter; NAME@VERSION installs another version in an environment of its own."
)
BACKEND = f"{NAMED} [default: all installed]"


VALUES = f"The values fed in: {', '.join(DATA)}. [default: all]"

FILE = "The file to write; - for standard output."
STANDARD_OUTPUT = Path("-")

WORK = (
    "Refuse a case whose expected values would cost more: estimated seconds on one core, or as many times 64 MiB. "
    "[60: a minute, 3.75 GiB]"
)

CASE = "Run this one case, as a report prints it, or a native call with --input, instead of a suite."

SUITE = "quick, standard, full; calls: native calls alone; models: the layers of published architectures."
MODEL = "Only the layers of this architecture, such as resnet50; with the suite models, which it implies. [default: all]"
FULL_SIZE = "With the suite models: layers keep the lengths of their images, which are cut otherwise. Takes hours."

MINIMIZE = "Find the smallest case of each unexpected failure, after the table is printed."
BUDGET = "Seconds for minimising all failures together, the most frequent first. Ctrl-C ends it and keeps what it found."


@app.command()
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
    minimize_budget: Annotated[float, typer.Option(help=BUDGET, min=0)] = SECONDS,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what is wrong.")] = False,
) -> None:
    """Run a suite on every runtime, judge every result, write report.json and print the table.

    Exit status 0: every result agrees or is a known deviation; 1: something else; 2: bad input; 130: interrupted.
    """
    say = _say(quiet=quiet)
    try:
        if resume:
            _only(context, "--resume", "resume", "backend", "timeout", "memory", "on", "cores", "minimize", "minimize_budget", "quiet")
            out, store = resume, Store.opened(resume)
        else:
            if model and not case and not _given(context, "suite"):
                suite = "models"
            case, backends = meant(case, input), chosen(backend)
            plan = Plan(
                backends=list(dict.fromkeys(b.asked or b.name for b in backends)), runtimes=[b.name for b in backends], suite=suite,
                ops=op or [], dtypes=dtype or [], data=data or [], checks=check or [], models=model or [], full_size=full_size,
                texts=case or [], seed=seed, confidence=confidence, shard=_shard(shard), max_work=max_work, code=source_digest(backends),
            )  # fmt: skip
            if not backend and not case:
                plan, backends = with_modes(plan, backends)
            _writable(out)
            plan.prepare(say)
            store = Store.begun(out, plan, machine())
        with store, _place(on) as (start, there):
            how: dict[str, Any] = {"timeout": timeout, "memory": int(memory * GIB), "cores": cores or there, "start": start, "say": say}
            asked = Run.resumed(store, backend or (), **how) if resume else Run.of(store, backends, **how)
            report = _go(asked, out, quiet=quiet)
            if store.plan.probed and not report.summary.interrupted:
                report = with_probes(report, asked.backends, records, timeout)
                _save(report, out)
    except (Impossible, BadBackend, NothingToAsk, BadStore, WorkerFailed) as error:
        _refuse(str(error))
    except KeyboardInterrupt:  # before anything was run
        raise typer.Exit(130) from None
    terminal.counts(report, Console(emoji=False), quiet=quiet)
    if minimize:
        report = _minimized(asked, report, out, minimize_budget, quiet=quiet)
    _show(report, out, quiet=quiet)


@app.command()
def merge(
    parts: Annotated[list[Path], typer.Argument(help="The folders that every --shard of one run wrote to.")],
    out: Annotated[Path, typer.Option(help="The folder for report.json and run.sqlite.")] = Path("runs/merged"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what is wrong.")] = False,
) -> None:
    """Merge the shards of a run into one report. Runs nothing. Exit status as for `run`."""
    try:
        _writable(out)
        report = merged(parts, out)
        _save(report, out)
    except (Impossible, BadBackend, NothingToAsk, BadStore) as error:
        _refuse(str(error))
    terminal.counts(report, Console(emoji=False), quiet=quiet)
    _show(report, out, quiet=quiet)


@app.command()
def shrink(
    case: Annotated[str, typer.Argument(help="A case that fails, as a report prints it.")],
    backend: Annotated[list[str], typer.Option(help=NAMED)],
    out: Annotated[Path, typer.Option(help="The folder for report.json and findings/.")] = Path("runs/shrink"),
    timeout: Annotated[float, typer.Option(help="Seconds of silence after which a worker is stopped.", min=0.1)] = 60.0,
    max_work: Annotated[float, typer.Option(help=WORK)] = MAX_WORK,
    minimize_budget: Annotated[float, typer.Option(help=BUDGET, min=0)] = SECONDS,
) -> None:
    """Find the smallest case that still fails, with a program that shows it and a text to report it. Exit status 1 if it fails."""
    try:
        _writable(out)
        parsed = read(case)
        expect_affordable(parsed, max_work)
        asked = Run(
            [Reference(parsed).case], chosen(backend), suite={"name": "shrink"}, timeout=timeout, known=[], max_work=max_work,
            say=_say(quiet=False),
        )  # fmt: skip
    except (Impossible, BadBackend, NothingToAsk) as error:
        _refuse(str(error))
    report = _minimized(asked, _go(asked, out, quiet=False), out, minimize_budget, quiet=False)
    terminal.remaining(report, Console(emoji=False), quiet=True)
    raise typer.Exit(report.summary.exit)


@app.command()
def fuzz(
    backend: Annotated[list[str] | None, typer.Option(help=BACKEND)] = None,
    minutes: Annotated[float, typer.Option(help="How long to search.", min=0.01)] = 5.0,
    op: Annotated[list[str] | None, typer.Option(help="Only these operations. [default: all]")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the generated cases.", min=0, max=1 << 31)] = 0,
    out: Annotated[Path, typer.Option(help="The folder for findings/ and the regions covered; the next search continues there.")] = Path(
        "runs/fuzz"
    ),
    timeout: Annotated[float, typer.Option(help="Seconds of silence after which a worker is stopped.", min=0.1)] = 60.0,
    max_work: Annotated[float, typer.Option(help=WORK)] = MAX_WORK,
) -> None:
    """Generate cases beyond the suites, the least covered regions first, and report wrong values, crashes, nondeterminism and imprecision.

    Exit status 1 if something is found or a runtime did not run."""
    from verify.fuzz import Search, rounds

    console, found, lacking = Console(emoji=False), 0, set[str]()
    try:
        _writable(out)
        one_of("op", op or [], operations())
        search, backends = Search.resumed(out), chosen(backend)
        with Console(stderr=True).status("fuzzing") as status:
            for each in rounds(
                search, backends, ops=op or [], minutes=minutes, seed=seed, timeout=timeout, max_work=max_work,
                watch=lambda words: status.update(words),
            ):  # fmt: skip
                _keep(each.report.findings, out)
                terminal.found(each.report, each.unshrunk, each.agreeing, console, folder=out)
                found += len(each.report.findings) + len(each.unshrunk)
                lacking |= {name for name, r in each.report.runtimes.items() if r.status != "ran"}
    except (Impossible, BadBackend, NothingToAsk, ValueError) as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    console.print(search.closing(found), highlight=False, soft_wrap=True)
    raise typer.Exit(int(found > 0 or bool(lacking)))


@app.command()
def theorems(
    name: Annotated[list[str] | None, typer.Argument(help="Names of theorems. [default: all]")] = None,
    backend: Annotated[list[str] | None, typer.Option(help=BACKEND)] = None,
    out: Annotated[Path, typer.Option(help="The folder for report.json.")] = Path("runs/theorems"),
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/theorems.md.")] = False,
) -> None:
    """Check each theorem on the specification, then natively on every runtime. Exit status as for `run`."""
    _prove(name or [], backend, out, claims_only=False, page=theorems_page if markdown else None)


@app.command()
def claims(
    backend: Annotated[list[str] | None, typer.Option(help=BACKEND)] = None,
    out: Annotated[Path, typer.Option(help="The folder for report.json.")] = Path("runs/claims"),
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/claims.md.")] = False,
) -> None:
    """Check ten claims about upsampling and transposed convolution: true, true if …, or false. Exit status as for `run`."""
    _prove([], backend, out, claims_only=True, page=claims_page if markdown else None)


PROBE = "Try again what the installed frameworks are said to be unable to do, in a worker process each. Needs no report."


@app.command()
def known(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or its report.json.")] = Path("runs/latest"),
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/known.md, which needs no report.")] = False,
    probe: Annotated[bool, typer.Option("--probe", help=PROBE)] = False,
    backend: Annotated[list[str] | None, typer.Option(help=f"With --probe. {BACKEND}")] = None,
    timeout: Annotated[float, typer.Option(help="With --probe: seconds after which a worker process is given up.", min=0.1)] = 60.0,
) -> None:
    """List the known deviations, with the number of results each covers. Exit status 1 if one no longer occurs, or if something listed as
    missing works now."""
    if markdown:
        print(known_page(everything()), end="")
        raise typer.Exit(0)
    if probe:
        _probe(backend, timeout)
    try:
        met = _load(run).known
    except BadReport as error:
        _refuse(str(error))
    terminal.known(everything(), met, Console(emoji=False))
    raise typer.Exit(int(any(k.agreed for k in met.values())))


create = typer.Typer(no_args_is_help=True)
app.add_typer(create, name="new", help="Write a template file.")


@create.callback()
def _create() -> None:
    """Write a template file."""


@create.command("backend")
def new_backend(
    name: Annotated[str, typer.Argument(help="What the runtime is called.")],
    out: Annotated[Path | None, typer.Option(help="The file to write. [default: NAME.py]")] = None,
) -> None:
    """Write a commented backend file that runs, for a framework that is not here yet."""
    path = out or Path(f"{name}.py")
    if path.suffix == ".py" and path.stem.isidentifier() and not path.exists() and find_spec(path.stem):
        _refuse(f"{path.stem} is the name of an installed package, which {path} would hide; give another NAME or --out")
    try:
        text = backend_file(name)
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except ValueError as error:
        _refuse(str(error))
    except FileExistsError:
        _refuse(f"{path} is there already; give another NAME or --out")
    except OSError as error:
        _refuse(f"{path} cannot be written: {error.strerror}")
    where = path if path.is_absolute() or path.parent != Path() else f"./{path}"
    print(f"{path}\nconcordant run --backend {where} --suite quick")


@app.command()
def hazards(
    runs: Annotated[list[Path] | None, typer.Argument(help="Folders of runs, or their report.json. [default: what is shipped]")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/hazards.md.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what differs without an error between the frameworks, then crashes, errors and limits. Runs nothing. Always exits 0."""
    from msgspec import json

    from verify.hazards import hazards as found_in
    from verify.hazards import shipped, together
    from verify.report import hazards as views

    try:
        found = found_in(together([_load(run) for run in runs])) if runs else shipped()
    except BadReport as error:
        _refuse(str(error))
    if as_json:
        print(printable(json.format(json.encode(found), indent=2).decode()))
    else:
        print(views.page(found) if markdown else views.whole(found), end="" if markdown else "\n")


@app.command("report")
def view(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or its report.json.")] = Path("runs/latest"),
    form: Annotated[str, typer.Option("--format", help="html, md, junit, github, csv or parquet.")] = "html",
    out: Annotated[Path | None, typer.Option(help=f"{FILE} [default: a file beside the report; github: standard output]")] = None,
) -> None:
    """Export a report as HTML, Markdown, JUnit, GitHub annotations, CSV or Parquet. Always exits 0."""
    from verify.report.formats import FORMATS, SUFFIXES
    from verify.report.parquet import NotWritten

    try:
        one_of("format", [form], FORMATS)
        content = FORMATS[form](_load(run))
        if out is None and form in SUFFIXES:
            out = _report_of(run).with_suffix(SUFFIXES[form])
            _write(content, out)
            print(out)
        else:
            _write(content, out)
    except (Impossible, BadReport, NotWritten) as error:
        _refuse(str(error))


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="The folder of a run, or its report.json.")],
    new: Annotated[Path, typer.Argument(help="Another run of the same suite.")],
    form: Annotated[str, typer.Option("--format", help="text, md, json or html.")] = "text",
    out: Annotated[Path | None, typer.Option(help=f"{FILE} [default: standard output]")] = None,
) -> None:
    """Compare two runs: meaning, precision, support, coverage. Exit status 0: nothing is worse; 1: something is; 2: not comparable."""
    from verify.report.diff import FORMATS, Incomparable, compare

    try:
        one_of("format", [form], FORMATS)
        comparison = compare(_load(old), _load(new))
        _write(FORMATS[form](comparison), out)
    except (Impossible, BadReport, Incomparable) as error:
        _refuse(str(error))
    raise typer.Exit(int(comparison.regressions > 0))


@app.command()
def backends() -> None:
    """List the backends: which are installed, in which version, and what is missing. Imports no framework."""
    terminal.backends([(b, versions(b), missing(b)) for b in found().values()], Console(emoji=False))


@app.command("environments")
def side_environments(
    remove: Annotated[list[str] | None, typer.Option(help="Remove this one.")] = None,
) -> None:
    """List the environments of other versions (--backend keras-torch@3.14.0), with their sizes, or remove some."""
    from verify.execute import side

    try:
        for name in remove or []:
            side.removed(name)
    except BadBackend as error:
        _refuse(str(error))
    kept = side.kept()
    for name, size in kept.items():
        print(f"{name}  {size / 1e6:.0f} MB")
    print("\n" * bool(kept) + f"{len(kept)} in {environments()}")


def _probe(names: list[str] | None, timeout: float) -> NoReturn:
    """Print a line for each probe. Exit status 1 if one shows that something works, or proves nothing."""
    import asyncio

    from verify.probes import tried

    async def all_of(backend: Backend) -> list[str]:
        outcomes: list[str] = []
        async for one in tried(backend, records(backend), timeout):
            print(printable(one.sentence), flush=True)
            outcomes.append(one.outcome)
        return outcomes

    try:
        outcomes = [outcome for backend in chosen(names) for outcome in asyncio.run(all_of(backend))]
    except (Impossible, BadBackend, NothingToAsk, WorkerFailed) as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if not outcomes:
        _refuse("there is no probe for these runtimes in their installed versions")
    print(", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in dict.fromkeys(outcomes)))
    raise typer.Exit(int(set(outcomes) != {"holds"}))


def _prove(names: list[str], backend: list[str] | None, out: Path, *, claims_only: bool, page: Callable[[Report], str] | None) -> None:
    try:
        _writable(out)
        suite: dict[str, object] = {"name": "claims" if claims_only else "theorems"}
        proofs = prove_all(names, claims_only=claims_only)
        asked = Run([], chosen(backend), suite, prove=lambda: proofs)
    except (Impossible, BadBackend, NothingToAsk) as error:
        _refuse(str(error))
    report = _go(asked, out, quiet=False)
    if page:
        print(page(report), end="")
    else:
        terminal.theorems(report, Console(emoji=False), claims_only=claims_only)
        terminal.table(report, Console(emoji=False), quiet=True)
    raise typer.Exit(report.summary.exit)


def _go(asked: Run, out: Path, *, quiet: bool) -> Report:
    console = Console(stderr=True)
    with terminal.progress(asked, console, quiet=quiet) as watch:
        asked.watch = watch
        report = asked.go()
    _save(report, out)
    return report


def _minimized(asked: Run, report: Report, out: Path, budget: float, *, quiet: bool) -> Report:
    """The report with its findings, each printed and written to a file as soon as it is found."""
    if asked.interrupted or not report.summary.unexpected:
        return report

    def tell(finding: Finding) -> None:
        _keep([finding], out)
        terminal.finding(finding, report, Console(emoji=False), out)

    found, ended = Found(tell), f"after {budget:g} s; --minimize-budget SECONDS gives it more"
    try:
        with terminal.minimising(Console(stderr=True), quiet=quiet) as progress:
            try:
                find(
                    report, unexpected(report), asked.backends, asked.known, timeout=asked.timeout, budget=budget, found=found,
                    progress=progress,
                )  # fmt: skip
            except KeyboardInterrupt:
                ended = "as it was interrupted; what was found until then is kept"
    except OSError as error:
        _refuse(f"{out / 'findings'} cannot be written: {error.strerror}")
    if found.left and not quiet:
        several = f"{found.left} mistakes" if found.left > 1 else "1 mistake"
        print(f"concordant: minimising ended before {several} {ended}", file=sys.stderr)
    report = structs.replace(report, findings=found.all)
    _save(report, out)
    return report


def _say(*, quiet: bool) -> Say:
    """Prints one line on stderr, also without a terminal."""
    return lambda sentence: None if quiet else print(f"concordant: {sentence}", file=sys.stderr, flush=True)


def _save(report: Report, out: Path) -> None:
    try:
        save(printable_report(report), out / "report.json")
    except OSError as error:
        _refuse(f"{out / 'report.json'} cannot be written: {error.strerror}")


def _show(report: Report, out: Path, *, quiet: bool) -> NoReturn:
    terminal.remaining(report, Console(emoji=False), quiet=quiet)
    if not quiet:
        Console(emoji=False).print(f"\n{out / 'report.json'}", highlight=False, soft_wrap=True)
    raise typer.Exit(report.summary.exit)


def _only(context: typer.Context, option: str, *allowed: str) -> None:
    """What a run was begun with is not changed on the way."""
    for name in context.params:
        if name not in allowed and _given(context, name):
            raise Impossible(f"{option} goes on with a run as it was begun; leave out --{name.replace('_', '-')}, or begin a new run")


def _given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return bool(source and source.name == "COMMANDLINE")


@contextmanager
def _place(on: str) -> Iterator[tuple[Start, int]]:
    """What starts a worker, and how many cores there are."""
    where, _, address = on.partition(":")
    if on == "local":
        yield Worker.start, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return
    if where != "ray" or on == "ray:":
        raise Impossible(f"--on is {on!r}, but it must be local, ray or ray:ADDRESS")
    try:
        from verify.execute.on_ray import cluster
    except ModuleNotFoundError as error:
        raise Impossible(f"--on {on} needs {error.name}; pip install 'concordant[ray]'") from None
    with cluster(address) as place:
        yield place


def _shard(text: str) -> tuple[int, int]:
    i, slash, n = text.partition("/")
    if not (slash and i.isdecimal() and n.isdecimal() and len(text) < 20):
        raise Impossible(f"--shard is {text!r}, but it must be like 2/5, the second of five")
    return int(i), int(n)


def _keep(findings: list[Finding], out: Path) -> None:
    for finding in findings:
        (out / "findings").mkdir(exist_ok=True)
        (out / "findings" / f"{finding.id}.py").write_text(printable(finding.script), encoding="utf-8")
        (out / "findings" / f"{finding.id}.md").write_text(printable(finding.issue), encoding="utf-8")


def _load(run: Path) -> Report:
    path = _report_of(run)
    if path != run and not path.exists():
        raise BadReport(f"there is no report.json in {run}; give a folder that `concordant run --out` wrote to")
    return load(path)


def _report_of(run: Path) -> Path:
    return run / "report.json" if run.is_dir() else run


def _write(view: str | bytes, out: Path | None) -> None:
    if out == STANDARD_OUTPUT:
        out = None
    if not out and isinstance(view, str):
        print(view, end="")
        return
    if not out and sys.stdout.isatty():
        _refuse("this format is not for a terminal; name a file with --out")
    content = view.encode(errors="replace") if isinstance(view, str) else view
    if not out:
        write_bytes(content)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
    except OSError as error:
        _refuse(f"--out {out} cannot be written: {error.strerror}")


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NothingToAsk(f"--out {folder} cannot be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise NothingToAsk(f"--out {folder} is not writable")


def _refuse(sentence: str) -> NoReturn:
    print(f"concordant: {printable(' '.join(sentence.split()))}", file=sys.stderr)
    raise typer.Exit(2)
