"""Probabilistic sensitivity analysis: many draws of every uncertain input at once.

Draws are made and evaluated block by block, several blocks side by side. What is reported about all
draws is summed up (`psa_sums`), and only the first `KEPT` draws are kept one by one, so memory does not grow
with the number of draws.

What the sums over the draws say: means, errors, intervals, acceptability, losses.

Rules that end the draws: a Monte Carlo error small enough, or a decision that is clear.

Hatswell AJ et al. (2018), PharmacoEconomics 36: 1421-1426.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.psa.blocks import KEPT, BlockResult, Task, block_draws, in_threads
from hemodel.analyses.psa.given import CURVE
from hemodel.analyses.psa.sums import (
    COMPONENTS,
    COSTS,
    LIFE_YEARS,
    OUTCOMES,
    QALYS,
    UNDISCOUNTED,
    add,
    adjusted_draws,
    component_sums,
    frame,
    percentile,
    quantities,
    totals,
)
from hemodel.economics import (
    DOMINANT,
    DOMINATED,
    LESS_EFFECTIVE_AND_COSTLY,
    MORE_EFFECTIVE_AND_COSTLY,
    NO_DIFFERENCE,
    Verdict,
    first_of_best,
    increment,
    increments,
    net_monetary_benefit,
    verdict,
)
from hemodel.errors import UsageError
from hemodel.model.evaluate import Model, base_draws, evaluate
from hemodel.parameters import BLOCK
from hemodel.sampling import RANDOM, REPLICATE
from hemodel.survival.reported.statistics import HALF_WIDTH_95
from hemodel.voi.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hemodel.analyses.psa.blocks import Each, Mapper
    from hemodel.analyses.psa.given import GivenDraws
    from hemodel.analyses.psa.sums import Frame, Sums
    from hemodel.inputs.structure import Settings
    from hemodel.parameters import FloatArray


ENDS = (0.025, 0.975)
Intervals = dict[tuple[str, str, float | None], tuple[float, float]]
QUADRANTS = (MORE_EFFECTIVE_AND_COSTLY, DOMINANT, DOMINATED, LESS_EFFECTIVE_AND_COSTLY, NO_DIFFERENCE)


def means(frame: Frame, sums: Sums) -> FloatArray:
    """Return the means (outcomes, strategies) of the totals."""
    return frame.centre + sums["total"].reshape(frame.centre.shape) / sums["draws"]


def component_means(psa: Psa, place: int) -> dict[str, dict[str, float]]:
    """Return by outcome the mean total and the mean of each component of the strategy at a place, discounted."""
    return {
        outcome: {"total": float(sum(values[place] for values in parts.values()))}
        | {name: float(values[place]) for name, values in parts.items()}
        for outcome, parts in psa.component_means.items()
    }


def mean_benefit(frame: Frame, sums: Sums, place: int, threshold: float) -> float:
    """Return the mean incremental net monetary benefit of the strategy at a place over the first."""
    gain = increment(means(frame, sums), place)
    return net_monetary_benefit(float(gain[QALYS]), float(gain[COSTS]), threshold)


def benefit_error(frame: Frame, sums: Sums, sampling: str, place: int, threshold: float) -> float:
    """Return the Monte Carlo standard error of the mean incremental net monetary benefit."""
    return error_of_mean(sums, sampling, _benefit_weights(frame, (place, 0), threshold))


def error_of_difference(psa: Psa, pair: tuple[int, int], threshold: float) -> float:
    """Return the Monte Carlo standard error of the mean net benefit of one place less that of another."""
    return error_of_mean(psa.sums, psa.sampling, _benefit_weights(psa.frame, pair, threshold))


def error_of_mean(sums: Sums, sampling: str, weights: FloatArray) -> float:
    """Return the Monte Carlo standard error of the mean of a weighted sum of the totals.

    Parameters
    ----------
    weights : array (outcomes x strategies,)

    Notes
    -----
    Of independent draws: their standard deviation over the root of their number. Of a design in replicates, from
    the variance of the means of whole replicates, which are independent of one another (Owen AB 1997, Annals
    of Statistics 25: 1541-1562); infinite where there are fewer than two.
    """
    n = float(sums["draws"][0])
    if sampling == RANDOM:
        return float(np.sqrt(_variance(sums["total"], sums["products"], n, weights) / n))
    whole = float(sums["replicates"][0])
    if whole < 2:
        return float("inf")
    between = _variance(sums["replicate_total"], sums["replicate_products"], whole, weights)
    return float(np.sqrt(between * REPLICATE / n))


def _benefit_weights(frame: Frame, pair: tuple[int, int], threshold: float) -> FloatArray:
    """Weights of the totals in the net benefit of the first place less that of the second, flat."""
    weights = np.zeros(frame.centre.shape)
    weights[QALYS, list(pair)] = threshold, -threshold
    weights[COSTS, list(pair)] = -1.0, 1.0
    return weights.ravel()


def _variance(total: FloatArray, products: FloatArray, n: float, weights: FloatArray) -> float:
    """Variance of a weighted sum, from sums and sums of products."""
    centred = products - np.outer(total, total) / n
    return max(float(weights @ centred @ weights) / (n - 1.0), 0.0)


def intervals(psa: Psa) -> Intervals:
    """Return the 2.5% and 97.5% points over the draws.

    By kind (a name of `OUTCOMES`, "increment" and a name, or "benefit"), strategy, and threshold of a net benefit.
    Exact where every draw is kept, else within a bin of the histogram of all draws.
    """
    names: list[tuple[str, str, float | None]] = [(o, s, None) for o in OUTCOMES[:UNDISCOUNTED] for s in psa.strategies]
    names += [(f"increment {o}", s, None) for o in OUTCOMES[:UNDISCOUNTED] for s in psa.strategies[1:]]
    names += [("benefit", s, float(t)) for t in psa.frame.reported for s in psa.strategies[1:]]
    if psa.kept == psa.draws:
        found = np.stack([psa.life_years, psa.qalys, psa.costs, psa.qalys_undiscounted])
        low, high = np.quantile(quantities(found, psa.frame.reported), ENDS, axis=1)
        return dict(zip(names, zip(low.tolist(), high.tolist(), strict=True), strict=True))
    pairs = zip(psa.frame.scales, psa.sums["histogram"], strict=True)
    return {
        name: (percentile(scale, number, ENDS[0]), percentile(scale, number, ENDS[1]))
        for name, (scale, number) in zip(names, pairs, strict=True)
    }


def acceptability_of(psa: Psa) -> FloatArray:
    """Return the acceptability curves (thresholds, strategies) at the thresholds of the frame."""
    return np.asarray(psa.sums["best"] / psa.draws)


def best_on_average(psa: Psa) -> list[int]:
    """Return the place of the strategy with the highest mean net benefit at each threshold of the frame."""
    found = means(psa.frame, psa.sums)
    benefit = net_monetary_benefit(found[QALYS], found[COSTS], psa.frame.thresholds[:, None])
    return [int(place) for place in first_of_best(benefit)]


def expected_loss(psa: Psa) -> tuple[FloatArray, FloatArray]:
    """Return the mean loss (thresholds, strategies) of choosing each strategy, and its standard error.

    The loss of a draw is the net benefit of the best strategy less that of the strategy chosen. The lowest mean loss
    is the expected value of perfect information. Standard errors are those of independent draws.
    """
    mean = psa.sums["loss"] / psa.draws
    variance = np.clip(psa.sums["loss_squared"] / psa.draws - mean**2, 0.0, None) * psa.draws / (psa.draws - 1.0)
    return np.asarray(mean), np.asarray(np.sqrt(variance / psa.draws))


def quadrants(psa: Psa, place: int) -> dict[str, float]:
    """Return the share of draws with each verdict on the strategy at a place; the shares add up to 1."""
    shares = dict.fromkeys(QUADRANTS, 0.0)
    for i, dearer in enumerate((-1.0, 0.0, 1.0)):
        for j, better in enumerate((-1.0, 0.0, 1.0)):
            shares[verdict(dearer, better).word] += float(psa.sums["signs"][place - 1, i, j]) / psa.draws
    return shares


def verdict_of_means(psa: Psa, place: int) -> Verdict:
    """Return the verdict on the mean increments of the strategy at a place."""
    gain = increment(means(psa.frame, psa.sums), place)
    return verdict(float(gain[COSTS]), float(gain[QALYS]))


FEWEST_DRAWS = 2
FEWEST_SPREAD = 2 * REPLICATE
"""Fewest draws of a design in replicates: its Monte Carlo error is told from two."""
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
    sampling : str
        Design of the draws.
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
    given : GivenDraws or None
        Draws of some inputs that came from a file.
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
    given: GivenDraws | None = None

    @property
    def draws(self) -> int:
        """Number of draws."""
        return int(self.sums["draws"][0])

    @property
    def design(self) -> str:
        """How the draws are spread: as the file of draws has it where some are from one."""
        return self.given.file.sampling if self.given is not None and self.given.inputs else self.sampling

    @property
    def from_file(self) -> frozenset[str]:
        """Inputs whose draws came from a file."""
        return frozenset() if self.given is None else frozenset(self.given.inputs)

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
    given: GivenDraws | None = None,
) -> Psa:
    """Run the probabilistic analysis.

    Parameters
    ----------
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
    given : GivenDraws, optional
        Draws of some inputs that stand in place of the model's own, as many as there are draws.

    Raises
    ------
    UsageError
        For too few draws to have a spread, or for the design.
    """
    sampling = RANDOM if given is not None and given.inputs else model.inputs.settings.sampling
    _enough(draws, sampling)
    task = Task(model, seed, pilot(model, draws, seed, given), draws, every=each is not None, given=given)
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
    return _psa(task, sampling, sums, kept, (stopped, np.array(path).T))


def _enough(draws: int, sampling: str) -> None:
    if draws < FEWEST_DRAWS:
        raise UsageError(f"{draws} draws: a probabilistic analysis needs at least {FEWEST_DRAWS}")
    if sampling != RANDOM and draws < FEWEST_SPREAD:
        raise UsageError(
            f"{draws} draws with settings.sampling {sampling}: this design needs at least {FEWEST_SPREAD:,}, two "
            f"replicates of {REPLICATE}, so that its Monte Carlo error can be told. Use more draws, or random."
        )


def pilot(model: Model, draws: int, seed: int, given: GivenDraws | None = None) -> Frame:
    """Return the frame of the sums: thresholds from the settings and the base case, scales from the first draws."""
    drawn = block_draws(model, seed, 0, min(PILOT, draws), given)
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


def _psa(task: Task, sampling: str, sums: Sums, kept: Sequence[BlockResult], end: tuple[str, FloatArray]) -> Psa:
    joined = np.concatenate([result.totals for result in kept if result.totals is not None], axis=1)
    inputs = {
        id_: np.concatenate([result.inputs[id_] for result in kept if result.inputs is not None])
        for id_ in task.frame.inputs
    }
    return Psa(
        seed=task.seed,
        sampling=sampling,
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
        given=task.given,
    )


def sample(psa: Psa, model: Model) -> Sample:
    """Return the draws that are kept, as value of information takes them."""
    labels = {id_: input_labels(model)[id_] for id_ in psa.inputs}
    return Sample(psa.strategies, psa.qalys, psa.costs, psa.inputs, labels, psa.design)


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


@dataclass(frozen=True)
class Until:
    """When the draws end: as soon as one of the two holds.

    Attributes
    ----------
    error : float or None
        The Monte Carlo standard error of the mean incremental net benefit is no larger, for every
        intervention. [currency]
    clear : bool
        The 95% confidence interval of that mean holds no 0, for every intervention.
    threshold : float
        Threshold of the net benefit. [currency per QALY]
    """

    error: float | None
    clear: bool
    threshold: float

    def met(self, frame: Frame, sums: Sums, sampling: str) -> str:
        """Return why the draws end here, or nothing."""
        places = range(1, frame.centre.shape[1])
        errors = [benefit_error(frame, sums, sampling, place, self.threshold) for place in places]
        means = [mean_benefit(frame, sums, place, self.threshold) for place in places]
        if self.error is not None and max(errors) <= self.error:
            return f"the Monte Carlo error of the mean is {self.error:g} or less"
        if self.clear and all(abs(m) > HALF_WIDTH_95 * e for m, e in zip(means, errors, strict=True)):
            return f"the decision at {self.threshold:g} per QALY is clear (95% confidence interval of the mean)"
        return ""
