"""Modes: how a runtime executes a case is neither its data nor what is checked; a runtime in a mode is a target."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

import pytest
from msgspec import json as msgspec_json
from msgspec import structs
from rich.console import Console

from backends import Backend, BadBackend, Mode, form, found, in_mode, named, runtime_of, targets_called
from backends.known import Known
from backends.minimum import column, minimum
from spec import Case, parse_case
from tests.command import GLUE, backend_file, concordant, needs, refused
from tests.sample_reports import record, report
from tests.tiers import sampled, slow
from verify.grouping import interop
from verify.judge.agreement import below
from verify.plan import calls, suites
from verify.plan.plan import Plan, with_modes
from verify.record import RuntimeReport, load
from verify.report import terminal
from verify.run import Run

CASE = "Upsample(factor=(2,)) x=(1, 2, 3)"
FLAGGED = GLUE + '''
import os

def facts():
    return {"flag": os.environ.get("CONCORDANT_TEST_FLAG", "unset")}
'''
FILE = f'''
import numpy as np
from backends import Code, Mode, Runtime, Unsupported

GLUE = """{FLAGGED}"""
MODES = {{
    "plus": Mode(meaning="adds one", decorator=Code("@plus", before="def plus(f):\\n    return lambda x: f(x) + 1"), also=("more",)),
    "flagged": Mode(meaning="with a flag", environment={{"CONCORDANT_TEST_FLAG": "on"}}, expects={{"flag": "on"}}),
    "without": Mode(meaning="without effect", environment={{"CONCORDANT_TEST_FLAG": "on"}}, expects={{"flag": "off"}}),
    "forward": Mode(meaning="without gradients", outputs=("y",)),
    "double": Mode(meaning="in float64 alone", dtypes=("float64",)),
    "twice": Mode(meaning="with another glue", glue=GLUE.replace("yield f(*args)", "yield 2 * f(*args)")),
}}
RUNTIMES = {{"mine": Runtime(packages=("numpy",), glue=GLUE, modes=MODES), "other": Runtime(packages=("numpy",), glue=GLUE)}}

def upsample(op, at):
    return "x = x.repeat(2, axis=2)"
'''


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return backend_file(tmp_path, FILE)


def verdicts(target: str, case: str = CASE) -> dict[str, set[str]]:
    """The verdicts on the result y, by target."""
    records = Run([parse_case(case)], named(target), suite={}).go().records
    assert {r.case for r in records} == {repr(parse_case(case))}
    return {name: {r.verdict for r in records if r.runtime == name and r.output == "y"} for name in {r.runtime for r in records}}


# ---- targets ----


def test_a_target_is_a_runtime_in_a_mode(mine: Path) -> None:
    """Another decorator, another glue, other variables: each by itself, and the default mode has none of them."""
    assert verdicts(str(mine)) == {"mine": {"agree"}, "other": {"agree"}}
    assert verdicts(f"{mine}:plus") == {"mine:plus": {"differ"}}
    assert verdicts(f"{mine}:twice") == {"mine:twice": {"differ"}}
    assert verdicts(f"{mine}:flagged") == {"mine:flagged": {"agree"}}


@pytest.mark.parametrize("words", ["float16", "float64 nan", "bfloat16 normal", "int8", "float32 infinity"])
def test_any_data_and_dtype_run_in_any_mode(words: str, mine: Path) -> None:
    (both,) = verdicts(f"{mine}:plus", f"{CASE} {words}").values()
    assert both == ({"raised"} if "bfloat16" in words else {"differ"})  # NumPy has no bfloat16


def test_a_mode_may_offer_fewer_outputs_than_its_runtime(mine: Path) -> None:
    (whole, *_), (forward,) = named(str(mine)), named(f"{mine}:forward")
    run = Run([parse_case(CASE)], [whole, forward], suite={}).go()
    assert {(r.runtime, r.output) for r in run.records} == {("mine", "y"), ("mine", "dx"), ("mine:forward", "y")}
    assert [run.runtimes[name].not_offered for name in ("mine", "mine:forward")] == [{}, {"gradients": 1}]


def test_a_mode_may_compute_in_fewer_dtypes_than_its_runtime(mine: Path) -> None:
    (whole, *_), (double,) = named(str(mine)), named(f"{mine}:double")
    run = Run([parse_case(CASE), parse_case(f"{CASE} float64")], [whole, double], suite={}).go()
    assert {(r.runtime, r.dtype) for r in run.records} == {("mine", "float32"), ("mine", "float64"), ("mine:double", "float64")}
    assert [run.runtimes[name].not_offered for name in ("mine", "mine:double")] == [{}, {"dtype float32": 1}]


def test_facts_are_those_of_the_mode(mine: Path) -> None:
    (flagged,) = named(f"{mine}:flagged")
    run = Run([parse_case(CASE)], [*named(str(mine))[:1], flagged], suite={}).go()
    assert [run.runtimes[name].facts["flag"] for name in ("mine", "mine:flagged")] == ["unset", "on"]
    assert run.runtimes["mine:flagged"].backend == f"{mine}:flagged"


def test_a_mode_without_effect_fails(mine: Path) -> None:
    """A variable that the framework does not obey must not pass for the mode."""
    run = Run([parse_case(CASE)], named(f"{mine}:without"), suite={}).go()
    assert run.runtimes["mine:without"].status == "failed"
    assert "the worker process observed flag on instead of off" in run.runtimes["mine:without"].reason
    assert run.summary.exit == 1


UNKNOWN = {
    "torch:compil": "torch has no mode 'compil'; did you mean torch:compile? its modes are torch:compile",
    "tensorflow:compiled": "did you mean tensorflow:function?",
    "tensorflow:mkldnn": "did you mean tensorflow:onednn?",
    "keras:nothing": "has no mode 'nothing'; its modes are",
    "torch:": "torch has no mode ''",
    "trch:compile": "did you mean 'torch'?",
}


@pytest.mark.parametrize(("name", "words"), UNKNOWN.items())
def test_an_unknown_mode_gets_a_sentence(name: str, words: str) -> None:
    with pytest.raises(BadBackend) as refusal:
        named(name)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_runtime_without_modes_says_so(mine: Path) -> None:
    other = next(b for b in named(str(mine)) if b.name == "other")
    with pytest.raises(BadBackend, match="other has no mode 'fast'; it runs in its default mode only: --backend other"):
        in_mode(other, "fast")


def test_a_mode_of_a_family_is_that_of_each_runtime_that_has_it() -> None:
    assert [b.name for b in named("keras:compile")] == ["keras-torch:compile"]
    assert [b.name for b in named("keras:xla=/bin/sh")] == ["keras-tensorflow:xla"]
    assert named("keras:xla=/bin/sh")[0].asked == "keras-tensorflow:xla=/bin/sh"


@pytest.mark.parametrize("backend", found().values(), ids=lambda b: b.name)
def test_every_mode_says_what_it_does(backend: object) -> None:
    for target in backend.offered:  # type: ignore[attr-defined]
        assert len(target.mode.meaning) > 10
        assert target.mode.name in target.name
        assert targets_called(target.mode.name)[0].endswith(f":{target.mode.name}")


@slow
@pytest.mark.parametrize("name", [b.name for backend in found().values() for b in backend.offered])
def test_every_mode_runs(name: str) -> None:
    """The machine may not have what the mode expects; then it says so."""
    (target,) = named(name)
    for package in target.runtime.packages:
        pytest.importorskip(package)
    dtype = next(word for word in ("float32", "bfloat16") if word in target.runtime.dtypes)
    run = Run([parse_case(f"Conv(stride=(2,)) x=(2, 3, 7) w=(4, 3, 2) {dtype} normal")], [target], suite={}).go()
    if run.runtimes[name].status == "failed":
        expected = "there is no CUDA device here" if "cuda" in target.mode.name else "did not take effect"
        assert expected in run.runtimes[name].reason
        assert "Traceback" not in run.runtimes[name].reason
    else:
        assert {r.verdict for r in run.records} == ({"raised"} if name in REFUSING else {"agree"})
        assert all(r.known for r in run.records) is (name in REFUSING)


@pytest.mark.parametrize("word", sampled(["compiled", "xla"], "compiled"))
def test_a_word_of_before_for_a_mode_is_answered_with_the_target(word: str, tmp_path: Path) -> None:
    target = {"compiled": "torch:compile", "xla": "tensorflow:xla"}[word]
    done = concordant("run", "--case", f"{CASE} float32 {word}", "--out", tmp_path)
    refused(done, f"{word} is a mode: --backend {target}")


# ---- known deviations ----

XLA, GRAPH = Mode(meaning="", name="xla", own_kernels=True), Mode(meaning="", name="function")
DEFAULT = Mode(meaning="")
EVERYWHERE = {"", "function", "xla", "shape"}
SPOKEN_OF = [
    ({"verdict": "differ"}, {"", "function"}),
    ({"verdict": "imprecise"}, {"", "function"}),
    ({"verdict": "raised"}, EVERYWHERE),
    ({"verdict": "crashed"}, EVERYWHERE),
    ({"verdict": "differ", "modes": ("xla",)}, {"xla"}),
    ({"verdict": "differ", "modes": ("",)}, {""}),
    ({"verdict": "raised", "modes": ("function", "xla")}, {"function", "xla"}),
    ({"verdict": "raised", "modes": ("",), "checks": ("values",)}, {""}),
    ({"verdict": "differ", "checks": ("shape",)}, {"shape"}),
    ({"verdict": "differ", "checks": ("values", "shape"), "modes": ("*",)}, EVERYWHERE),
    ({"verdict": "differ", "data": ("nan",)}, set()),
    ({"verdict": "differ", "data": ("integers",)}, {"", "function"}),
]


@pytest.mark.parametrize(("parts", "expected"), SPOKEN_OF)
def test_a_mode_inherits_what_is_known_of_its_runtime(parts: dict[str, object], expected: set[str]) -> None:
    """Of a wrong result not a mode with kernels of its own, and no check of shapes, unless the record names them."""
    known = Known(id="x", runtimes=("mine",), versions={}, reason="", link="", when=lambda op, at, facts: True, **parts)  # type: ignore[arg-type]
    values, shape = parse_case(CASE), parse_case(f"{CASE} float32 check=shape")
    covered = {mode.name for mode in (DEFAULT, GRAPH, XLA) if known.covers(values, {}, mode)}
    assert covered | ({"shape"} if known.covers(shape, {}) else set()) == expected
    assert known.concerns("mine:function", {})
    assert not known.concerns("yours:function", {})


# ---- minimum agreement ----


def test_only_a_mode_with_a_column_has_a_minimum() -> None:
    assert column("tensorflow:no-onednn", {"onednn": "off"}) == "tensorflow:no-onednn"
    assert column("tensorflow:function", {"onednn": "off"}) == ""
    wrong = [record(f"Conv(…) x=(1, 1, {i})", runtime="tensorflow:function", verdict="raised", known="a record") for i in range(9)]
    assert below(wrong, {}, 85, found() | {"tensorflow:function": None}) == []
    off = [structs.replace(r, runtime="tensorflow:no-onednn") for r in wrong]
    least = minimum()["Conv", "tensorflow:no-onednn"]
    assert f"tensorflow:no-onednn agrees on 0% of its results for Conv, less than {least}%" in below(off, {}, 85, ["tensorflow:no-onednn"])


# ---- what a suite without --backend runs ----


def test_every_share_is_a_part_that_quick_has_none_of() -> None:
    assert sorted(form.SHARES) == sorted(["", *suites.SHARES])
    sizes = {share: len(suites.cases("standard", share=share)) for share in suites.SHARES}
    assert 40 < sizes["small"] < sizes["large"] < 400
    assert all(suites.cases("quick", share=share) == [] for share in suites.SHARES)
    assert {q.data for q in suites.cases("standard", share="large")} == {"integers"}
    assert {q.dtype for q in suites.cases("standard", share="narrow")} == {"float16", "bfloat16"}


@slow
def test_modes_take_their_share_of_standard() -> None:
    backends = [found()["torch"], found()["tensorflow"]]
    plan, targets = with_modes(Plan(backends=["torch", "tensorflow"], runtimes=["torch", "tensorflow"], suite="standard"), backends)
    first, then = ("dynamic", "channels-last", "strided", "no-grad", "one-gradient"), ("mixed-dtypes", "double-backward")
    shares = {"torch:compile": "large", **{f"torch:{word}": "small" for word in first}, "torch:autocast": "narrow"}
    shares |= {f"torch:{word}": "small" for word in (*then, "same-buffers", "threads")} | {"tensorflow:function": "large"}
    shares |= {f"tensorflow:{word}": "small" for word in ("xla", "dynamic", "mixed-dtypes", "double-backward", "threads")}
    assert [b.name for b in targets] == ["torch", "tensorflow", *shares]
    assert plan.shares == shares
    parts = {share: set(map(repr, suites.cases("standard", share=share))) for share in suites.SHARES}
    standard = suites.cases("standard")
    native = {name: {repr(one) for one in standard if not one.call or name in calls.runtimes(one.call)} for name in ("torch", "tensorflow")}
    assert [any("call='F.conv2d(" in text for text in native[name]) for name in native] == [True, False]
    assert plan.only == native | {name: parts[share] for name, share in plan.shares.items()}
    assert set(map(repr, plan.cases)) == set(map(repr, standard)).union(*parts.values())


def test_modes_take_nothing_of_quick() -> None:
    backends = [found()["torch"]]
    quick, same = with_modes(Plan(backends=["torch"], runtimes=["torch"], suite="quick"), backends[:1])
    assert (quick.shares, same) == ({}, backends[:1])


def test_a_target_is_asked_its_share_and_no_theorem(mine: Path) -> None:
    """What only a mode is run, its runtime is not; a theorem is nothing that a share could break."""
    from verify.plan.prove import prove_all

    ordinary, mode = named(str(mine))[0], named(f"{mine}:flagged")[0]
    first, second = (parse_case(f"Upsample(factor=(2,)) x=(1, 1, {n})") for n in (3, 4))
    run = Run(
        [first, second], [ordinary, mode], suite={}, prove=lambda: prove_all(["nearest-factors-multiply"]),
        only={"mine": frozenset([repr(first)]), "mine:flagged": frozenset([repr(second)])}, partly=frozenset(["mine:flagged"]),
    )  # fmt: skip
    done = run.go()
    asked = {(r.runtime, r.case) for r in done.records if r.kind == "case"}
    assert asked == {("mine", repr(first)), ("mine:flagged", repr(second))}
    assert {r.runtime for r in done.records if r.kind == "theorem"} == {"mine"}
    assert all(set(t.runtimes) == {"mine"} for t in done.theorems.values())
    assert run.total("mine:flagged") == 1 < run.total("mine")


@slow
def test_a_run_in_modes_resumes_and_merges(mine: Path, tmp_path: Path) -> None:
    targets = [word for name in (f"{mine}:plus", f"{mine}:flagged") for word in ("--backend", name)]
    options = [*targets, *(word for n in (2, 3, 4) for word in ("--case", f"Upsample(factor=(2,)) x=(1, 1, {n})"))]
    whole = concordant("run", *options, "--out", tmp_path / "whole")
    assert whole.returncode == 1, whole.stderr
    expected = (tmp_path / "whole" / "report.json").read_bytes()
    assert {r["runtime"] for r in json.loads(expected)["records"]} == {"mine:plus", "mine:flagged"}
    assert concordant("run", "--resume", tmp_path / "whole", *targets).returncode == 1
    assert (tmp_path / "whole" / "report.json").read_bytes() == expected
    refused(concordant("run", "--resume", tmp_path / "whole"), "only if you name it again")
    for i in (1, 2):
        concordant("run", *options, "--shard", f"{i}/2", "--out", tmp_path / f"{i}")
    concordant("merge", tmp_path / "1", tmp_path / "2", "--out", tmp_path / "both")
    assert (tmp_path / "both" / "report.json").read_bytes() == expected


def test_a_stored_target_with_an_interpreter_must_be_named_again(tmp_path: Path) -> None:
    """A folder from outside must not choose which program runs."""
    from verify.run import _named_again
    from verify.store import BadStore, Store

    plan = Plan(backends=["torch:compile=/tmp/evil"], runtimes=["torch:compile"], texts=[CASE])
    with Store.begun(tmp_path, plan, {}) as store, pytest.raises(BadStore, match="only if you name it again"):
        _named_again(store, [])


# ---- reports ----


def with_targets(*names: str) -> dict[str, RuntimeReport]:
    return {name: RuntimeReport(status="ran", backend=name) for name in names}


def test_the_terminal_shows_modes_in_a_second_block() -> None:
    records = [record("Conv(…) x=(1, 1, 1)", runtime=name) for name in ("left", "left:fast")] + [record("Pad(…)", runtime="left")]
    console = Console(width=120, record=True, file=StringIO())
    terminal.counts(report(records, runtimes=with_targets("left", "left:fast")), console, quiet=False)
    first, second = console.export_text().split("left:")
    assert "Pad" in first
    assert "Conv" in first
    assert "fast" not in first
    assert "Conv" in second
    assert "Pad" not in second


def test_a_share_does_not_lower_what_is_right_everywhere() -> None:
    records = [record(f"Conv(…) x=(1, 1, {n})", runtime=name) for n in (1, 2) for name in ("left", "right")]
    records.append(record("Conv(…) x=(1, 1, 1)", runtime="left:fast"))
    assert interop(report(records, runtimes=with_targets("left", "right", "left:fast"))).everywhere == 2
    assert interop(report(records[-1:], runtimes=with_targets("left:fast"))).everywhere == 1


def test_a_report_of_before_loads(tmp_path: Path) -> None:
    """Its words for data said what was checked, and how a case was executed."""
    old = [
        ("torch", "integers", f"{CASE} float32 seed=1"), ("torch", "inference", f"{CASE} float32 inference seed=2"),
        ("torch", "compiled", f"{CASE} float32 compiled seed=3"), ("tensorflow", "compiled", f"{CASE} float32 compiled seed=3"),
        ("tensorflow", "xla", f"{CASE} float32 xla seed=4"), ("jax", "compiled", f"{CASE} float32 compiled seed=3"),
    ]  # fmt: skip
    records = [record(text, runtime=runtime, data=word) for runtime, word, text in old]
    plain = json.loads(msgspec_json.encode(report(records, runtimes=with_targets("torch", "tensorflow", "jax"))))
    plain["schema"] = 1
    plain["suite"] = {"name": "standard", "kinds": ["compiled", "inference"]}
    (tmp_path / "report.json").write_text(json.dumps(plain))
    new = load(tmp_path / "report.json")
    assert [(r.runtime, r.data, r.check, r.case.removeprefix(CASE)) for r in new.records] == [
        ("torch", "integers", "values", " float32 seed=1"), ("torch", "integers", "shape", " float32 check=shape seed=2"),
        ("torch:compile", "integers", "values", " float32 seed=3"), ("tensorflow:function", "integers", "values", " float32 seed=3"),
        ("tensorflow:xla", "integers", "values", " float32 seed=4"), ("jax:compiled", "integers", "values", " float32 seed=3"),
    ]  # fmt: skip
    assert [r.id for r in new.records] == [r.id for r in records]
    assert {name: sum(r.verdicts.values()) for name, r in new.runtimes.items()} == {
        "torch": 2, "tensorflow": 0, "jax": 0, "torch:compile": 1, "tensorflow:function": 1, "tensorflow:xla": 1, "jax:compiled": 1,
    }  # fmt: skip
    assert new.suite == {"name": "standard", "data": ["compiled"], "checks": ["shape"]}
    for r in new.records:
        parse_case(r.case)


# ---- a fault that shows in one mode only ----


@slow
@needs("torch")
def test_a_fault_of_one_mode_is_found_in_that_mode(tmp_path: Path) -> None:
    source = Path(found()["torch"].module.__file__ or "").read_text()
    head = "def upsample(op: Upsample, at: Step) -> list[Statement]:\n    return ["
    text = source.replace(head, f'{head}"x = x + 1 if torch.compiler.is_compiling() else x", ')
    assert text != source
    path = tmp_path / "slipped.py"
    path.write_text(text)
    assert verdicts(str(path)) == {"torch": {"agree"}}
    assert verdicts(f"{path}:compile") == {"torch:compile": {"differ"}}


@dataclass(frozen=True)
class Fault:
    """A line at the beginning of `f(x, w)`, of a framework that errs in one mode; `kept` outlives a call.

    verdict: what it is found to be, on which output, of a case of this dtype.
    """

    line: str
    dtype: str = "float32"
    output: str = "y"
    verdict: str = "differ"


ROOT = "kept.setdefault(({}, x.shape), (x, {}))[1]"
"""The first x at this address. x itself is kept, too: as long as it lives, no other array lies there by chance."""
FAULTS = {
    "torch:channels-last": Fault("x = x + (x.stride(1) == 1)"),
    "torch:strided": Fault("x = x + (not (x.is_contiguous() or x.movedim(1, -1).is_contiguous()))"),
    "torch:no-grad": Fault("x = x + torch.is_inference_mode_enabled()"),
    "torch:one-gradient": Fault(
        "if w.requires_grad and not x.requires_grad: w = w.view_as(w); w.register_hook(lambda dw: 2 * dw)", output="dw"
    ),
    "torch:autocast": Fault("x = x + torch.is_autocast_enabled('cpu')", dtype="bfloat16"),
    "torch:mixed-dtypes": Fault("x = x + (w.dtype != x.dtype); w = w.to(x.dtype)"),
    "torch:double-backward": Fault(
        "x = x.view_as(x); "
        "x.requires_grad and x.register_hook(lambda g: (g.requires_grad and g.register_hook(lambda gg: 2 * gg), g)[1])"
    ),
    "torch:same-buffers": Fault(f"x = x + ({ROOT.format('x.data_ptr()', 'x.detach().clone()')} - x).detach()"),
    "torch:threads": Fault("x = x + (torch.get_num_threads() > 1)"),
    "torch:dynamic": Fault(
        "from torch.fx.experimental.symbolic_shapes import statically_known_true as known; x = x + (not known(x.shape[2] > 9))"
    ),
    "jax:vmap": Fault(
        "same = jax.custom_batching.custom_vmap(lambda x: x); same.def_vmap(lambda size, batched, x: (x + 1, True)); x = same(x)",
        dtype="int32",
    ),
    "jax:forward": Fault(
        "same = jax.custom_vjp(lambda x: x); same.defvjp(lambda x: (x, None), lambda _, g: (g,)); x = same(x)",
        output="dx", verdict="raised",
    ),
    "jax:double-backward": Fault(
        "back = jax.custom_vjp(lambda g: g); back.defvjp(lambda g: (g, None), lambda _, gg: (2 * gg,)); "
        "same = jax.custom_vjp(lambda x: x); same.defvjp(lambda x: (x, None), lambda _, g: (back(g),)); x = same(x)"
    ),
    "jax:mixed-dtypes": Fault("x = x + (w.dtype != x.dtype); w = w.astype(x.dtype)"),
    "jax:same-buffers": Fault(f"x = {ROOT.format('x.ctypes.data', 'x.copy()')} if hasattr(x, 'ctypes') else x", dtype="int32"),
    "onnxruntime:same-buffers": Fault(f"x = {ROOT.format('x.ctypes.data', 'x.copy()')}"),
    "tensorflow:mixed-dtypes": Fault("x = x + tf.cast(w.dtype != x.dtype, x.dtype); w = tf.cast(w, x.dtype)"),
    "tensorflow:threads": Fault("x = x + float(tf.config.threading.get_intra_op_parallelism_threads() > 1)"),
    "tensorflow:double-backward": Fault(
        "same = tf.custom_gradient(lambda x: (tf.identity(x), tf.custom_gradient(lambda g: (tf.identity(g), lambda gg: 2 * gg)))); "
        "x = same(x)"
    ),
    "tensorflow:dynamic": Fault("x = x + float(x.shape[2] is None)"),
    "keras-torch:strided": Fault("x = x + (x.stride(2) > 1)"),
    "keras-tensorflow:dynamic": Fault("x = x + float(x.shape[2] is None)"),
    "keras-torch:mixed-dtypes": Fault("x = x + (w.dtype != x.dtype)"),
}  # fmt: skip
"""In each mode a fault that no other mode shows."""
NOT_SAID = {"jax:forward": ["jax:double-backward"], "torch:dynamic": ["torch:double-backward"]}
"""Modes in which the line of another's fault says nothing: a custom_vjp has no forward mode, a hook inside a hook is not traced."""
REFUSING = ["torch:mixed-dtypes", "jax:mixed-dtypes", "tensorflow:mixed-dtypes"]
"""Modes in which every line but their own ends in an error."""


