"""`NAME@VERSION`: other versions of a framework in environments of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from backends import BadBackend, named, runtime_of
from tests.command import concordant
from tests.tiers import slow
from verify.execute import side
from verify.record import load


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "concordant" / "environments"


def test_a_version_is_part_of_a_targets_name(cache: Path) -> None:
    (one,) = named("keras-torch@3.14.0")
    assert (one.name, one.base, one.asked) == ("keras-torch@3.14.0", "keras-torch", "keras-torch@3.14.0")
    assert one.python == str(cache / "keras-torch@3.14.0" / "bin" / "python")
    assert one.runtime.install == ("keras==3.14.0",)
    (mode,) = named("jax@0.8.0:op-by-op")
    assert (mode.name, mode.mode.name, side.runtime_name(mode)) == ("jax@0.8.0:op-by-op", "op-by-op", "jax@0.8.0")
    assert [b.name for b in named("keras@3.14.0")] == ["keras-jax@3.14.0", "keras-tensorflow@3.14.0", "keras-torch@3.14.0"]
    assert runtime_of("keras-torch@3.14.0:compile") == "keras-torch"


@pytest.mark.parametrize(("name", "words"), {
    "torch@2.4.0": "other versions of torch are not installed for you; name an interpreter: torch=PYTHON",
    "jax@latest": "'latest' is no version; write one such as jax@3.14.0",
    "jax@0.8.0 --index-url=http://evil": "is no version",
    "jax@../../evil": "is no version",
    "jacks@0.8.0": "there is no backend 'jacks'",
    "jax@0.8.0:jit": "jax@0.8.0 has no mode 'jit'",
}.items())  # fmt: skip
def test_what_is_no_version_gets_a_sentence(name: str, words: str) -> None:
    with pytest.raises(BadBackend) as raised:
        named(name)
    assert words in str(raised.value)


def test_an_environment_that_cannot_be_made_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        failing = "--target" in command
        return subprocess.CompletedProcess(command, int(failing), '{"install": [1, 2, 3]}', "ERROR: No matching distribution found")

    monkeypatch.setattr(side.subprocess, "run", run)
    (one,) = named("keras-torch@3.99.0")
    with pytest.raises(BadBackend, match=r"pip cannot install keras==3\.99\.0: No matching distribution found"):
        side.made(one)
    assert "keras==3.99.0 and 2 packages that it needs" in capsys.readouterr().err
    assert side.kept() == {}


def test_environments_are_listed_and_removed(cache: Path) -> None:
    (cache / "jax@0.8.0").mkdir(parents=True)
    (cache / "jax@0.8.0" / "file").write_bytes(b"x" * 3_000_000)
    listed = concordant("environments", XDG_CACHE_HOME=str(cache.parent.parent))
    assert listed.stdout.startswith("jax@0.8.0  3 MB\n\n1 in ")
    wrong = concordant("environments", "--remove", "nothing", XDG_CACHE_HOME=str(cache.parent.parent))
    assert (wrong.returncode, "there is no environment 'nothing'; there are: jax@0.8.0" in wrong.stderr) == (2, True)
    done = concordant("environments", "--remove", "jax@0.8.0", XDG_CACHE_HOME=str(cache.parent.parent))
    assert done.stdout.startswith("0 in ")
    assert not (cache / "jax@0.8.0").exists()


@slow
def test_keras_3_14_on_torch_is_shifted_by_one_pixel_and_today_is_not(cache: Path, tmp_path: Path) -> None:
    """keras-team/keras, transposed convolution with an odd kernel: fixed in 3.15."""
    ended = concordant(
        "run", "--backend", "keras-torch@3.14.0", "--backend", "keras-torch", "--case",
        "keras.layers.Conv2DTranspose(1, 3, strides=2, padding='same')", "--input", "1,4,4,1", "--no-minimize", "--out", tmp_path / "out",
        XDG_CACHE_HOME=str(cache.parent.parent),
    )  # fmt: skip
    assert ended.returncode == 1, ended.stderr
    report = load(tmp_path / "out" / "report.json")
    assert report.runtimes["keras-torch@3.14.0"].versions["keras"] == "3.14.0"
    verdicts = {(r.runtime, r.output): r.verdict for r in report.records}
    assert verdicts["keras-torch@3.14.0", "y"] == "differ"
    assert verdicts["keras-torch", "y"] == "agree"


