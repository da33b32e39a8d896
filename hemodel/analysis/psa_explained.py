"""Why the mean of the draws differs from the base case, and what makes a draw extreme."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.probabilistic import CURVE, input_labels
from hemodel.analysis.psa_results import means
from hemodel.analysis.psa_sums import COSTS, QALYS, totals
from hemodel.economics import increment, increments, net_monetary_benefit
from hemodel.model import base_draws, evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.analysis.probabilistic import Psa
    from hemodel.model import Model
    from hemodel.parameters import FloatArray, Parameter

POINTS = 16
"""Equally likely points that stand for the distribution of an input."""
CURVE_DRAWS = 256
"""Draws of the coefficients of a curve that stand for their distribution, half of them mirror images."""
EXTREMES = 5
REASONS = 3


@dataclass(frozen=True)
class Reason:
    """What the distribution of one input, alone, does to mean increments, all others at the base case.

    Attributes
    ----------
    id, label : str
    qalys, costs : array (strategies - 1,)
        Mean increments over its distribution minus those of the base case.
    """

    id: str
    label: str
    qalys: FloatArray
    costs: FloatArray


@dataclass(frozen=True)
class Shift:
    """A move of mean incremental QALYs, costs [currency] and net monetary benefit at a threshold [currency]."""

    qalys: float
    costs: float
    benefit: float


@dataclass(frozen=True)
class Explained:
    """Mean increments of the draws minus those of the base case, and the inputs that make the difference.

    Attributes
    ----------
    qalys, costs : array (strategies - 1,)
    reasons : tuple of Reason
        By the size of what they do to net benefit of the first intervention, largest first.
    threshold : float
        At which they are ordered.
    """

    qalys: FloatArray
    costs: FloatArray
    reasons: tuple[Reason, ...]
    threshold: float

    def whole(self, place: int) -> Shift:
        """Return the difference for the intervention at a place, from 0."""
        return self._shift(float(self.qalys[place]), float(self.costs[place]))

    def alone(self, reason: Reason, place: int) -> Shift:
        """Return what one input does to it."""
        return self._shift(float(reason.qalys[place]), float(reason.costs[place]))

    def rest(self, shown: Sequence[Shift], place: int) -> Shift:
        """Return what is left of the difference when what some inputs do alone is taken off."""
        whole = self.whole(place)
        return self._shift(whole.qalys - sum(s.qalys for s in shown), whole.costs - sum(s.costs for s in shown))

    def _shift(self, qalys: float, costs: float) -> Shift:
        return Shift(qalys, costs, net_monetary_benefit(qalys, costs, self.threshold))


def explained(psa: Psa, model: Model) -> Explained:
    """Return the difference of means and base case, and what each uncertain input does alone.

    What the inputs do together (interactions) is the rest. Shares with a Dirichlet distribution, whose means are
    their base values and in which costs are linear, are left out.
    """
    base = _increments(totals(evaluate(model, base_draws(model))))[:, 0]
    found = means(psa.frame, psa.sums)
    gap = increments(found)[[QALYS, COSTS]] - base
    names = input_labels(model)
    reasons = [
        Reason(id_, names[id_], moved[0], moved[1]) for id_, moved in _moved(model, _alone(psa, model), base).items()
    ]
    threshold = model.inputs.settings.decision_threshold
    reasons.sort(key=lambda r: -abs(net_monetary_benefit(float(r.qalys[0]), float(r.costs[0]), threshold)))
    return Explained(gap[0], gap[1], tuple(reasons), threshold)


def _moved(model: Model, alone: Mapping[str, FloatArray], base: FloatArray) -> dict[str, FloatArray]:
    """Mean incremental QALYs and costs (2, strategies - 1) over the values of each input, minus the base case."""
    if not alone:
        return {}
    ends = np.cumsum([0, *(values.shape[0] for values in alone.values())])
    places = {id_: slice(start, end) for id_, (start, end) in zip(alone, pairwise(ends.tolist()), strict=True)}
    draws = {id_: np.repeat(array, int(ends[-1]), axis=0) for id_, array in base_draws(model).items()}
    for id_, values in alone.items():
        draws[id_][places[id_]] = values
    gains = _increments(totals(evaluate(model, draws)))
    return {id_: gains[:, place].mean(axis=1) - base for id_, place in places.items()}


def _increments(found: FloatArray) -> FloatArray:
    """Incremental QALYs and costs (2, draws, strategies - 1)."""
    return increments(found)[[QALYS, COSTS]]


def _alone(psa: Psa, model: Model) -> Mapping[str, FloatArray]:
    """Values that stand for the distribution of each input."""
    middle = (np.arange(POINTS) + 0.5) / POINTS

    def points(parameter: Parameter) -> FloatArray | None:
        if parameter.distribution is None or parameter.group:
            return None
        values = parameter.distribution.quantile(middle)
        # Equal weights lose a little of the mean in the tails; the rest is put back.
        return np.asarray(values + (parameter.distribution.moments()[0] - values.mean()))

    found = {p.id: values for p in model.inputs.parameters if (values := points(p)) is not None}
    return found | {id_: _of_curve(model, id_, psa.inputs[id_]) for id_ in psa.inputs if id_.startswith(f"{CURVE}.")}


def _of_curve(model: Model, id_: str, drawn: FloatArray) -> FloatArray:
    """Return draws of the coefficients of a curve.

    Of a normal distribution draws with their mirror images about its mean, so that what is linear in the coefficients
    cancels and no chance difference is taken for an effect.
    """
    fit = model.fits[id_.removeprefix(f"{CURVE}.")]
    if fit.bootstrap is not None or fit.weights:
        return drawn[:CURVE_DRAWS]
    half = drawn[: CURVE_DRAWS // 2]
    return np.concatenate([half, 2.0 * fit.coefficients - half])


@dataclass(frozen=True)
class Extreme:
    """A draw far from the mean, and the inputs that put it there.

    Attributes
    ----------
    draw : int
        Number of the draw, from 1.
    qalys, costs, benefit : float
        Increments of the first intervention, and net monetary benefit at the decision threshold.
    reasons : tuple of (id, label, share)
        Inputs by the share of the distance to the mean that a linear regression on the input alone gives it.
    """

    draw: int
    qalys: float
    costs: float
    benefit: float
    reasons: tuple[tuple[str, str, float], ...]


def extreme_draws(psa: Psa, model: Model) -> tuple[Extreme, ...]:
    """Return the draws with the lowest and the highest incremental net benefit of those kept, lowest first."""
    qalys, costs = increment(psa.qalys, 1), increment(psa.costs, 1)
    benefit = net_monetary_benefit(qalys, costs, model.inputs.settings.decision_threshold)
    order = np.argsort(benefit, kind="stable")
    few = min(EXTREMES, benefit.size // 2)
    chosen = np.concatenate([order[:few], order[order.size - few :]])
    apart = benefit - benefit.mean()
    parts = {id_: _linear(array, apart)[chosen] for id_, array in psa.inputs.items()}
    names = input_labels(model)

    def reasons(place: int, draw: int) -> tuple[tuple[str, str, float], ...]:
        if apart[draw] == 0.0:
            return ()
        shares = {id_: float(part[place] / apart[draw]) for id_, part in parts.items()}
        largest = sorted(shares, key=lambda id_: -shares[id_])[:REASONS]
        return tuple((id_, names[id_], shares[id_]) for id_ in largest)

    return tuple(
        Extreme(int(d) + 1, float(qalys[d]), float(costs[d]), float(benefit[d]), reasons(place, int(d)))
        for place, d in enumerate(chosen)
    )


def _linear(values: FloatArray, apart: FloatArray) -> FloatArray:
    """Fitted distances from the mean (draws,) by least squares on one input."""
    columns = values.reshape(values.shape[0], -1)
    centred = columns - columns.mean(axis=0)
    coefficients, *_ = np.linalg.lstsq(centred, apart, rcond=None)
    return np.asarray(centred @ coefficients)
