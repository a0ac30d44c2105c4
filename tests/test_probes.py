"""What a framework is said to be unable to do is tried again: `concordant known --probe`."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

import backends
from backends import Unsupported, found
from backends.cannot import Cannot, Missing, Raises, limits
from backends.known import Known, everything
from spec import Case, parse_case
from tests.command import NUMPY, backend_file, concordant, refused
from tests.tiers import sampled, slow
from verify.probes import _judged

HERE = Path(backends.__file__).parent
MODULES = {backend.module.__name__.split(".")[1]: backend.module for backend in found().values()}


def _without_probe(source: str, module: ModuleType) -> list[str]:
    """The lines that raise an Unsupported which is no Cannot of the module, so that nothing tries it again."""
    named = {id(one) for one in limits(module)}
    missing = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Unsupported":
            choices = [node.args[0].body, node.args[0].orelse] if isinstance(node.args[0], ast.IfExp) else node.args
            for given in choices:
                if not isinstance(given, ast.Name) or id(getattr(module, given.id, None)) not in named:
                    missing.append(ast.unparse(node))
    return missing


@pytest.mark.parametrize("name", MODULES)
def test_every_unsupported_sentence_carries_a_probe(name: str) -> None:
    source = (HERE / name / "write.py").read_text()
    assert _without_probe(source, MODULES[name]) == []
    raised = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    for key, value in vars(MODULES[name]).items():
        if isinstance(value, Cannot):
            assert value.probes, value.id
            assert key in raised, f"{value.id} is never raised"


def test_a_sentence_without_a_probe_is_seen() -> None:
    module = MODULES["torch"]
    assert _without_probe("raise Unsupported('no pixels')", module) == ["Unsupported('no pixels')"]
    assert _without_probe("raise Unsupported(LANCZOS if x else WORDS)", module) == ["Unsupported(LANCZOS if x else WORDS)"]
    assert _without_probe("raise Unsupported(LANCZOS)", module) == []


def test_ids_are_unique() -> None:
    ids = [known.id for known in everything()]
    assert sorted(ids) == sorted(set(ids))


SENTENCES = {
    "MaxPool(kernel=(2,), stride=(1,), ties='last') x=(1, 1, 4) float32 distinct": {
        "torch": "torch-max-pool-ties", "tensorflow": "tensorflow-max-pool-ties", "jax": "jax-max-pool-ties",
        "keras-jax": "keras-max-pool-ties",
    },
    "ConvTranspose(stride=(2,), groups=2) x=(1, 2, 3) w=(2, 1, 3)": {
        "jax": "jax-conv-transpose-groups", "keras-torch": "keras-conv-transpose-groups",
    },
    "Pad(padding=((1, 1),), mode='symmetric') x=(1, 1, 4)": {"torch": "torch-pad-symmetric", "onnxruntime": "onnx-pad-symmetric"},
    "Lanczos(size=(3,), lobes=5) x=(1, 1, 4) float32 normal": {"torch": "torch-lanczos", "onnxruntime": "onnx-resize-modes"},
    "AdaptiveAveragePool(size=(3,)) x=(1, 1, 4)": {"onnxruntime": "onnx-adaptive-pool"},
    "Resize(size=(3, 3, 3), mode='cubic') x=(1, 1, 4, 4, 4)": {"onnxruntime": "onnxruntime-cubic-volumes"},
    "Resize(size=(3,), scale=((7, 5),), mode='linear') x=(1, 1, 4)": {"torch": "torch-size-or-scale", "onnxruntime": "onnx-size-or-scale"},
    "LpPool(kernel=(2,), stride=(1,), dilation=(2,), p=2) x=(1, 1, 5)": {"torch": "torch-lp-pool-dilation"},
}  # fmt: skip
"""A case → for a runtime that cannot say it, the one record of that."""


@pytest.mark.parametrize("text", SENTENCES)
def test_the_sentence_that_is_raised_is_the_record(text: str) -> None:
    case = parse_case(text)
    for runtime, id in SENTENCES[text].items():
        with pytest.raises(Unsupported) as said:
            found()[runtime].translate(case)
        assert isinstance(said.value.why, Cannot)
        assert said.value.why.id == id
        covering = [k for k in everything() if k.verdict == "not offered" and runtime in k.runtimes and k.covers(case, {})]
        assert [k.id for k in covering] == [id]
        assert covering[0].reason == str(said.value)


SAID = {
    "AveragePool(kernel=(2,), stride=(2,), dilation=(2,)) x=(1, 2, 7)": "keras-jax",
    "SumPool(kernel=(2, 2, 2), stride=(1, 1, 1)) x=(1, 2, 3, 3, 3)": "keras-torch",
    "Pad(padding=((1, 1),), mode='wrap') x=(1, 1, 4)": "keras-jax",
    "ConvTranspose(stride=(2,), groups=2) x=(1, 2, 3) w=(2, 1, 3)": "tensorflow",
    "Lanczos(size=(3,), antialias='yes') x=(1, 1, 4) float32 normal": "torch",
}
"""What was once said to be impossible and is not: a case → a runtime that answers it."""


@pytest.mark.parametrize("text", SAID)
def test_what_works_after_all_is_translated(text: str) -> None:
    assert "return x" in found()[SAID[text]].translate(parse_case(text))


def test_no_record_of_the_unsupported_is_written_by_hand() -> None:
    """Each comes from a translator's sentence, with probes."""
    assert [known.id for known in everything() if known.verdict == "not offered" and not known.probes] == []


