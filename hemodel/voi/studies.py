"""Studies that could be done: what their data would be in each draw, and how likely data are under each draw.

Every design has a log likelihood that is linear in statistics of the data: counts in cells (binary, time to event)
or sums (continuous). One product of matrices therefore compares every data set with every draw.

Follow-up for an event: the times at which patients are looked at, and the cells that they fall into.

What data say in few numbers, and which draws stand for all.

Posteriors from draws of the prior: each draw weighted by its likelihood.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import UsageError
from hemodel.survival import family
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from hemodel.parameters import FloatArray
    from hemodel.voi.sample import Sample


INTERVALS = 16
"""Intervals into which event times are grouped; more of them change nothing that matters."""


@dataclass(frozen=True, eq=False)
class StudyFollowUp:
    """How patients are followed for an event, and the survival curves that the data are about.

    Attributes
    ----------
    endpoint : str
        Empty where it has no name.
    arms : tuple of str
        What each arm is called.
    months : array (intervals + 1,)
        When follow-up begins, 0 or the time up to which the patients have lived without the event, and the end of
        each interval. [months]
    yearly_dropout : float
        Share of those still followed who are lost in a year, for reasons that say nothing on the event. They are lost
        at the ends of intervals.
    survival : array (draws, arms, intervals + 1)
        Survival at these times.
    """

    endpoint: str
    arms: tuple[str, ...]
    months: FloatArray
    yearly_dropout: float
    survival: FloatArray


def interval_ends(start: float, end: float) -> FloatArray:
    """Return the beginning of follow-up and the ends of its intervals, which are equally long [months]."""
    return np.linspace(start, end, INTERVALS + 1)


def event_cells(survival: FloatArray, follow_up: StudyFollowUp) -> tuple[FloatArray, FloatArray]:
    """Return how likely each cell is, and the part of it that depends on survival.

    With S the survival since the beginning of follow-up and C(j) the share that is not lost by the end of interval j,
    an event in interval j has probability C(j-1) (S(j-1) - S(j)); being lost at its end S(j) (C(j-1) - C(j)); and being
    followed to the end without the event S(J) C(J-1). C is the same in every draw and drops out of the likelihood.

    Where survival is 0 when follow-up begins, as in a draw with a very steep curve, whoever is still there has the
    event in the first interval: so it is in the limit of such curves.

    Parameters
    ----------
    survival : array (draws, intervals + 1)

    Returns
    -------
    chances, seen : arrays (draws, 2 x intervals)
        Events by interval, then those who leave without the event by interval.
    """
    given = _since_the_beginning(survival)
    months = follow_up.months
    kept = (1 - follow_up.yearly_dropout) ** ((months - months[0]) / MONTHS_PER_YEAR)
    lost = -np.diff(kept)
    lost[-1] = kept[-2]
    seen = np.hstack([np.maximum(-np.diff(given, axis=1), 0.0), given[:, 1:]])
    return seen * np.concatenate([kept[:-1], lost]), seen


def _since_the_beginning(survival: FloatArray) -> FloatArray:
    alive = survival[:, :1]
    nobody = np.zeros(survival.shape[1])
    nobody[0] = 1.0
    return np.where(alive > 0, survival / np.where(alive > 0, alive, 1.0), nobody)


def family_survival(name: str, parameters: Sequence[FloatArray], months: FloatArray) -> FloatArray:
    """Return survival (draws, months) of a family from draws of its parameters.

    Parameters
    ----------
    name : str
        A family of survival curves, as in flexsurv.
    parameters : sequence of arrays (draws,)
        On the natural scale, in the order of the family.

    Raises
    ------
    SurvivalError
        For a family that does not exist.
    """
    made = family(name)
    with np.errstate(divide="ignore", invalid="ignore"):
        return made.survival(months, made.coefficients(np.column_stack(parameters)))


BINARY, CONTINUOUS, TIME_TO_EVENT = "binary", "continuous", "time_to_event"
KINDS = (BINARY, CONTINUOUS, TIME_TO_EVENT)
REGRESSION, MOMENTS, IMPORTANCE = "regression", "moment_matching", "importance_sampling"
METHODS = (REGRESSION, MOMENTS, IMPORTANCE)
IMPOSSIBLE = -1e9
"""Log of a probability of 0: no draw with it is possible once the event was seen, and 0 times it is 0."""


@dataclass(frozen=True, eq=False)
class Study:
    """A study that could be done.

    Attributes
    ----------
    kind : {"binary", "continuous", "time_to_event"}
        What is seen of each patient: whether an event happened, a number, or the time of an event.
    informs : tuple of str
        Inputs that the study is about. binary and continuous: the probability or the mean of each arm. time_to_event:
        everything that the survival curves of the arms depend on.
    sizes : tuple of int
        Patients per arm, increasing.
    method : {"regression", "moment_matching", "importance_sampling"}
    fixed_cost, cost_per_patient : float
        [currency]
    reports_after : float
        Years until the results are known, from now or, with `recruited_share`, from the last patient in. [years]
    recruited_share : float or None
        Share of the patients of the time who enter the study while it recruits.
    standard_deviation : float or None
        Of one patient's value around the mean, for continuous. [unit of the input]
    follow_up : StudyFollowUp or None
        For time_to_event.
    """

    id: str
    label: str
    kind: str
    informs: tuple[str, ...]
    sizes: tuple[int, ...]
    method: str
    fixed_cost: float
    cost_per_patient: float
    reports_after: float
    recruited_share: float | None = None
    standard_deviation: float | None = None
    follow_up: StudyFollowUp | None = None

    @property
    def arms(self) -> int:
        """Number of arms."""
        return self.follow_up.survival.shape[1] if self.follow_up is not None else len(self.informs)


@dataclass(frozen=True)
class StudyArm:
    """One arm of a design.

    Attributes
    ----------
    chances : array (draws, cells)
        Probability of each cell; for continuous data the mean, with one column.
    natural : array (draws, cells)
        What the statistics of the data are multiplied by in the log likelihood.
    """

    chances: FloatArray
    natural: FloatArray


@dataclass(frozen=True)
class StudyDesign:
    """What the data of a study are about in each draw.

    With statistics T of n patients per arm, log likelihood = T . natural - n x constant, but for what no draw changes.

    Attributes
    ----------
    standard_deviation : float or None
        For continuous data.
    """

    arms: tuple[StudyArm, ...]
    constant: FloatArray
    standard_deviation: float | None

    @property
    def natural(self) -> FloatArray:
        """The arms side by side: (draws, statistics)."""
        return np.hstack([arm.natural for arm in self.arms])

    @property
    def chances(self) -> FloatArray:
        """The arms side by side: (draws, statistics)."""
        return np.hstack([arm.chances for arm in self.arms])


def design(study: Study, sample: Sample) -> StudyDesign:
    """Return what the data of a study are about in each draw of a sample.

    Raises
    ------
    UsageError
        For a study that these draws cannot express: an input that is not there or is no single number, a probability
        outside 0 and 1, survival that does not vary.
    """
    absent = [id_ for id_ in study.informs if id_ not in sample.inputs]
    if absent:
        raise UsageError(f"study {study.id}: {', '.join(absent)} is not among the inputs that vary")
    if study.follow_up is not None:
        return _event_design(study, study.follow_up)
    wide = [id_ for id_ in study.informs if sample.inputs[id_].ndim > 1]
    if wide:
        raise UsageError(f"study {study.id}: {', '.join(wide)} is not a single number, as a {study.kind} study needs")
    values = sample.columns(study.informs)
    if study.kind == CONTINUOUS:
        return _continuous_design(study, values)
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 1:
        raise UsageError(
            f"study {study.id}: {' and '.join(study.informs)} lies between {low:g} and {high:g} over the draws,"
            " and a binary study needs a probability"
        )
    arms = [np.column_stack([p, 1 - p]) for p in values.T]
    return StudyDesign(tuple(StudyArm(cells, _log(cells)) for cells in arms), np.zeros(len(values)), None)


def _continuous_design(study: Study, means: FloatArray) -> StudyDesign:
    deviation = study.standard_deviation
    if deviation is None or deviation <= 0:
        raise UsageError(f"study {study.id}: a continuous study needs the standard deviation of one patient's value")
    arms = tuple(StudyArm(mean[:, None], mean[:, None] / deviation**2) for mean in means.T)
    return StudyDesign(arms, np.sum(means**2, axis=1) / (2 * deviation**2), deviation)


def _event_design(study: Study, follow_up: StudyFollowUp) -> StudyDesign:
    survival = follow_up.survival
    if np.ptp(survival, axis=0).max() <= 0:
        raise UsageError(f"study {study.id}: survival is the same in every draw, so that there is nothing to learn")
    arms = []
    for place in range(survival.shape[1]):
        chances, seen = event_cells(survival[:, place], follow_up)
        kept = chances.max(axis=0) > 0
        arms.append(StudyArm(chances[:, kept], _log(seen[:, kept])))
    return StudyDesign(tuple(arms), np.zeros(len(survival)), None)


def _log(probability: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(np.log(probability), IMPOSSIBLE))


def generator(seed: int, study: Study) -> np.random.Generator:
    """Return the random numbers of a study, which depend on the seed and its id only."""
    digest = hashlib.sha256(f"study.{study.id}".encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=words))


def simulate(
    design: StudyDesign, rows: np.ndarray[tuple[int], np.dtype[np.intp]], sizes: Sequence[int], rng: np.random.Generator
) -> FloatArray:
    """Return statistics of data simulated in some draws, for every size.

    The patients of a smaller size are the first of a larger one, so that sizes differ by what is added alone.

    Parameters
    ----------
    rows : array (m,)
        The draws in which data are simulated.
    sizes : sequence of int
        Patients per arm, increasing.

    Returns
    -------
    array (sizes, m, statistics)
        Counts in cells, or sums, arm by arm.
    """
    added = np.diff(sizes, prepend=0)
    parts = []
    for arm in design.arms:
        chances = arm.chances[rows]
        if design.standard_deviation is None:
            chances = chances / chances.sum(axis=1, keepdims=True)
            drawn = [rng.multinomial(int(more), chances).astype(float) for more in added]
        else:
            drawn = [rng.normal(more * chances, np.sqrt(more) * design.standard_deviation) for more in added]
        parts.append(np.cumsum(drawn, axis=0))
    return np.concatenate(parts, axis=2)


def log_likelihood(design: StudyDesign, data: FloatArray, size: int) -> FloatArray:
    """Return the log likelihood of data sets under every draw, but for a constant of each data set.

    Parameters
    ----------
    data : array (m, statistics)
    size : int
        Patients per arm.

    Returns
    -------
    array (m, draws)
    """
    return np.asarray(data @ design.natural.T - size * design.constant)


SMALLEST_LOG = -30.0
"""Logs of probabilities below this are taken as this where draws are compared with one another."""
WORTH_KEEPING = 0.01
"""A direction in which the draws differ by less than this, squared and in standard errors of the data, is left out."""
MOST_DIRECTIONS = 6


def directions(design: StudyDesign) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the directions in which what the data are about varies over the draws, most first.

    The log likelihood is T . A(draw) with statistics T of the data. Where A is close to a plane through its mean,
    spanned by a few vectors, the products of T with these vectors are sufficient statistics. They are the principal
    components of A, each statistic weighted by its standard deviation (the Fisher metric at the mean).

    Returns
    -------
    vectors : array (statistics, directions)
        Multiplied by statistics they give what data say in each direction.
    scores : array (draws, directions)
        Where each draw stands; the variance times the patients per arm is the signal over the noise, squared.
    variances : array (directions,)
    """
    natural = np.maximum(design.natural, SMALLEST_LOG)
    deviation = design.standard_deviation
    weights = np.sqrt(design.chances.mean(axis=0)) if deviation is None else np.full(natural.shape[1], deviation)
    weighted = (natural - natural.mean(axis=0)) * weights
    variances, vectors = np.linalg.eigh(weighted.T @ weighted / len(weighted))
    variances, vectors = variances[::-1], vectors[:, ::-1]
    return vectors / weights[:, None], weighted @ vectors, np.maximum(variances, 0.0)


