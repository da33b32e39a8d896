"""The probabilistic analysis as it is asked for: draws, seed, rule that ends it, and where it is worked out.

On the workers of a Dask cluster the work on a block depends on the model, the seed and the number of the block only,
and results are taken in the order of the blocks, so the sums have the same bits whatever the number of workers.
"""

from __future__ import annotations

import math
from collections import deque
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from itertools import islice
from typing import TYPE_CHECKING, Any, TypedDict

from hemodel import interrupts
from hemodel.analyses.information import model_information
from hemodel.analyses.psa.blocks import BlockResult, Task, in_threads, run_block
from hemodel.analyses.psa.draws import Until, probabilistic
from hemodel.analyses.psa.given_file import read_draws
from hemodel.analyses.psa.result import psa_result
from hemodel.analyses.research import research
from hemodel.analyses.shared import staged
from hemodel.errors import HemodelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from hemodel.analyses.information import InformationResult
    from hemodel.analyses.options import Options
    from hemodel.analyses.psa.blocks import Each, Mapper
    from hemodel.analyses.psa.draws import Psa
    from hemodel.analyses.psa.given import GivenDraws
    from hemodel.analyses.psa.result import PsaResult
    from hemodel.analyses.research import ResearchResult
    from hemodel.analyses.shared import Shared
    from hemodel.model.evaluate import Model


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


class Drawn(TypedDict):
    """What comes of the draws; None without them."""

    given: GivenDraws | None
    psa: Psa | None
    psa_result: PsaResult | None
    information: InformationResult | None
    research: ResearchResult | None


def of_draws(
    model: Model,
    options: Options,
    watched: tuple[Callable[[str, int, int], None] | None, Each | None],
    shared: Shared,
    given: GivenDraws | None = None,
) -> Drawn:
    """Return everything that comes of the draws, once for runs alike in discount rates and thresholds.

    `watched` are called with the progress, and with the result of every block of draws. `given` came from a file.
    """
    settings = model.inputs.settings
    alike = (settings.cost_rates, settings.effect_rates, settings.thresholds, settings.decision_threshold)
    if "psa" not in options.parts:
        return Drawn(given=None, psa=None, psa_result=None, information=None, research=research(model, None))
    psa = shared.once(("psa", *alike), lambda: run_psa(model, options, *watched, given))
    return Drawn(
        given=given,
        psa=psa,
        psa_result=shared.once(("psa result", *alike), lambda: psa_result(psa, model)),
        information=staged(
            watched[0],
            "information",
            lambda: shared.once(("information", *alike), lambda: model_information(model, psa)),
        ),
        research=staged(watched[0], "studies", lambda: shared.once(("research", *alike), lambda: research(model, psa))),
    )


def run_psa(
    model: Model,
    options: Options,
    progress: Callable[[str, int, int], None] | None,
    each: Each | None,
    given: GivenDraws | None = None,
) -> Psa:
    """Run the probabilistic analysis with the draws, seed and rule of the options, else those of the settings.

    Raises
    ------
    UsageError
        For too few draws, or a cluster that cannot be used.
    """
    settings = model.inputs.settings
    draws = settings.draws if options.draws is None else options.draws
    draws = draws if given is None else given.file.draws
    seed = settings.seed if options.seed is None else options.seed
    step = None if progress is None else lambda done: progress("draws", done, draws)
    rule = until(model, options)
    with workers_of(options) as mapper:
        return probabilistic(model, draws, seed, step, until=rule, mapper=mapper, each=each, given=given)


def given_draws(model: Model, options: Options) -> GivenDraws | None:
    """Return the draws of the file that the options name, checked; None where they name none.

    Raises
    ------
    InputError
        With everything that is wrong with the file.
    UsageError
        Where the number of draws is asked for too, or no draws are wanted.
    """
    if options.use_draws is None:
        return None
    if options.draws is not None:
        raise UsageError("--draws and --use-draws exclude each other: there are as many draws as the file has rows")
    if options.until_mcse is not None or options.until_clear is not None:
        raise UsageError("--until-mcse and --until-clear are not for --use-draws: every row of the file is used")
    if "psa" not in options.parts:
        raise UsageError("--use-draws needs the probabilistic analysis: leave out --only, or add --only psa")
    seed = model.inputs.settings.seed if options.seed is None else options.seed
    return read_draws(options.use_draws, model, seed)


@contextmanager
def workers_of(options: Options) -> Iterator[Mapper]:
    """Give what works on blocks of draws: threads of this process, or the cluster asked for.

    Raises
    ------
    UsageError
        Where both a scheduler and workers are asked for, or the cluster cannot be used.
    """
    if options.scheduler and options.workers is not None:
        raise UsageError("--workers and --scheduler exclude each other: the scheduler has its own workers")
    if not options.scheduler and options.workers is None:
        yield in_threads
        return

    with cluster(options.scheduler, options.workers) as mapper:
        yield mapper


def until(model: Model, options: Options) -> Until | None:
    """Return the rule that ends the draws, or None where the number of draws does.

    Raises
    ------
    UsageError
        For a rule without the most draws there may be, or an error that is not above 0.
    """
    if options.until_mcse is None and options.until_clear is None:
        return None
    if options.draws is None:
        raise UsageError("--until-mcse and --until-clear need --draws, the most draws there may be")
    if options.until_mcse is not None and not options.until_mcse > 0:
        raise UsageError(f"--until-mcse {options.until_mcse:g}: the error must be above 0")
    if options.until_mcse is not None and not math.isfinite(options.until_mcse):
        raise UsageError(f"--until-mcse {options.until_mcse:g}: the error must be a finite number")
    if options.until_clear is not None and not 0 <= options.until_clear < math.inf:
        raise UsageError(f"--until-clear {options.until_clear:g}: a threshold is a number of 0 or more")
    threshold = model.inputs.settings.decision_threshold if options.until_clear is None else options.until_clear
    return Until(options.until_mcse, options.until_clear is not None, threshold)