# ---- the outcome of one probe ----

PROBE = Raises("f(2)", works="f(1)")
KNOWN = Known(id="no-two", runtimes=("*",), versions={}, verdict="not offered", when=lambda *_: True, reason="f takes no 2", link="")


@pytest.mark.parametrize(
    ("raised", "control", "outcome", "words"),
    [
        ("TypeError: no 2", "", "holds", "TypeError: no 2"),
        ("", "", "NEWS", "translate it, and narrow or delete what says: f takes no 2"),
        ("NameError: name 'f'", "", "proves nothing", "the probe itself is wrong: NameError"),
        ("TypeError: no 2", "TypeError: no 1", "proves nothing", "f(1) must work, but raised TypeError: no 1"),
    ],
)
def test_what_a_probe_shows(raised: str, control: str, outcome: str, words: str) -> None:
    tried = _judged("mine", KNOWN, PROBE, raised, control)
    assert tried.outcome == outcome
    assert words in tried.words
    assert tried.sentence.startswith(outcome)
    assert "no-two: f(2): " in tried.sentence


def test_the_control_of_a_missing_name_is_its_module() -> None:
    assert (Missing("tf.nn.adaptive_pool").expression, Missing("tf.nn.adaptive_pool").works) == ("tf.nn.adaptive_pool", "tf.nn")


# ---- from the command line ----


def _file(folder: Path, *probes: str) -> Path:
    body = f"""
from backends.cannot import Cannot, Missing, Raises

NO = Cannot(id="mine-no", sentence="NumPy has no such thing", versions={{"numpy": ">=1"}}, probes=({', '.join(probes)},))


def upsample(op, at):
    raise Unsupported(NO)
"""
    return backend_file(folder, NUMPY + body)


HOLDS = "Raises('np.repeat(x, 2, axis=7)', works='np.repeat(x, 2, axis=2)')"
NEWS = "Raises('np.repeat(x, 2, axis=2)', works='np.repeat(x, 2)')"
WRONG = "Raises('np.no_such(x)', works='np.neither(x)')"
DIES = "Raises('__import__(\"os\")._exit(3)', works='np.abs(x)')"
SLEEPS = "Raises('__import__(\"time\").sleep(60)', works='np.abs(x)')"
ABSENT, THERE = "Missing('np.no_such')", "Missing('np.repeat')"

OUTCOMES = {
    "all hold": ((HOLDS, ABSENT), 0, ["holds", "holds"]),
    "one works now": ((HOLDS, NEWS, ABSENT), 1, ["holds", "NEWS", "holds"]),
    "a name exists now": ((THERE,), 1, ["NEWS"]),
    "a probe proves nothing": ((WRONG, HOLDS), 1, ["proves nothing", "holds"]),
    "a probe ends its process": ((DIES, NEWS), 1, ["holds", "NEWS"]),
    "a probe never returns": ((SLEEPS, HOLDS), 0, ["holds", "holds"]),
}


