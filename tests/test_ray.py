"""The same cases on a Ray cluster: the same records come out, also when a machine is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends import named
from spec import parse_case
from tests.command import concordant, in_process, needs, refused
from tests.test_store import CASES, backend, options
from tests.tiers import slow
from verify.record import load, save
from verify.run import Run

pytestmark = needs("ray")


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return backend(tmp_path_factory.mktemp("mine"))


@pytest.fixture
def two_machines() -> Iterator[Any]:
    """A head without cores and two machines with one each."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    try:
        yield cluster
    finally:
        cluster.shutdown()


@slow
def test_a_local_ray_comes_and_goes(mine: Path, tmp_path: Path) -> None:
    here = concordant("run", *options(mine), "--out", tmp_path / "here")
    there = concordant("run", *options(mine), "--on", "ray", "--quiet", "--out", tmp_path / "there")  # no progress where Ray starts slowly
    assert (here.returncode, there.returncode, there.stderr) == (0, 0, "")
    assert (tmp_path / "there" / "report.json").read_bytes() == (tmp_path / "here" / "report.json").read_bytes()


@slow
@pytest.mark.filterwarnings("ignore")
def test_a_machine_that_is_lost_costs_a_batch(two_machines: Any, mine: Path, tmp_path: Path) -> None:
    from verify.execute.on_ray import cluster

    lost: list[int] = []

    def lose_one(runtime: str, doing: str, done: int) -> None:
        if done >= 5 and not lost:
            lost.append(done)
            two_machines.remove_node(next(iter(two_machines.worker_nodes)), allow_graceful=False)

    cases = [parse_case(case) for case in CASES]
    undisturbed = Run(cases, named(str(mine)), suite={}).go()
    with cluster(two_machines.address) as (start, cores):
        assert cores == 2
        run = Run(cases, named(str(mine)), suite={}, cores=cores, start=start, watch=lose_one)
        report = run.go()
    assert lost
    for name, one in (("a", undisturbed), ("b", report)):
        save(one, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert load(tmp_path / "b").summary.exit == 0


@pytest.mark.parametrize("on", ["rya", "ray:", "local:1"])
def test_a_place_that_is_none(on: str, mine: Path, tmp_path: Path) -> None:
    refused(in_process("run", *options(mine), "--on", on, "--out", tmp_path), "--on is", on)


def test_a_cluster_that_is_not_there(mine: Path, tmp_path: Path) -> None:
    refused(concordant("run", *options(mine), "--on", "ray:127.0.0.1:1", "--out", tmp_path), "no Ray cluster at 127.0.0.1:1")
