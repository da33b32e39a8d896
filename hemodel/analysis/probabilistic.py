"""Probabilistic sensitivity analysis: many draws of every uncertain input at once.

Draws are made and evaluated block by block, several blocks side by side. What is reported about all
draws is summed up (`psa_sums`), and only the first `KEPT` draws are kept one by one, so memory does not grow
with the number of draws.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.psa_blocks import KEPT, BlockResult, Task, block_draws, in_threads
from hemodel.analysis.psa_results import benefit_error, mean_benefit
from hemodel.analysis.psa_sums import (
    COMPONENTS,
    COSTS,
    LIFE_YEARS,
    QALYS,
    UNDISCOUNTED,
    add,
    adjusted_draws,
    component_sums,
    frame,
    totals,
)
from hemodel.economics import increment, increments, net_monetary_benefit, verdict
from hemodel.errors import UsageError
from hemodel.model import Model, base_draws, evaluate
from hemodel.parameters import BLOCK
from hemodel.sampling import RANDOM, REPLICATE
from hemodel.survival.reported.statistics import HALF_WIDTH_95
from hemodel.voi.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hemodel.analysis.psa_blocks import Each, Mapper
    from hemodel.analysis.psa_sums import Frame, Sums
    from hemodel.analysis.stopping import Until
    from hemodel.inputs.structure import Settings
    from hemodel.parameters import FloatArray


FEWEST_DRAWS = 2
FEWEST_SPREAD = 2 * REPLICATE
"""Fewest draws of a design in replicates: its Monte Carlo error is told from two."""
CURVE = "curve"
"""How the ids of curves begin among the inputs that vary."""
TIME_ON_TREATMENT = "tot_"
"""How the ids of endpoints begin that are times on treatment."""
PILOT = 256
"""Draws that set the frame of the sums."""
CURVE_POINTS = 81
"""Thresholds at which the acceptability curves are drawn."""
CURVE_REACH = 1.5
"""The curves run to this multiple of the highest threshold or ICER of the base case."""


@dataclass(frozen=True)
class Psa:
    """Sums over all draws, and the totals and inputs of the draws that are kept.

    Attributes
    ----------
    seed : int
    sampling : str
        Design of the draws.
    strategies : tuple of str
    frame : Frame
    sums : Sums
        Over every draw.
    life_years, qalys, costs : array (kept, strategies)
        Discounted totals of the first `KEPT` draws, or of all where there are no more.
    qalys_undiscounted : array (kept, strategies)
    inputs : mapping from id to array (kept,) or (kept, p)
        Every input that varies; the coefficients of the curves of an endpoint are one input, ``curve.<endpoint>``.
    stopped : str
        Why the draws ended, where a rule decided.
    path : array (3, blocks)
        After each block: number of draws, mean incremental net benefit of the first intervention at the decision
        threshold, and its Monte Carlo standard error.
    """

    seed: int
    sampling: str
    strategies: tuple[str, ...]
    frame: Frame
    sums: Sums
    life_years: FloatArray
    qalys: FloatArray
    costs: FloatArray
    qalys_undiscounted: FloatArray
    inputs: Mapping[str, FloatArray]
    stopped: str
    path: FloatArray

    @property
    def draws(self) -> int:
        """Number of draws."""
        return int(self.sums["draws"][0])

    @property
    def kept(self) -> int:
        """Number of draws that are kept one by one."""
        return int(self.costs.shape[0])

    @property
    def component_means(self) -> dict[str, dict[str, FloatArray]]:
        """Means (strategies,) of the discounted components by outcome; drug_costs is a breakdown of acquisition."""
        return {
            outcome: {name: total / self.draws for name, total in component_sums(self.sums, outcome).items()}
            for outcome in COMPONENTS
        }

    @property
    def adjusted(self) -> dict[tuple[str, str], int]:
        """In how many draws each cap bound, by strategy and rule."""
        return adjusted_draws(self.sums)


def probabilistic(
    model: Model,
    draws: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
    *,
    until: Until | None = None,
    mapper: Mapper = in_threads,
    each: Each | None = None,
) -> Psa:
    """Run the probabilistic analysis.

    Parameters
    ----------
    model : Model
    draws : int
        Number of draws; with `until`, the most there may be.
    seed : int
        The same seed gives the same numbers; with random and Latin hypercube draws, the first of a longer run are
        those of a shorter one.
    progress : callable, optional
        Called with the number of draws done, after each block.
    until : Until, optional
        A rule that ends the draws after the first block at which it is met.
    mapper : callable
        Yields the results of blocks in their order; by default they are made in threads.
    each : callable, optional
        Called with the analysis, the number of the first draw and the result of every block, in order.

    Raises
    ------
    UsageError
        For too few draws to have a spread, or for the design.
    """
    sampling = model.inputs.settings.sampling
    _enough(draws, sampling)
    task = Task(model, seed, pilot(model, draws, seed), draws, every=each is not None)
    kept: list[BlockResult] = []
    sums: Sums = {}
    stopped = ""
    path: list[tuple[float, float, float]] = []
    threshold = model.inputs.settings.decision_threshold
    with closing(mapper(task, range(-(-draws // BLOCK)))) as results:
        for block, result in enumerate(results):
            sums = add(sums, result.sums) if sums else result.sums
            if block * BLOCK < KEPT:
                kept.append(result)
            if each is not None:
                each(task, block * BLOCK, result)
            if progress is not None:
                progress(int(sums["draws"][0]))
            error = benefit_error(task.frame, sums, sampling, 1, threshold)
            path.append((sums["draws"][0], mean_benefit(task.frame, sums, 1, threshold), error))
            stopped = "" if until is None else until.met(task.frame, sums, sampling)
            if stopped:
                break
    return _psa(task, sums, kept, (stopped, np.array(path).T))


def _enough(draws: int, sampling: str) -> None:
    if draws < FEWEST_DRAWS:
        raise UsageError(f"{draws} draws: a probabilistic analysis needs at least {FEWEST_DRAWS}")
    if sampling != RANDOM and draws < FEWEST_SPREAD:
        raise UsageError(
            f"{draws} draws with settings.sampling {sampling}: this design needs at least {FEWEST_SPREAD:,}, two "
            f"replicates of {REPLICATE}, so that its Monte Carlo error can be told. Use more draws, or random."
        )


def pilot(model: Model, draws: int, seed: int) -> Frame:
    """Return the frame of the sums: thresholds from the settings and the base case, scales from the first draws."""
    drawn = block_draws(model, seed, 0, min(PILOT, draws))
    settings = model.inputs.settings
    reported = np.unique([*settings.thresholds, settings.decision_threshold])
    base = totals(evaluate(model, base_draws(model)))[:, 0]
    gains = increments(base).T
    icers = [verdict(float(gain[COSTS]), float(gain[QALYS])).icer for gain in gains]
    thresholds = curve_thresholds(settings, icers)
    return frame(totals(evaluate(model, drawn)), drawn, thresholds, reported)


def curve_thresholds(settings: Settings, icers: Sequence[float | None]) -> FloatArray:
    """Return the thresholds of the acceptability curves: an even grid and those of the settings.

    It reaches beyond every threshold and every ICER given, so that the curves show where they turn.
    """
    ratios = [icer for icer in icers if icer is not None]
    top = CURVE_REACH * max([*settings.thresholds, settings.decision_threshold, *ratios])
    grid = np.linspace(0.0, top, CURVE_POINTS)
    return np.unique(np.concatenate([grid, settings.thresholds, [settings.decision_threshold]]))


def _psa(task: Task, sums: Sums, kept: Sequence[BlockResult], end: tuple[str, FloatArray]) -> Psa:
    joined = np.concatenate([result.totals for result in kept if result.totals is not None], axis=1)
    inputs = {
        id_: np.concatenate([result.inputs[id_] for result in kept if result.inputs is not None])
        for id_ in task.frame.inputs
    }
    return Psa(
        seed=task.seed,
        sampling=task.model.inputs.settings.sampling,
        strategies=task.model.strategies,
        frame=task.frame,
        sums=sums,
        life_years=joined[LIFE_YEARS],
        qalys=joined[QALYS],
        costs=joined[COSTS],
        qalys_undiscounted=joined[UNDISCOUNTED],
        inputs=inputs,
        stopped=end[0],
        path=end[1],
    )


def sample(psa: Psa, model: Model) -> Sample:
    """Return the draws that are kept, as value of information takes them."""
    labels = input_labels(model)
    return Sample(psa.strategies, psa.qalys, psa.costs, psa.inputs, {id_: labels[id_] for id_ in psa.inputs})


def input_labels(model: Model) -> dict[str, str]:
    """Return what every parameter and the curves of every endpoint (``curve.<endpoint>``) are called."""
    drugs = {drug.id: drug.name for drug in model.inputs.drugs}
    curves = {f"{CURVE}.{endpoint}": _curve_label(endpoint, drugs) for endpoint in model.fits}
    return {p.id: p.label for p in model.inputs.parameters} | curves


def _curve_label(endpoint: str, drugs: Mapping[str, str]) -> str:
    drug = endpoint.removeprefix(TIME_ON_TREATMENT)
    return f"Curves of time on {drugs.get(drug, drug)}" if drug != endpoint else f"{endpoint.upper()} curves"


def running_mean(values: FloatArray, points: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the mean of the first n independent values and its standard error, for some n.

    Parameters
    ----------
    values : array (draws,)
    points : int
        How many n to show.

    Returns
    -------
    n, mean, standard error : arrays (points,) at most
    """
    n = np.unique(np.linspace(2, values.size, points).astype(int))
    total, square = np.cumsum(values), np.cumsum(values**2)
    mean = total[n - 1] / n
    variance = np.clip(square[n - 1] / n - mean**2, 0.0, None) * n / (n - 1)
    return n.astype(float), mean, np.sqrt(variance / n)


def convergence_path(psa: Psa, threshold: float, points: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return n, mean incremental net benefit of the first intervention over n draws, and its standard error.

    Within the draws that are kept at `points` n, of a design in replicates after whole ones; beyond them after
    each block.
    """
    gain = net_monetary_benefit(increment(psa.qalys, 1), increment(psa.costs, 1), threshold)
    if psa.sampling == RANDOM:
        n, mean, error = running_mean(gain, points)
    else:
        whole = gain.size // REPLICATE
        replicates = gain[: whole * REPLICATE].reshape(whole, REPLICATE).mean(axis=1)
        n, mean, error = running_mean(replicates, points)
        n = n * REPLICATE
    later = psa.path[:, psa.path[0] > psa.kept]
    if psa.sampling != RANDOM and not later.size:
        later = psa.path[:, -1:]
    return np.append(n, later[0]), np.append(mean, later[1]), np.append(error, later[2])


def mean_interval(mean: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the 95% confidence intervals of means with these standard errors."""
    return mean - HALF_WIDTH_95 * error, mean + HALF_WIDTH_95 * error


def interval(values: FloatArray) -> tuple[float, float]:
    """Return the 2.5% and 97.5% points of the draws."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
