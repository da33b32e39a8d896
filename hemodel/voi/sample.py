"""What value of information starts from: the draws of a probabilistic analysis, of this model or of any other tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import net_monetary_benefit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.parameters import FloatArray


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
    """

    strategies: tuple[str, ...]
    effects: FloatArray
    costs: FloatArray
    inputs: Mapping[str, FloatArray]
    labels: Mapping[str, str]

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
        """Return the draws (draws, columns) of some inputs side by side."""
        return np.column_stack([self.inputs[id_] for id_ in ids])


@dataclass(frozen=True)
class ValueEstimate:
    """A value of information and its Monte Carlo standard error [currency per person]."""

    value: float
    standard_error: float