@pytest.mark.parametrize("name", sampled(OUTCOMES, "one works now"))
def test_a_probe_is_run_in_a_worker_and_decides_the_exit_status(name: str, tmp_path: Path) -> None:
    probes, status, outcomes = OUTCOMES[name]
    ended = concordant("known", "--probe", "--backend", _file(tmp_path, *probes), "--timeout", "5")
    assert ended.returncode == status, ended.stdout + ended.stderr
    lines = ended.stdout.splitlines()
    assert len(lines) == len(probes) + 1
    for line, outcome in zip(lines, outcomes, strict=False):
        assert line.startswith(outcome)
        assert "mine  mine-no: " in line
    assert f"{outcomes.count('holds')} holds" in lines[-1] or "holds" not in outcomes


def test_a_runtime_without_probes_is_bad_input(tmp_path: Path) -> None:
    path = backend_file(tmp_path, f"{NUMPY}\n\ndef upsample(op, at):\n    return 'x = x.repeat(2, axis=2)'\n")
    refused(concordant("known", "--probe", "--backend", path), "there is no probe")


def test_a_probe_is_not_tried_in_versions_that_it_does_not_speak_of(tmp_path: Path) -> None:
    path = _file(tmp_path, NEWS)
    path.write_text(path.read_text().replace('">=1"', '"<1"'))
    refused(concordant("known", "--probe", "--backend", path), "in their installed versions")


def test_a_sentence_of_a_users_own_file_is_not_known_of_ours(tmp_path: Path) -> None:
    """Its Unsupported is no deviation known, whatever it carries."""
    ended = concordant("run", "--backend", _file(tmp_path, HOLDS), "--case", "Upsample(factor=(2,)) x=(1, 1, 3)", "--out", tmp_path)
    assert ended.returncode == 1
    assert "NumPy has no such thing" in ended.stdout


@slow
@pytest.mark.parametrize("name", MODULES)
def test_every_sentence_holds_in_the_installed_version(name: str) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    ended = concordant("known", "--probe", "--backend", name)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    tried = {line.split()[2].removesuffix(":") for line in ended.stdout.splitlines() if line.startswith("holds  ")}
    assert tried >= {one.id for one in limits(MODULES[name])} != set()


def _covers(id: str, case: Case) -> bool:
    return next(k for k in everything() if k.id == id).covers(case, {"onednn": "off"})


def test_grouped_transposed_convolution_on_tensorflow_is_refused_without_onednn_alone() -> None:
    line = parse_case("ConvTranspose(stride=(2,), groups=2) x=(1, 2, 3) w=(2, 1, 3) float64")
    assert _covers("tensorflow-grouped-float64-transpose", line)
    assert not _covers("tensorflow-conv-transpose-groups", line)
    volume = parse_case("ConvTranspose(stride=(1, 1, 1), groups=2) x=(1, 2, 3, 3, 3) w=(2, 1, 1, 1, 1) float64")
    assert _covers("tensorflow-conv-transpose-groups", volume)
    assert not _covers("tensorflow-grouped-float64-transpose", volume)


def test_a_whole_suite_tries_the_probes_and_fails_where_a_limit_is_gone(tmp_path: Path) -> None:
    """A record says that NumPy cannot add; it can."""
    from backends import named
    from tests.sample_reports import record, report
    from verify.grouping import failures
    from verify.probes import with_probes
    from verify.record import RuntimeReport

    backends = named(str(backend_file(tmp_path, NUMPY)))
    made = report([record(runtime="mine")], runtimes={"mine": RuntimeReport(status="ran", backend="mine")})
    gone = Raises("x + x", works="x + x")
    holds = Raises("x + nothing_of_that_name.at_all", works="x + x")
    assert with_probes(made, backends, lambda backend: [_known("a", holds)], 60.0).summary.exit in (0, 1)
    failed = with_probes(made, backends, lambda backend: [_known("b", gone)], 60.0)
    assert failed.summary.exit == 1
    assert [sentence for sentence in failures(failed) if sentence.startswith("works now: NEWS")]


def _known(id: str, probe: Raises) -> Known:
    return Known(
        id=id, runtimes=("mine",), verdict="not offered", reason="it cannot add", link="", when=lambda op, at, facts: False, versions={},
        probes=(probe,),
    )  # fmt: skip
