"""Draws on a Dask cluster: the same bits with any workers, also when one is killed half-way; clear refusals."""

from __future__ import annotations

import os
import signal
import time
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from support import small_model

from hemodel.analyses.psa import run as module
from hemodel.analyses.psa.draws import Psa, probabilistic
from hemodel.analyses.psa.run import ClusterError, cluster, mapper
from hemodel.errors import UsageError
from hemodel.parameters import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hemodel.analyses.psa.blocks import BlockResult, Task

DRAWS = 4 * BLOCK + 1000
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def plain() -> Psa:
    return probabilistic(small_model(uncertain=True), DRAWS, 3)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two worker processes; one that is lost is started again."""
    local: Any = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50)
    with local, Client(local) as connected:
        yield connected


def assert_same(left: Psa, right: Psa) -> None:
    assert left.sums.keys() == right.sums.keys()
    for name, array in left.sums.items():
        np.testing.assert_array_equal(array, right.sums[name], err_msg=name)
    np.testing.assert_array_equal(left.qalys, right.qalys)
    for id_, array in left.inputs.items():
        np.testing.assert_array_equal(array, right.inputs[id_], err_msg=id_)


@pytest.mark.parametrize("blocks", [1, 50])
def test_any_number_of_blocks_a_task_gives_the_same_bits(
    client: Any, plain: Psa, monkeypatch: pytest.MonkeyPatch, blocks: int
) -> None:
    monkeypatch.setattr(module, "BLOCKS_A_TASK", blocks)
    assert_same(plain, probabilistic(small_model(uncertain=True), DRAWS, 3, mapper=mapper(client)))


def test_a_killed_worker_changes_no_bit(client: Any, plain: Psa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCKS_A_TASK", 1)
    killed: list[int] = []
    results = 0

    def kill_one(task: Task, first: int, result: BlockResult) -> None:
        nonlocal results
        del task, first, result
        results += 1
        if results == 2:
            killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    found = probabilistic(small_model(uncertain=True), DRAWS, 3, mapper=mapper(client), each=kill_one)
    assert len(killed) == 1
    assert_same(plain, found)
    deadline = time.monotonic() + 30
    while len(client.scheduler_info()["workers"]) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert killed[0] not in client.run(os.getpid).values()  # it is gone, and another stands in for it


def test_a_scheduler_is_found_by_its_address(client: Any, plain: Psa) -> None:
    with cluster(client.scheduler.address, None) as mapped:
        assert_same(plain, probabilistic(small_model(uncertain=True), DRAWS, 3, mapper=mapped))


def test_workers_of_another_version_are_refused(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: f"{name} 99")
    with (
        pytest.raises(UsageError, match=r"workers must have hemodel hemodel 99, as this machine; tcp://.* has 0\."),
        cluster(client.scheduler.address, None),
    ):
        pass


def test_a_scheduler_without_workers_is_refused() -> None:
    local: Any = LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50)
    with (
        local,
        pytest.raises(UsageError, match=r"has no workers\. Start some with `dask worker tcp://"),
        cluster(local.scheduler_address, None),
    ):
        pass


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://here", "tcp://127.0.0.1:notaport"])
def test_a_scheduler_that_does_not_answer_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(module, "SECONDS_TO_CONNECT", 1)
    with pytest.raises(UsageError, match=f"no scheduler answers at {address} within 1 seconds"), cluster(address, None):
        pass


def test_a_cluster_that_is_lost_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCKS_A_TASK", 1)
    local: Any = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50)

    def close(task: Task, first: int, result: BlockResult) -> None:
        del task, first, result
        local.close()

    with Client(local) as connected, pytest.raises(ClusterError, match="the cluster was lost while the draws were"):
        probabilistic(small_model(uncertain=True), 15 * BLOCK, 3, mapper=mapper(connected), each=close)


def test_a_cluster_of_this_machine_listens_to_this_machine_only() -> None:
    import psutil

    def listening() -> set[Any]:
        own = psutil.Process()
        found = [each for process in (own, *own.children(recursive=True)) for each in process.net_connections("inet")]
        return {each.laddr for each in found if each.status == psutil.CONN_LISTEN}

    before = listening()
    with cluster("", 1):
        new = listening() - before
    assert {address.ip for address in new} == {"127.0.0.1"}
