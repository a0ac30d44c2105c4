"""Run the quick suite as other machines would, and print one table (docs/portability.md).

    python -m tools.portability                        every setting, one after the other
    python -m tools.portability --only no-onednn       one of them
    python -m tools.portability --suite standard

Each setting is a set of environment variables that any x86 machine accepts. `without-avx512` also hides AVX-512 from every program
(tools/without_avx512.c), where gcc is installed and the processor allows it. Each setting runs the runtimes that it can change.
Exit status 1 if a run ended with another status than 0.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from verify.facts import in_words
from verify.grouping import standing
from verify.record import Report, load

HERE = Path(__file__).parent
TENSORFLOW = ("tensorflow", "keras-tensorflow")
TORCH = ("torch", "keras-torch")
JAX = ("jax", "keras-jax")
ALL = (*TORCH, *TENSORFLOW, *JAX, "onnxruntime")


@dataclass(frozen=True)
class Setting:
    """Environment variables, and the runtimes that they can change."""

    variables: dict[str, str]
    runtimes: tuple[str, ...]
    without_avx512: bool = False


SETTINGS = {
    "default": Setting({}, ALL),
    "onednn-on": Setting({"TF_ENABLE_ONEDNN_OPTS": "1"}, TENSORFLOW),
    "onednn-off": Setting({"TF_ENABLE_ONEDNN_OPTS": "0"}, TENSORFLOW),
    "onednn-avx2": Setting({"ONEDNN_MAX_CPU_ISA": "AVX2"}, (*TENSORFLOW, *TORCH)),
    "onednn-sse41": Setting({"ONEDNN_MAX_CPU_ISA": "SSE41"}, (*TENSORFLOW, *TORCH)),
    "aten-avx2": Setting({"ATEN_CPU_CAPABILITY": "avx2"}, TORCH),
    "aten-default": Setting({"ATEN_CPU_CAPABILITY": "default"}, TORCH),
    "xla-avx2": Setting({"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"}, JAX),
    "two-threads": Setting({"CONCORDANT_THREADS": "2"}, ALL),
    "omp-one-thread": Setting({"OMP_NUM_THREADS": "1"}, ALL),
    "without-avx512": Setting({}, ALL, without_avx512=True),
    "without-avx512-onednn-on": Setting({"TF_ENABLE_ONEDNN_OPTS": "1"}, TENSORFLOW, without_avx512=True),
}


def without_avx512(folder: Path) -> dict[str, str]:
    """The variables that hide AVX-512 from a program. Raises OSError or CalledProcessError where that is not possible."""
    library, processor = folder / "without_avx512.so", folder / "cpuinfo"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, HERE / "without_avx512.c", "-ldl"], check=True, capture_output=True)
    processor.write_text(re.sub(r" (avx512\w*|amx_\w*|avx_vnni\w*)", "", Path("/proc/cpuinfo").read_text()))
    return {"LD_PRELOAD": str(library), "CONCORDANT_CPUINFO": str(processor)}


def run(name: str, suite: str, out: Path) -> Report | None:
    """The report of a suite under one setting; None where this machine cannot have the setting."""
    setting = SETTINGS[name]
    with tempfile.TemporaryDirectory() as folder:
        try:
            hidden = without_avx512(Path(folder)) if setting.without_avx512 else {}
        except (OSError, subprocess.CalledProcessError):
            return None
        chosen = [word for runtime in setting.runtimes for word in ("--backend", runtime)]
        command = [sys.executable, "-m", "concordant", "run", "--suite", suite, "--quiet", "--no-shrink", "--out", str(out / name), *chosen]
        subprocess.run(command, env=os.environ | setting.variables | hidden | {"CONCORDANT_CACHE": "0"}, stdout=sys.stderr)
    report = load(out / name / "report.json")
    hid = not setting.without_avx512 or not any("avx512" in r.facts.get("cpu_isa", "") for r in report.runtimes.values())
    return report if hid else None


def rows(name: str, report: Report | None) -> list[str]:
    """The lines of the table for one setting: one for each state that its runtimes observed."""
    said = ", ".join(f"`{k}={v}`" for k, v in SETTINGS[name].variables.items()) or "nothing set"
    said += ", AVX-512 hidden" * SETTINGS[name].without_avx512
    if report is None:
        return [f"| {name} | {said} | this machine cannot: it needs gcc and an x86 processor whose CPUID can fault | | | | |"]
    lines = []
    for runtime, r in report.runtimes.items():
        own = [record for record in report.records if record.runtime == runtime]
        counts = Counter(standing(record) for record in own)
        below = sum(sentence.startswith(f"{runtime} ") for sentence in report.summary.below_minimum)
        cells = (name, said, f"{runtime}: {in_words(r.facts)}", f"{counts['agree']} of {len(own)}", counts["known"], counts["new"], below)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


PAGE = """\
# Portability

`make portability` runs the `{suite}` suite as other machines would run it. It prints this page, made on: {cpu}.
What a worker process observed after it imported its framework decides which known deviations and which minimum agreement apply.

| setting | variables | runtime and what it observed | agree | known deviations | unexpected | minimum agreement missed |
|---|---|---|---|---|---|---|
{rows}

- On most processors without AVX-512, TensorFlow switches oneDNN off by itself: its results are then those of `onednn-off`.
- `without-avx512` hides the instructions from every program on this machine (tools/without_avx512.c), so both kinds of processor are tested
  on one.
- arm64 and macOS: supported, unmeasured. The facts are observed there too, but no run was made.
{left}"""


def main() -> None:
    """Run the settings and print the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SETTINGS, action="append", help="one setting; may be repeated (default: all)")
    parser.add_argument("--suite", default="quick", choices=("quick", "standard"))
    parser.add_argument("--out", type=Path, default=Path("runs/portability"))
    chosen = parser.parse_args()
    lines, failed, cpu = [], False, "unknown"
    for name in chosen.only or SETTINGS:
        report = run(name, chosen.suite, chosen.out)
        lines += rows(name, report)
        failed = failed or bool(report and report.summary.exit)
        cpu = str(report.environment.get("cpu", cpu)) if report else cpu
        print(f"{name}: {'not possible here' if report is None else f'exit status {report.summary.exit}'}", file=sys.stderr, flush=True)
    others = ", ".join(f"`{name}`" for name in SETTINGS if name not in (chosen.only or SETTINGS))
    left = f"- Settings that were not run for this page: {others}.\n" if others else ""
    print(PAGE.format(suite=chosen.suite, cpu=cpu, rows="\n".join(lines), left=left), end="")
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