@dataclass(frozen=True)
class Faulty(Backend):
    """A runtime with all the faults of its modes, each in cases of one kernel length."""

    def translate(self, case: Case) -> str:
        line = list(FAULTS.values())[case.w[0][2] - 1].line
        text = super().translate(case)
        assert text.count("def f(x, w):\n") == 1
        return "kept = {}\n" + text.replace("def f(x, w):\n", f"def f(x, w):\n    {line}\n")


@pytest.mark.parametrize("target", sampled([*FAULTS, "torch", "jax", "onnxruntime", "tensorflow"], "torch:strided"))
def test_a_fault_of_one_mode_is_found_in_that_mode_alone(target: str) -> None:
    """So each mode takes effect: the same calls without the mode show nothing."""
    base = runtime_of(target)
    backend = found()[base]
    for package in backend.runtime.packages:
        pytest.importorskip(package)
    mode, faulty = target.partition(":")[2], Faulty(base, backend.runtime, backend.module)
    asked = in_mode(faulty, mode) if mode else faulty
    dtypes = [fault.dtype for fault in FAULTS.values()]
    said = [i for i, name in enumerate(FAULTS) if runtime_of(name) == base and name not in NOT_SAID.get(target, ())]
    said = [i for i in said if target not in REFUSING or list(FAULTS)[i] == target]
    faults = {i: list(FAULTS)[i] for i in said if dtypes[i] in asked.runtime.dtypes}
    cases = {i: parse_case(f"Conv(stride=(1,)) x=(2, 3, {i + 20}) w=(4, 3, {i + 1}) {dtypes[i]}") for i in faults}
    run = Run(list(cases.values()), [asked], suite={}).go()
    assert set(run.runtimes[target].versions) == set(backend.runtime.packages)
    for i, name in faults.items():
        of = {r.output: r.verdict for r in run.records if r.case == repr(cases[i])}
        if name == target:
            assert of[FAULTS[name].output] == FAULTS[name].verdict
        else:
            assert set(of.values()) == {"agree"}, name


