"""Whether every draw is one that could be: supports, moments, time in states, utilities, caps.

Why the mean of the draws differs from the base case, and what makes a draw extreme.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.psa.draws import CURVE, input_labels, means
from hemodel.analyses.psa.sums import COSTS, QALYS, totals
from hemodel.economics import increment, increments, net_monetary_benefit
from hemodel.model.evaluate import base_draws, evaluate
from hemodel.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hemodel.analyses.psa.draws import Psa
    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray, Parameter


FAR = 4.5
"""Standard errors between a drawn and a declared mean that are too many: 1 in 150,000 by chance."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class InputCheck:
    """One input over the draws: what was declared and what was drawn.

    Attributes
    ----------
    id, label : str
    mean, sd : float
        Declared, by its distribution.
    drawn_mean, drawn_sd, lowest, highest : float
        Over every draw.
    standard_errors : float
        Difference of the means in standard errors of independent draws.
    base : float
        Value of the base case, which need not be the mean.
    """

    id: str
    label: str
    mean: float
    sd: float
    drawn_mean: float
    drawn_sd: float
    lowest: float
    highest: float
    standard_errors: float
    base: float


@dataclass(frozen=True)
class DrawCheck:
    """One check of every draw: what was looked at, what was found, and whether it holds."""

    name: str
    found: str
    holds: bool


def input_checks(psa: Psa, model: Model) -> tuple[InputCheck, ...]:
    """Return declared and drawn moments of every input that varies, without the coefficients of curves."""
    parameters = {p.id: p for p in model.inputs.parameters}
    shares = _shares(model)
    found = []
    for id_, centre in psa.frame.inputs.items():
        if id_ not in parameters:
            continue
        n = float(psa.draws)
        total, squared = float(psa.sums[f"input {id_}"][0]), float(psa.sums[f"input_squared {id_}"][0])
        drawn_mean = float(centre[0]) + total / n
        drawn_sd = float(np.sqrt(max(squared - total**2 / n, 0.0) / (n - 1.0)))
        mean, sd = shares[id_] if id_ in shares else _declared(parameters[id_])
        found.append(
            InputCheck(
                id=id_,
                label=parameters[id_].label,
                mean=mean,
                sd=sd,
                drawn_mean=drawn_mean,
                drawn_sd=drawn_sd,
                lowest=float(psa.sums[f"lowest {id_}"][0]),
                highest=float(psa.sums[f"highest {id_}"][0]),
                standard_errors=(drawn_mean - mean) / (sd / np.sqrt(n)) if sd > 0 else 0.0,
                base=parameters[id_].value,
            )
        )
    return tuple(found)


def _declared(parameter: Parameter) -> tuple[float, float]:
    return (parameter.value, 0.0) if parameter.distribution is None else parameter.distribution.moments()


def _shares(model: Model) -> dict[str, tuple[float, float]]:
    """Mean and SD of shares with a Dirichlet distribution, of which the fixed ones of a group take their part."""
    found = {}
    for group in {p.group for p in model.inputs.parameters if p.group}:
        members = [p for p in model.inputs.parameters if p.group == group]
        weights = {p.id: p.distribution.parameters[0] for p in members if p.distribution is not None}
        rest, total = 1.0 - sum(p.value for p in members if p.distribution is None), sum(weights.values())
        for id_, weight in weights.items():
            mean = weight / total
            found[id_] = (rest * mean, rest * float(np.sqrt(mean * (1.0 - mean) / (total + 1.0))))
    return found


def checks(psa: Psa, model: Model) -> tuple[DrawCheck, ...]:
    """Return the checks of every draw."""
    return tuple(_checks(psa, model, input_checks(psa, model)))


def _checks(psa: Psa, model: Model, inputs: tuple[InputCheck, ...]) -> Iterable[DrawCheck]:
    sums, settings = psa.sums, model.inputs.settings
    finite = all(np.isfinite(array).all() for array in sums.values())
    yield DrawCheck("Every result is a number", "none is missing or infinite" if finite else "some are not", finite)
    lowest, alive = float(sums["lowest years"].min()), float(sums["highest alive"].max())
    yield DrawCheck("Time in a state is never negative", f"lowest {_clean(lowest):.4g} years", lowest >= -ROUNDING)
    holds = alive <= settings.time_horizon + 2.0 * ROUNDING + settings.cycle_length / DAYS_PER_YEAR
    yield DrawCheck(
        "Time alive is within the horizon", f"highest {alive:.4g} years of {settings.time_horizon:g}", holds
    )
    low, high = float(sums["lowest utility"].min()), float(sums["highest utility"].max())
    yield DrawCheck("Mean utility over time alive is at most 1", f"{low:.3f} to {high:.3f}", high <= 1.0 + ROUNDING)
    outside = _outside_support(model, inputs)
    yield DrawCheck("Every input is within its distribution's range", ", ".join(outside) or "all are", not outside)
    far = [f"{each.id} ({each.standard_errors:+.1f} standard errors)" for each in inputs if _far(each)]
    yield DrawCheck(
        "Drawn means are the declared ones", ", ".join(far) or f"all within {FAR:g} standard errors", not far
    )
    yield from _dependence(psa, model)


def _clean(value: float) -> float:
    return 0.0 if abs(value) <= ROUNDING else value


def _far(found: InputCheck) -> bool:
    return abs(found.standard_errors) > FAR


def _outside_support(model: Model, inputs: tuple[InputCheck, ...]) -> list[str]:
    supports = {p.id: p.distribution.support() for p in model.inputs.parameters if p.distribution is not None}
    return [
        f"{each.id} from {each.lowest:g} to {each.highest:g}"
        for each in inputs
        if each.lowest < supports[each.id][0] - ROUNDING or each.highest > supports[each.id][1] + ROUNDING
    ]


def _dependence(psa: Psa, model: Model) -> Iterable[DrawCheck]:
    """Compare rank correlations over the draws kept with those asked for, and look at orders of inputs."""
    from scipy.stats import spearmanr

    found = model.inputs.dependence
    if found.correlated:
        columns = np.column_stack([psa.inputs[id_] for id_ in found.correlated])
        drawn = np.array([[spearmanr(a, b).statistic for b in columns.T] for a in columns.T])
        gap = float(np.abs(drawn - found.used).max())
        holds = gap <= FAR / np.sqrt(psa.kept - 1.0)
        yield DrawCheck("Rank correlations are the ones asked for", f"largest difference {gap:.3f}", bool(holds))
    for higher, lower in found.orders:
        below = int((psa.inputs[lower] > psa.inputs[higher]).sum())
        held = int((psa.inputs[lower] == psa.inputs[higher]).sum())
        said = f"below in {below:,} of {psa.kept:,} draws, held at it in {held:,}"
        yield DrawCheck(f"{higher} is never below {lower}", said, below == 0)


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