def summaries(study: Study, design: StudyDesign, data: FloatArray, size: int) -> FloatArray:
    """Return what data sets say in few numbers, for a regression.

    Parameters
    ----------
    data : array (m, statistics)
    size : int
        Patients per arm.

    Returns
    -------
    array (m, k)
        The share with the event, or the mean, of each arm; for event times, the statistics of `directions`.
    """
    if study.follow_up is None:
        return data[:, :: design.arms[0].natural.shape[1]] / size
    vectors, _, variances = directions(design)
    kept = max(1, int(np.sum(variances[:MOST_DIRECTIONS] * max(study.sizes) > WORTH_KEEPING)))
    return np.asarray(data @ vectors[:, :kept] / size)


def spread_rows(design: StudyDesign, count: int) -> NDArray[np.intp]:
    """Return draws at equally spaced quantiles of the direction in which the draws differ most.

    Parameters
    ----------
    count : int
        How many, at most all.
    """
    _, scores, _ = directions(design)
    order = np.argsort(scores[:, 0], kind="stable")
    draws, count = len(order), min(count, len(order))
    return np.asarray(order[((np.arange(count) + 0.5) * draws / count).astype(np.intp)])


CELLS = 250_000
"""Weights held at a time, few enough for the cache."""
FEW = 50.0
"""Effective draws below which a posterior is coarse."""


