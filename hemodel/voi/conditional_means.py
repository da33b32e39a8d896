"""What is known of effects and costs: their means given some inputs, and what choosing by such means is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import first_of_best
from hemodel.economics import increments as against_first
from hemodel.voi.regression import conditional_mean

if TYPE_CHECKING:
    from hemodel.parameters import FloatArray
    from hemodel.voi.regression import RegressionFit
    from hemodel.voi.sample import Sample


@dataclass(frozen=True)
class Choice:
    """Choosing the best strategy by some means instead of once for all.

    Attributes
    ----------
    gain : array (rows,)
        Net benefit of the strategy that is best by the means of a row, minus that of the one that is best on average.
        [currency per person]
    slopes : array (rows, outcomes)
        Derivatives of the mean gain by the means of each row.
    best : array (rows, strategies)
        1 for the strategy that is best by the means of a row, the first of equals; 0 for the others.
    """

    gain: FloatArray
    slopes: FloatArray
    best: FloatArray

    @property
    def value(self) -> float:
        """The mean gain, never negative [currency per person]."""
        return float(self.gain.mean())

    @property
    def variance(self) -> float:
        """Variance of the mean gain over independent rows."""
        return float(self.gain.var(ddof=1)) / self.gain.size


@dataclass(frozen=True)
class Values:
    """EVSI by size and threshold, from one method.

    Attributes
    ----------
    value, standard_error : array (sizes, thresholds)
        [currency per person]
    behind : array (sizes,) or None
        Effective number of draws behind the posterior of a data set, median over the data sets.
    """

    value: FloatArray
    standard_error: FloatArray
    behind: FloatArray | None
    notes: tuple[str, ...]


def increments(sample: Sample) -> FloatArray:
    """Return effects, then costs, against the first strategy: (draws, 2 x (strategies - 1))."""
    return np.hstack([against_first(each) for each in (sample.effects, sample.costs)])


def to_benefit(outcomes: int, threshold: float) -> FloatArray:
    """Return what turns increments (rows, outcomes) into net benefit (rows, strategies), 0 for the first."""
    others = outcomes // 2
    turned = np.vstack([threshold * np.eye(others), -np.eye(others)])
    return np.hstack([np.zeros((outcomes, 1)), turned])


def choose(means: FloatArray, threshold: float) -> Choice:
    """Return what it is worth to choose by means (rows, outcomes) of increments at a threshold [currency]."""
    turn = to_benefit(means.shape[1], threshold)
    choice = choose_by_benefit(means @ turn)
    return Choice(choice.gain, choice.slopes @ turn.T, choice.best)


def choose_by_benefit(benefit: FloatArray) -> Choice:
    """Return the same for net benefit (rows, strategies), which are the outcomes then [currency]."""
    most, always = largest(benefit), int(first_of_best(np.array([column.mean() for column in benefit.T])))
    best = np.zeros(benefit.shape)
    undecided = np.ones(len(benefit))
    for strategy, column in enumerate(benefit.T):
        best[:, strategy] = undecided * (column == most)
        undecided -= best[:, strategy]
    slopes = best / len(benefit)
    slopes[:, always] -= 1 / len(benefit)
    return Choice(most - benefit[:, always], slopes, best)


def largest(benefit: FloatArray) -> FloatArray:
    """Return the largest net benefit of each row; column by column, which is quick where columns are few."""
    most = benefit[:, 0]
    for column in benefit.T[1:]:
        most = np.maximum(most, column)
    return most


def given(sample: Sample, ids: tuple[str, ...]) -> RegressionFit:
    """Return the means of the increments given some inputs: all that a study of these inputs can ever tell.

    Data that depend on these inputs alone tell nothing on the outcomes beyond them, so that the mean given the data is
    the mean of these means (tower property). Working with them keeps the noise of all other inputs out.
    """
    return conditional_mean(sample.columns(ids), increments(sample))


def regression_variance(fit: RegressionFit, slopes: FloatArray) -> float:
    """Return the variance that the error of a regression gives to what depends on its means by these slopes."""
    return fit.penalised.variance_of(slopes) if slopes.any() else 0.0
