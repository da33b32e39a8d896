"""Studies that could be done: what their data would be in each draw, and how likely data are under each draw.

Every design has a log likelihood that is linear in statistics of the data: counts in cells (binary, time to event)
or sums (continuous). One product of matrices therefore compares every data set with every draw.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import UsageError
from hemodel.voi.studies_survival import FollowUp, event_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.parameters import FloatArray
    from hemodel.voi.sample import Sample

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
    id, label : str
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
    follow_up : FollowUp or None
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
    follow_up: FollowUp | None = None

    @property
    def arms(self) -> int:
        """Number of arms."""
        return self.follow_up.survival.shape[1] if self.follow_up is not None else len(self.informs)


@dataclass(frozen=True)
class Arm:
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
class Design:
    """What the data of a study are about in each draw.

    With statistics T of n patients per arm, log likelihood = T . natural - n x constant, but for what no draw changes.

    Attributes
    ----------
    arms : tuple of Arm
    constant : array (draws,)
    standard_deviation : float or None
        For continuous data.
    """

    arms: tuple[Arm, ...]
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


def design(study: Study, sample: Sample) -> Design:
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
    return Design(tuple(Arm(cells, _log(cells)) for cells in arms), np.zeros(len(values)), None)


def _continuous_design(study: Study, means: FloatArray) -> Design:
    deviation = study.standard_deviation
    if deviation is None or deviation <= 0:
        raise UsageError(f"study {study.id}: a continuous study needs the standard deviation of one patient's value")
    arms = tuple(Arm(mean[:, None], mean[:, None] / deviation**2) for mean in means.T)
    return Design(arms, np.sum(means**2, axis=1) / (2 * deviation**2), deviation)


def _event_design(study: Study, follow_up: FollowUp) -> Design:
    survival = follow_up.survival
    if np.ptp(survival, axis=0).max() <= 0:
        raise UsageError(f"study {study.id}: survival is the same in every draw, so that there is nothing to learn")
    arms = []
    for place in range(survival.shape[1]):
        chances, seen = event_cells(survival[:, place], follow_up)
        kept = chances.max(axis=0) > 0
        arms.append(Arm(chances[:, kept], _log(seen[:, kept])))
    return Design(tuple(arms), np.zeros(len(survival)), None)


def _log(probability: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(np.log(probability), IMPOSSIBLE))


def generator(seed: int, study: Study) -> np.random.Generator:
    """Return the random numbers of a study, which depend on the seed and its id only."""
    digest = hashlib.sha256(f"study.{study.id}".encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=words))


def simulate(
    design: Design, rows: np.ndarray[tuple[int], np.dtype[np.intp]], sizes: Sequence[int], rng: np.random.Generator
) -> FloatArray:
    """Return statistics of data simulated in some draws, for every size.

    The patients of a smaller size are the first of a larger one, so that sizes differ by what is added alone.

    Parameters
    ----------
    design : Design
    rows : array (m,)
        The draws in which data are simulated.
    sizes : sequence of int
        Patients per arm, increasing.
    rng : Generator

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


def log_likelihood(design: Design, data: FloatArray, size: int) -> FloatArray:
    """Return the log likelihood of data sets under every draw, but for a constant of each data set.

    Parameters
    ----------
    design : Design
    data : array (m, statistics)
    size : int
        Patients per arm.

    Returns
    -------
    array (m, draws)
    """
    return np.asarray(data @ design.natural.T - size * design.constant)