@dataclass(frozen=True)
class Weighted:
    """Posteriors of some data sets.

    Attributes
    ----------
    rows : slice
        Which of the data sets.
    likelihood : array (data sets, draws)
        Likelihood of each draw over that of the likeliest one.
    total : array (data sets, 1)
        Its sum over the draws.
    """

    rows: slice
    likelihood: FloatArray
    total: FloatArray

    def mean(self, columns: FloatArray) -> FloatArray:
        """Return posterior means (data sets, columns) of columns (draws, columns)."""
        return np.asarray(self.likelihood @ columns / self.total)

    def added(self, weights: FloatArray) -> FloatArray:
        """Return the posterior weights of the draws, added over data sets with weights (data sets, k): (draws, k)."""
        return np.asarray(self.likelihood.T @ (weights / self.total))

    @property
    def effective(self) -> FloatArray:
        """Effective number of draws (data sets,), 1 / sum of squared posterior weights."""
        return np.asarray(self.total[:, 0] ** 2 / np.einsum("ij,ij->i", self.likelihood, self.likelihood))


def posteriors(design: StudyDesign, data: FloatArray, size: int) -> Iterator[Weighted]:
    """Yield the posteriors of data sets, some at a time.

    Parameters
    ----------
    data : array (m, statistics)
    size : int
        Patients per arm.
    """
    step = max(1, CELLS // len(design.constant))
    for start in range(0, len(data), step):
        rows = slice(start, start + step)
        likelihood = log_likelihood(design, data[rows], size)
        likelihood -= likelihood.max(axis=1, keepdims=True)
        np.exp(likelihood, out=likelihood)
        yield Weighted(rows, likelihood, likelihood.sum(axis=1, keepdims=True))


def coarse(sizes: tuple[int, ...], behind: FloatArray) -> tuple[str, ...]:
    """Return a note where few draws stand behind the posteriors of a size."""
    few = [str(size) for size, count in zip(sizes, behind, strict=True) if count < FEW]
    if not few:
        return ()
    return (f"Fewer than {FEW:.0f} effective draws stand behind a posterior with {', '.join(few)} patients per arm.",)
