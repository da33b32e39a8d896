"""What value of information starts from: the draws of a probabilistic analysis, of this model or of any other tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import net_monetary_benefit
from hemodel.sampling import RANDOM, SOBOL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.parameters import FloatArray


FEWEST_DRAWS = 100
"""Below this there is no regression."""


def no_regression(draws: int, sampling: str) -> str:
    """Return why there is no regression of outcomes on inputs, in a sentence; nothing where there is one.

    Scrambled Sobol points of many dimensions have regular patterns in pairs of them. An input without effect then
    stands in a pattern with one that matters, and the regression takes the outcome for its own, with an error as if
    draws were independent: with 10,240 draws, too, one in ten inputs without effect has a value above twice its
    error. Random draws and Latin hypercubes have no such patterns.
    """
    if sampling == SOBOL:
        return (
            "Values of single inputs and of studies are not estimated from Sobol points, whose patterns look like "
            "effects of inputs that have none: draw with settings.sampling random or latin_hypercube."
        )
    return "There are too few draws for the value of single inputs." if draws < FEWEST_DRAWS else ""


@dataclass(frozen=True)
class Sample:
    """Draws of uncertain inputs, and the costs and effects that each draw leads to.

    Attributes
    ----------
    strategies : tuple of str
        Comparator first, where one is named.
    effects : array (draws, strategies)
        Total QALYs, or other effects.
    costs : array (draws, strategies)
        Total costs. [currency]
    inputs : mapping from id to array (draws,) or (draws, p)
        The inputs that vary. One with a second axis, such as the coefficients of a curve, is one input.
    labels : mapping from id to str
        What each input is called in tables and charts.
    sampling : str
        Design of the draws, as `hemodel.sampling` names it.
    """

    strategies: tuple[str, ...]
    effects: FloatArray
    costs: FloatArray
    inputs: Mapping[str, FloatArray]
    labels: Mapping[str, str]
    sampling: str = RANDOM

    @property
    def draws(self) -> int:
        """Number of draws."""
        return int(self.costs.shape[0])

    @property
    def mean_effects(self) -> FloatArray:
        """Mean effects over the draws, (strategies,)."""
        return np.asarray(self.effects.mean(axis=0))

    @property
    def mean_costs(self) -> FloatArray:
        """Mean costs over the draws, (strategies,) [currency]."""
        return np.asarray(self.costs.mean(axis=0))

    def benefit(self, threshold: float) -> FloatArray:
        """Return the net monetary benefit (draws, strategies) at a threshold [currency]."""
        return net_monetary_benefit(self.effects, self.costs, threshold)

    def columns(self, ids: tuple[str, ...]) -> FloatArray:
        """Return the draws (draws, columns) of some inputs side by side; of no input, no column."""
        return np.column_stack([np.empty((self.draws, 0)), *(self.inputs[id_] for id_ in ids)])