def test_known_deviations_of_ours_name_modes_that_exist() -> None:
    from fnmatch import fnmatch

    from backends.known import everything

    for known in everything():
        modes = {m for name, b in found().items() if any(fnmatch(name, p) for p in known.runtimes) for m in ("", *b.runtime.modes)}
        assert all(any(fnmatch(m, p) for m in modes) for p in known.modes), known.id
        assert replace(known, modes=("nowhere",)).modes != known.modes


ON_CUDA = {
    "torch": [("torch.cuda.is_available()", "True"), ('"cuda")', '"cpu")'), ("torch.cuda.get_device_name()", "'none'")],
    "jax": [('jax.devices("cuda")', 'jax.devices("cpu")')],
}
"""What makes the glue of a mode on a CUDA device run without one."""


@slow
@pytest.mark.parametrize("mode", ["cuda", "cuda-tf32"])
@pytest.mark.parametrize("runtime", ON_CUDA)
def test_the_glue_of_a_cuda_mode_runs_on_another_device(runtime: str, mode: str) -> None:
    """All of it but the device: no machine that runs these tests may have one."""
    pytest.importorskip(runtime)
    backend = in_mode(found()[runtime], mode)
    glue = backend.runtime.glue
    for cuda, cpu in ON_CUDA[runtime]:
        assert cuda in glue
        glue = glue.replace(cuda, cpu)
    elsewhere = replace(backend.runtime, glue=glue, environment=found()[runtime].runtime.environment)
    cases = [parse_case(f"{text} float32") for text in (CASE, "Conv(stride=(1,)) x=(2, 3, 9) w=(4, 3, 3)")]
    report = Run(cases, [replace(backend, runtime=elsewhere)], suite={}).go()
    assert report.summary.exit == 0, report.runtimes
    assert report.runtimes[f"{runtime}:{mode}"].facts["tf32"] == ("on" if mode == "cuda-tf32" else "off")
