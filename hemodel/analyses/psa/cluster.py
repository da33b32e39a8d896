"""Blocks of draws on the workers of a Dask cluster, on this machine or on many.

The work on a block depends on the model, the seed and the number of the block only, and results are taken in the
order of the blocks, so the sums have the same bits whatever the number of workers, and whether or not one is lost.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from itertools import islice
from typing import TYPE_CHECKING, Any

from hemodel import interrupts
from hemodel.analyses.psa.blocks import BlockResult, Task, run_block
from hemodel.errors import HemodelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from hemodel.analyses.psa.blocks import Mapper


BLOCKS_A_TASK = 4
"""Blocks of draws that a worker is given at a time."""
TASKS_AHEAD = 3
"""Tasks given out ahead of the one whose result is awaited, for each worker."""
SECONDS_TO_CONNECT = 10
RUNNING = "running"
"""Status of a client that is connected."""


class ClusterError(HemodelError):
    """A cluster that was lost on the way."""


@contextmanager
def cluster(scheduler: str, workers: int | None) -> Iterator[Mapper]:
    """Give what maps blocks of draws to the workers of a cluster.

    Parameters
    ----------
    scheduler : str
        Address of a running scheduler, such as tcp://host:8786; empty for a cluster on this machine.
    workers : int or None
        Processes of a cluster on this machine.

    Raises
    ------
    UsageError
        Where Dask is not installed, no scheduler answers, it has no workers, or these run another version of hemodel.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise UsageError("--scheduler and --workers need Dask: python -m pip install 'hemodel[dask]'") from error
    if not scheduler:
        with interrupts.starting_workers():
            local: Any = LocalCluster(
                n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
            )
        with local, Client(local) as client:
            yield mapper(client)
        return
    try:
        client = Client(scheduler, timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no scheduler answers at {scheduler} within {SECONDS_TO_CONNECT} seconds. Start one with `dask scheduler` "
            "and workers with `dask worker tcp://HOST:PORT`, and check the address."
        ) from error
    with client:
        _refuse_unlike(client, scheduler)
        yield mapper(client)


def _refuse_unlike(client: Any, scheduler: str) -> None:
    """Refuse a cluster without workers, or with workers that have another version of hemodel or none."""
    if not client.scheduler_info()["workers"]:
        raise UsageError(
            f"the scheduler at {scheduler} has no workers. Start some with `dask worker {scheduler}`, where hemodel is "
            "installed."
        )
    own = metadata.version("hemodel")
    found = {address: str(version) for address, version in client.run(_version).items()}
    unlike = [f"{address} has {version or 'none'}" for address, version in found.items() if version != own]
    if unlike:
        raise UsageError(f"workers must have hemodel {own}, as this machine; {'; '.join(unlike)}")


def _version() -> str:
    try:
        return metadata.version("hemodel")
    except metadata.PackageNotFoundError:
        return ""


def mapper(client: Any) -> Mapper:
    """Return what yields the results of blocks in their order, worked on by the workers of a client.

    It raises ClusterError where the cluster is lost.
    """

    def mapped(task: Task, blocks: Iterable[int]) -> Generator[BlockResult, None, None]:
        with _losses(client):
            # A task of its own rather than scattered data: it is made anew where a worker that held it is lost.
            shared = client.submit(_given, replace(task, threads=False), pure=False)
            numbers = iter(blocks)
            waiting: deque[Any] = deque()
            try:
                while True:
                    room = TASKS_AHEAD * max(len(client.scheduler_info()["workers"]), 1) - len(waiting)
                    for _ in range(max(room, 0)):
                        if some := list(islice(numbers, BLOCKS_A_TASK)):
                            waiting.append(client.submit(run_blocks, shared, some, pure=False))
                    if not waiting:
                        return
                    yield from waiting.popleft().result()
            finally:
                if client.status == RUNNING:
                    client.cancel([*waiting, shared], force=True)

    return mapped


@contextmanager
def _losses(client: Any) -> Iterator[None]:
    from concurrent.futures import CancelledError

    from distributed.scheduler import KilledWorker

    try:
        yield
    except Exception as error:
        if client.status == RUNNING and not isinstance(error, (CancelledError, KilledWorker)):
            raise
        raise ClusterError(
            f"the cluster was lost while the draws were worked on ({error}). Nothing was written. Start the command "
            "again once scheduler and workers run."
        ) from error


def _given(task: Task) -> Task:
    return task


def run_blocks(task: Task, blocks: Sequence[int]) -> list[BlockResult]:
    """Work on several blocks, one after the other."""
    return [run_block(task, block) for block in blocks]
