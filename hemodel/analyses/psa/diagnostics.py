"""Whether every draw is one that could be: supports, moments, time in states, utilities, caps.

Why the mean of the draws differs from the base case, and what makes a draw extreme.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.analyses.psa.draws import benefit_error, error_of_mean, input_labels, means
from hemodel.analyses.psa.given import CURVE
from hemodel.analyses.psa.sums import COSTS, OUTCOMES, QALYS, UNDISCOUNTED, totals
from hemodel.economics import increment, increments, net_monetary_benefit
from hemodel.entries import Entry, finite
from hemodel.model.evaluate import base_draws, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hemodel.analyses.psa.draws import Psa
    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray, Parameter


FAR = 4.5
"""Standard errors between a drawn and a declared mean that are too many: 1 in 150,000 by chance."""
LARGEST_DIFFERENCE = 0.02
"""Share of the base case by which the mean of the draws may be off before it is said."""
ROUNDING = 1e-9


class PsaCheck(Entry):
    """One check of every draw."""

    name: str = Field(description="what was looked at")
    found: str = Field(description="what was found")
    holds: bool = Field(description="whether it holds")


class PsaInput(Entry):
    """One input over the draws: declared and drawn, in its own unit."""

    id: str = Field(description="of the input")
    label: str = Field(description="of the input")
    base: float = Field(description="value of the base case, which need not be the mean. [unit of the input]")
    mean: float = Field(description="of its distribution. [unit of the input]")
    sd: float = Field(description="of its distribution. [unit of the input]")
    drawn_mean: float = Field(description="over every draw. [unit of the input]")
    drawn_sd: float = Field(description="over every draw. [unit of the input]")
    lowest: float = Field(description="of every draw. [unit of the input]")
    highest: float = Field(description="of every draw. [unit of the input]")
    standard_errors: float = Field(description="drawn mean minus declared mean. [standard errors]")
    given: bool = Field(description="whether its draws are from a file, which need not have the declared mean")


class PsaTotal(Entry):
    """The mean of the draws beside the base case, of one outcome of one strategy."""

    strategy: str = Field(description="id of the strategy")
    outcome: str = Field(description="life_years, qalys or costs")
    base: float = Field(description="of the base case, discounted. [year, QALY or currency]")
    mean: float = Field(description="of the draws, discounted. [year, QALY or currency]")
    difference: float | None = Field(
        description="mean over base case, minus 1; null where the base case is 0. [proportion]"
    )
    mcse: float | None = Field(
        description="Monte Carlo standard error of the mean over the base case; null where that or it has no value. "
        "[proportion]"
    )
    apart: bool = Field(description="whether the difference is more than 2%")


class PsaReason(Entry):
    """What the distribution of one input does alone: mean increment over it minus the base case."""

    id: str = Field(description="of the input, or curve.<endpoint>")
    label: str = Field(description="of the input")
    qalys: float = Field(description="[QALY]")
    costs: float = Field(description="[currency]")
    nmb: float = Field(description="at the decision threshold. [currency]")


class PsaDifference(Entry):
    """Mean increments of the draws minus those of the base case, and the inputs that make the difference."""

    intervention: str = Field(description="id of the strategy")
    qalys: float = Field(description="[QALY]")
    costs: float = Field(description="[currency]")
    nmb: float = Field(description="at the decision threshold. [currency]")
    mcse_nmb: float = Field(description="Monte Carlo standard error of the mean of the draws. [currency]")
    reasons: list[PsaReason] = Field(description="every input, largest first")
    rest: PsaReason = Field(description="what the largest eight reasons leave: other inputs, inputs together, chance")


class PsaShare(Entry):
    """An input and its share of the distance of a draw from the mean."""

    id: str = Field(description="of the input, or curve.<endpoint>")
    label: str = Field(description="of the input")
    share: float = Field(description="[proportion]")


class PsaExtreme(Entry):
    """A draw far from the mean; reasons are shares of its distance by a linear regression on each input alone."""

    draw: int = Field(description="number of the draw, from 1")
    qalys: float = Field(description="increment. [QALY]")
    costs: float = Field(description="increment. [currency]")
    nmb: float = Field(description="incremental, at the decision threshold. [currency]")
    reasons: list[PsaShare] = Field(description="largest first")


def input_checks(psa: Psa, model: Model) -> list[PsaInput]:
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
            PsaInput(
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
                given=id_ in psa.from_file,
            )
        )
    return found


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


def checks(psa: Psa, model: Model) -> list[PsaCheck]:
    """Return the checks of every draw."""
    return [
        PsaCheck(name=name, found=found, holds=bool(holds))
        for name, found, holds in _checks(psa, model, input_checks(psa, model))
    ]


def _checks(psa: Psa, model: Model, inputs: list[PsaInput]) -> Iterable[tuple[str, str, bool]]:
    sums, settings = psa.sums, model.inputs.settings
    finite = all(np.isfinite(array).all() for array in sums.values())
    yield "Every result is a number", "none is missing or infinite" if finite else "some are not", finite
    lowest, alive = float(sums["lowest years"].min()), float(sums["highest alive"].max())
    yield "Time in a state is never negative", f"lowest {_clean(lowest):.4g} years", lowest >= -ROUNDING
    holds = alive <= settings.time_horizon + 2.0 * ROUNDING
    yield "Time alive is within the horizon", f"highest {alive:.4g} years of {settings.time_horizon:g}", holds
    low, high = float(sums["lowest utility"].min()), float(sums["highest utility"].max())
    yield "Mean utility over time alive is at most 1", f"{low:.3f} to {high:.3f}", high <= 1.0 + ROUNDING
    outside = _outside_support(model, inputs)
    yield "Every input is within its distribution's range", ", ".join(outside) or "all are", not outside
    others, words = _not_the_value(model)
    yield "Declared means (of ratios, medians) are the values", words, not others
    far = [f"{each.id} ({each.standard_errors:+.1f} standard errors)" for each in inputs if _far(each)]
    yield "Drawn means are the declared ones", ", ".join(far) or f"all within {FAR:g} standard errors", not far
    yield from _dependence(psa, model)


def _clean(value: float) -> float:
    return 0.0 if abs(value) <= ROUNDING else value


def _far(found: PsaInput) -> bool:
    return not found.given and abs(found.standard_errors) > FAR


def _outside_support(model: Model, inputs: list[PsaInput]) -> list[str]:
    supports = {p.id: p.distribution.support() for p in model.inputs.parameters if p.distribution is not None}
    return [
        f"{each.id} from {each.lowest:g} to {each.highest:g}"
        for each in inputs
        if not each.given
        if each.lowest < supports[each.id][0] - ROUNDING or each.highest > supports[each.id][1] + ROUNDING
    ]


def _not_the_value(model: Model) -> tuple[list[str], str]:
    """Return the inputs whose declared mean, or median where they are ratios, is not their value; and what to say.

    Where counts are the source half an event is added on purpose, which is said and is no fault.
    """
    others, counted = [], 0
    shares = _shares(model)
    for each in model.inputs.parameters:
        if each.distribution is None:
            continue
        if model.inputs.rows[each.id].distribution == "beta_counts":
            counted += 1
            continue
        centre = shares[each.id][0] if each.id in shares else each.distribution.centre()
        if abs(centre - each.value) > ROUNDING * max(abs(each.value), abs(centre)):
            others.append(f"{each.id} ({each.distribution.value_is} {centre:g} for {each.value:g})")
    words = ", ".join(others) or "all are"
    return others, f"{words}; half an event is added to {counted} counts" if counted else words


def _dependence(psa: Psa, model: Model) -> Iterable[tuple[str, str, bool]]:
    """Compare rank correlations over the draws kept with those asked for, and look at orders of inputs."""
    from scipy.stats import spearmanr

    found = model.inputs.dependence
    if found.correlated:
        columns = np.column_stack([psa.inputs[id_] for id_ in found.correlated])
        drawn = np.array([[spearmanr(a, b).statistic for b in columns.T] for a in columns.T])
        gap = float(np.abs(drawn - found.used).max())
        holds = gap <= FAR / np.sqrt(psa.kept - 1.0)
        yield "Rank correlations are the ones asked for", f"largest difference {gap:.3f}", bool(holds)
    for higher, lower in found.orders:
        below = int((psa.inputs[lower] > psa.inputs[higher]).sum())
        held = int((psa.inputs[lower] == psa.inputs[higher]).sum())
        said = f"below in {below:,} of {psa.kept:,} draws, held at it in {held:,}"
        yield f"{higher} is never below {lower}", said, below == 0


POINTS = 16
"""Equally likely points that stand for the distribution of an input."""
CURVE_DRAWS = 256
"""Draws of the coefficients of a curve that stand for their distribution, half of them mirror images."""
MOST_REASONS = 8
"""Reasons for the difference of mean and base case that are shown one by one."""
REST = "other inputs, inputs together, and chance"
EXTREMES = 5
REASONS = 3


def against_base(psa: Psa, model: Model) -> list[PsaTotal]:
    """Return the mean of the draws beside the base case for the life-years, QALYs and costs of every strategy."""
    base = totals(evaluate(model, base_draws(model)))[:, 0]
    found, error = means(psa.frame, psa.sums), np.zeros(base.shape)
    for place in np.ndindex(*base.shape):
        weights = np.zeros(base.shape)
        weights[place] = 1.0
        error[place] = error_of_mean(psa.sums, psa.sampling, weights.ravel())
    return [
        _total(strategy, outcome, *(float(values[k, i]) for values in (base, found, error)))
        for i, strategy in enumerate(psa.strategies)
        for k, outcome in enumerate(OUTCOMES[:UNDISCOUNTED])
    ]


def _total(strategy: str, outcome: str, base: float, mean: float, error: float) -> PsaTotal:
    difference = mean / base - 1.0 if base else None
    return PsaTotal(
        strategy=strategy,
        outcome=outcome,
        base=base,
        mean=mean,
        difference=difference,
        mcse=finite(error / abs(base)) if base else None,
        apart=difference is not None and abs(difference) > LARGEST_DIFFERENCE,
    )


def explained(psa: Psa, model: Model) -> list[PsaDifference]:
    """Return the difference of means and base case of each intervention, and what each uncertain input does alone.

    The inputs stand in the order of what they do to net benefit of the first intervention. What they do together
    (interactions) is the rest. Shares with a Dirichlet distribution, whose means are their base values and in which
    costs are linear, are left out.
    """
    base = _increments(totals(evaluate(model, base_draws(model))))[:, 0]
    gap = increments(means(psa.frame, psa.sums))[[QALYS, COSTS]] - base
    names, threshold = input_labels(model), model.inputs.settings.decision_threshold
    moved = _moved(model, _alone(psa, model), base)

    def reason(id_: str, label: str, gains: Sequence[float]) -> PsaReason:
        qalys, costs = (float(gain) for gain in gains)
        benefit = net_monetary_benefit(qalys, costs, threshold)
        return PsaReason(id=id_, label=label, qalys=qalys, costs=costs, nmb=benefit)

    found = []
    order: list[str] = []
    for place, intervention in enumerate(psa.strategies[1:]):
        reasons = {id_: reason(id_, names[id_], gains[:, place].tolist()) for id_, gains in moved.items()}
        order = order or sorted(reasons, key=lambda id_: -abs(reasons[id_].nmb))
        whole, largest = reason("", REST, gap[:, place].tolist()), [reasons[id_] for id_ in order[:MOST_REASONS]]
        rest = whole.qalys - sum(one.qalys for one in largest), whole.costs - sum(one.costs for one in largest)
        found.append(
            PsaDifference(
                intervention=intervention,
                qalys=whole.qalys,
                costs=whole.costs,
                nmb=whole.nmb,
                mcse_nmb=benefit_error(psa.frame, psa.sums, psa.sampling, place + 1, threshold),
                reasons=[reasons[id_] for id_ in order],
                rest=reason("", REST, rest),
            )
        )
    return found


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
        if parameter.id in psa.from_file and parameter.id in psa.inputs and not parameter.group:
            drawn = psa.inputs[parameter.id]
            values = np.quantile(drawn, middle)
            return np.asarray(values + (drawn.mean() - values.mean()))
        if parameter.distribution is None or parameter.group:
            return None
        values = parameter.distribution.quantile(middle)
        # Equal weights lose a little of the mean in the tails; the rest is put back.
        return np.asarray(values + (parameter.distribution.moments()[0] - values.mean()))

    found = {p.id: values for p in model.inputs.parameters if (values := points(p)) is not None}
    return found | {id_: _of_curve(psa, model, id_) for id_ in psa.inputs if id_.startswith(f"{CURVE}.")}


def _of_curve(psa: Psa, model: Model, id_: str) -> FloatArray:
    """Return draws of the coefficients of a curve.

    Of a normal distribution draws with their mirror images about its mean, so that what is linear in the coefficients
    cancels and no chance difference is taken for an effect.
    """
    fit, drawn = model.fits[id_.removeprefix(f"{CURVE}.")], psa.inputs[id_]
    if fit.bootstrap is not None or fit.weights or id_ in psa.from_file:
        return drawn[:CURVE_DRAWS]
    half = drawn[: CURVE_DRAWS // 2]
    return np.concatenate([half, 2.0 * fit.coefficients - half])


def extreme_draws(psa: Psa, model: Model) -> list[PsaExtreme]:
    """Return the draws with the lowest and the highest incremental net benefit of those kept, lowest first."""
    qalys, costs = increment(psa.qalys, 1), increment(psa.costs, 1)
    benefit = net_monetary_benefit(qalys, costs, model.inputs.settings.decision_threshold)
    order = np.argsort(benefit, kind="stable")
    few = min(EXTREMES, benefit.size // 2)
    chosen = np.concatenate([order[:few], order[order.size - few :]])
    apart = benefit - benefit.mean()
    parts = {id_: _linear(array, apart)[chosen] for id_, array in psa.inputs.items()}
    names = input_labels(model)

    def reasons(place: int, draw: int) -> list[PsaShare]:
        if apart[draw] == 0.0:
            return []
        shares = {id_: float(part[place] / apart[draw]) for id_, part in parts.items()}
        largest = sorted(shares, key=lambda id_: -shares[id_])[:REASONS]
        return [PsaShare(id=id_, label=names[id_], share=shares[id_]) for id_ in largest]

    return [
        PsaExtreme(
            draw=d + 1,
            qalys=float(qalys[d]),
            costs=float(costs[d]),
            nmb=float(benefit[d]),
            reasons=reasons(place, d),
        )
        for place, d in enumerate(chosen.tolist())
    ]


def _linear(values: FloatArray, apart: FloatArray) -> FloatArray:
    """Fitted distances from the mean (draws,) by least squares on one input."""
    columns = values.reshape(values.shape[0], -1)
    centred = columns - columns.mean(axis=0)
    coefficients, *_ = np.linalg.lstsq(centred, apart, rcond=None)
    return np.asarray(centred @ coefficients)
