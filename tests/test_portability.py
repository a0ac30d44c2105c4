"""The settings that `make portability` runs, and its table."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backends import found
from tests.sample_reports import record, report
from tools.portability import SETTINGS, rows, without_avx512
from verify.record import RuntimeReport


def test_every_runtime_is_run_by_default_and_without_avx512() -> None:
    assert set(SETTINGS["default"].runtimes) == set(SETTINGS["without-avx512"].runtimes) == set(found())


def test_a_row_says_what_was_observed_and_what_came_of_it() -> None:
    facts = {"onednn": "on", "onednn_isa": "AVX-512 with Intel DL Boost", "threads": "1"}
    one = report([record(runtime="torch"), record(runtime="torch", output="dx", verdict="differ")],
                 runtimes={"torch": RuntimeReport(status="ran", facts=facts)})  # fmt: skip
    assert rows("onednn-avx2", one) == [
        "| onednn-avx2 | `ONEDNN_MAX_CPU_ISA=AVX2` | torch: onednn on, onednn_isa AVX-512, threads 1 | 1 of 2 | 0 | 1 | 0 |"
    ]


def test_a_setting_that_a_machine_cannot_have_is_said_so() -> None:
    assert "this machine cannot" in rows("without-avx512", None)[0]


@pytest.mark.skipif(not shutil.which("gcc") or not Path("/proc/cpuinfo").exists(), reason="needs gcc and Linux")
def test_avx512_is_hidden_from_a_program(tmp_path: Path) -> None:
    """From what it reads, and from what it asks the processor: torch says AVX512 only if CPUID did."""
    hidden = os.environ | without_avx512(tmp_path)
    code = "import torch; print('avx512' in open('/proc/cpuinfo').read(), torch.backends.cpu.get_cpu_capability())"
    ended = subprocess.run([sys.executable, "-c", code], env=hidden, capture_output=True, text=True, check=True)
    assert ended.stdout.split() in (["False", "AVX2"], ["False", "DEFAULT"], ["False", "NO"]) or "cpuid_fault" not in _flags()


def _flags() -> str:
    return Path("/proc/cpuinfo").read_text()
