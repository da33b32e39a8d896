"""What a payer's modifier does to a run: severity weights, thresholds by severity, equal value of life-years gained.

Equal value of life-years gained (evLYG): a life-year gained counts the same for everybody.

The QALY values a life-year gained at the utility of those who gain it, so that the sicker
a population the less its survival counts. The evLYG values it at one utility, that of the
general population, and leaves gains in quality of life as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.economics import increment, net_health_benefit, net_monetary_benefit, verdict
from hemodel.entries import Entry, finite
from hemodel.model.evaluate import survival_at
from hemodel.model.occupancy import capped, states
from hemodel.model.person_time import POINTS_PER_BLOCK, STATES
from hemodel.model.utilities import adverse_event_loss, band_utility, state_utility
from hemodel.payers.profile import SeverityWeight, ThresholdBands
from hemodel.severity import Shortfall, severity_weight, shortfall, threshold_of_band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.psa.draws import Psa
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes
    from hemodel.parameters import Draws, FloatArray


BY_WEIGHT, BY_BAND = "weight", "threshold"


class SeverityAt(Entry):
    """Incremental net benefit at one threshold, without and with the weight."""

    threshold: float = Field(description="[currency per QALY]")
    nmb: float = Field(description="net monetary benefit. [currency]")
    nhb: float | None = Field(description="net health benefit. [QALY]")
    nmb_weighted: float = Field(description="net monetary benefit with the weight. [currency]")
    nhb_weighted: float | None = Field(description="net health benefit with the weight. [QALY]")
    probability: float | None = Field(
        description="share of draws in which it is cost-effective, without weight. [proportion]"
    )
    probability_weighted: float | None = Field(description="the same with the weight of the base case. [proportion]")
    probability_by_draw: float | None = Field(
        description="the same with the weight (or threshold) of each draw. [proportion]"
    )


class SeverityIncrement(Entry):
    """One intervention against the comparator with the weight."""

    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    qalys: float = Field(description="increment, discounted. [QALY]")
    costs: float = Field(description="increment, discounted. [currency]")
    weighted_qalys: float = Field(description="increment times the weight. [QALY]")
    icer: float | None = Field(description="without the weight. [currency per QALY]")
    verdict: str = Field(description="without the weight, in words")
    weighted_icer: float | None = Field(description="of the weighted QALYs. [currency per QALY]")
    weighted_verdict: str = Field(description="of the weighted QALYs, in words")
    at: list[SeverityAt] = Field(description="each threshold; none where severity gives none")


class SeverityClass(Entry):
    """A weight or a threshold, and the share of draws that have it."""

    value: float = Field(description="a weight [unitless], or a threshold [currency per QALY]")
    share_of_draws: float | None = Field(description="null without a probabilistic analysis. [proportion]")


class Severity(Entry):
    """Severity under current care (the comparator) and what follows from it."""

    kind: str = Field(description="weight: QALYs are weighed; threshold: the threshold follows")
    discounted: bool = Field(description="whether both sides of the shortfall are")
    general_population: float = Field(description="QALYs of the general population of the same ages and sexes. [QALY]")
    current_care: float = Field(description="QALYs of the comparator. [QALY]")
    absolute_shortfall: float = Field(description="general population minus current care. [QALY]")
    proportional_shortfall: float = Field(description="of the QALYs of the general population. [proportion]")
    weight: float = Field(description="of a QALY; 1 where the threshold follows. [unitless]")
    threshold: float | None = Field(
        description="by severity; null where QALYs are weighed, or below the first band. [currency per QALY]"
    )
    classes: list[SeverityClass] = Field(description="every weight or threshold that there is")
    below_first_band: float | None = Field(description="share of draws. [proportion]")
    increments: list[SeverityIncrement] = Field(description="by intervention")


def severity(
    model: Model,
    modifier: SeverityWeight | ThresholdBands,
    general: float,
    results: tuple[Outcomes, Psa | None],
    *,
    rate: float | None,
    discounted: bool,
) -> Severity:
    """Return severity, weight or threshold, and net benefit with it.

    Parameters
    ----------
    general : float
        QALYs of the general population, discounted or not as `discounted` says. [QALY]
    results : Outcomes of the base case, and Psa or None
    rate : float or None
        Units of the workbook's currency for one unit of the profile's; None: thresholds by
        severity cannot be used.
    """
    base, psa = results
    own = base.qalys.total if discounted else base.qalys.undiscounted_total
    found = shortfall(general, own[:, 0])
    drawn = None if psa is None else _drawn(psa, general, discounted=discounted)
    value, by_draw, classes = _modified(modifier, found, drawn, rate)
    kind = BY_WEIGHT if isinstance(modifier, SeverityWeight) else BY_BAND
    thresholds = model.inputs.settings.thresholds if kind == BY_WEIGHT else (() if np.isnan(value) else (value,))
    return Severity(
        kind=kind,
        discounted=discounted,
        general_population=general,
        current_care=float(own[0, 0]),
        absolute_shortfall=float(found.absolute[0]),
        proportional_shortfall=float(found.proportional[0]),
        weight=value if kind == BY_WEIGHT else 1.0,
        threshold=None if kind == BY_WEIGHT else finite(value),
        classes=[
            SeverityClass(value=c, share_of_draws=None if by_draw is None else float((by_draw == c).mean()))
            for c in classes
        ],
        below_first_band=None if by_draw is None else float(np.isnan(by_draw).mean()),
        increments=[
            _weighed(base, psa, i, (kind, value, by_draw), thresholds) for i in range(1, len(model.strategies))
        ],
    )


def _drawn(psa: Psa, general: float, *, discounted: bool) -> Shortfall:
    return shortfall(general, (psa.qalys if discounted else psa.qalys_undiscounted)[:, 0])


def _modified(
    modifier: SeverityWeight | ThresholdBands, found: Shortfall, drawn: Shortfall | None, rate: float | None
) -> tuple[float, FloatArray | None, tuple[float, ...]]:
    """Return the weight or threshold of the base case, that of every draw, and all there are."""
    if isinstance(modifier, SeverityWeight):
        cuts = (modifier.absolute, modifier.proportional, modifier.weights)
        by_draw = None if drawn is None else severity_weight(drawn, *cuts)
        return float(severity_weight(found, *cuts)[0]), by_draw, modifier.weights
    scale = np.nan if rate is None else rate
    thresholds = tuple(scale * threshold for threshold in modifier.thresholds)
    value = threshold_of_band(getattr(found, modifier.measure), modifier.starts, thresholds)
    if rate is None:
        return float("nan"), None, ()
    by_draw = (
        None if drawn is None else threshold_of_band(getattr(drawn, modifier.measure), modifier.starts, thresholds)
    )
    return float(value[0]), by_draw, thresholds


def _weighed(
    base: Outcomes,
    psa: Psa | None,
    i: int,
    modified: tuple[str, float, FloatArray | None],
    thresholds: Sequence[float],
) -> SeverityIncrement:
    kind, value, by_draw = modified
    qalys, costs = (float(increment(t.total[0], i)) for t in (base.qalys, base.costs))
    weight = value if kind == BY_WEIGHT else 1.0
    gains = None if psa is None else (increment(psa.qalys, i), increment(psa.costs, i))
    plain, weighted = verdict(costs, qalys), verdict(costs, weight * qalys)
    return SeverityIncrement(
        intervention=base.strategies[i],
        comparator=base.strategies[0],
        qalys=qalys,
        costs=costs,
        weighted_qalys=weight * qalys,
        icer=plain.icer,
        verdict=plain.word,
        weighted_icer=weighted.icer,
        weighted_verdict=weighted.word,
        at=[_at(threshold, (qalys, costs), weight, gains, (kind, by_draw)) for threshold in thresholds],
    )


def _at(
    threshold: float,
    increments: tuple[float, float],
    weight: float,
    gains: tuple[FloatArray, FloatArray] | None,
    draws: tuple[str, FloatArray | None],
) -> SeverityAt:
    qalys, costs = increments
    plain = weighted = own = None
    kind, by_draw = draws
    if gains is not None and by_draw is not None:
        plain = _favourable(net_monetary_benefit(*gains, threshold))
        weighted = _favourable(net_monetary_benefit(*gains, threshold * weight))
        own = _favourable(net_monetary_benefit(*gains, threshold * by_draw if kind == BY_WEIGHT else by_draw))
    return SeverityAt(
        threshold=threshold,
        nmb=net_monetary_benefit(qalys, costs, threshold),
        nhb=net_health_benefit(qalys, costs, threshold),
        nmb_weighted=net_monetary_benefit(weight * qalys, costs, threshold),
        nhb_weighted=net_health_benefit(weight * qalys, costs, threshold),
        probability=plain,
        probability_weighted=weighted,
        probability_by_draw=own,
    )


def _favourable(benefit: FloatArray) -> float:
    """Return the share of draws with a positive benefit; a tie counts half, NaN (no threshold) not at all."""
    return float(((benefit > 0) + 0.5 * (benefit == 0)).mean())


def equal_value_life_years(model: Model, draws: Draws, utility: float) -> FloatArray:
    """Return the discounted equal value of life-years gained over the comparator.

    With S the share alive and q the mean utility of all patients (alive or dead) at a
    cycle boundary, 1 the intervention and 0 the comparator, u the utility of a life-year
    gained, the gain there is

    - u (S1 - S0) + S0 q1 / S1 - q0 where S1 > S0: added life at u, life that both have at
      the utility of the intervention less that of the comparator;
    - q1 - q0 elsewhere: where no life is gained, the QALY.

    These are summed with the weights of the QALYs (half-cycle correction and discounting of
    effects). Where utilities change with age q is that of the age reached (and at most the
    norm, where it is capped) and u stays as it is. Adverse events lose what they lose in QALYs.

    Parameters
    ----------
    draws : mapping
        As for `evaluate`.
    utility : float
        Utility of a life-year gained. [utility]

    Returns
    -------
    array (draws, strategies)
        [evLY]; 0 for the comparator. It equals the QALYs gained where every utility is
        `utility` or no life is gained, and is at least as much where utilities in added
        life are at most `utility`.

    Notes
    -----
    The split into added life and quality of shared life is that of Campbell, Whittington
    and Pearson, An alternative measure of health for value assessment: the equal value
    life-year, PharmacoEconomics 2023;41:1175-1182, as cited in public summaries of it.
    Life is gained cycle by cycle, the second of two ways that Herring and Mladsi compare
    (Equal value of life-years gained: comparison of methodologies for a cohort Markov
    model, ISPOR 2021), not from when the comparator's total is exceeded. That the QALY
    stands where a cycle gains no life has not been checked against ICER's own text.
    """
    count = max(array.shape[0] for array in draws.values())
    size = max(1, POINTS_PER_BLOCK // model.time_grid.timeline.days.size)
    found = np.zeros((count, len(model.strategies)))
    for start in range(0, count, size):
        found[start : start + size] = _gained(model, _rows(draws, start, size), utility)
    losses = [adverse_event_loss(model.inputs, draws, strategy) for strategy in model.strategies]
    lost = np.stack(np.broadcast_arrays(*(loss - losses[0] for loss in losses)), axis=1)
    return np.asarray(found - lost)


def _rows(draws: Draws, start: int, size: int) -> Draws:
    return {id_: array if array.shape[0] == 1 else array[start : start + size] for id_, array in draws.items()}


def _gained(model: Model, draws: Draws, utility: float) -> FloatArray:
    """Return the gain of every strategy in a block of draws, before adverse events (draws, strategies)."""
    plan = model.time_grid
    boundaries = plan.timeline.positions(plan.timeline.boundaries)
    years = plan.weights[boundaries, 2]
    aged = years if plan.aged is None else plan.aged.weights[boundaries, 2]
    alive, quality = _alive_and_quality(model, draws, model.strategies[0])
    gains = [np.zeros(1)]
    for strategy in model.strategies[1:]:
        own_alive, own_quality = _alive_and_quality(model, draws, strategy)
        shared = np.divide(
            alive, own_alive, out=np.ones(np.broadcast_shapes(alive.shape, own_alive.shape)), where=own_alive > alive
        )
        added = np.maximum(own_alive - alive, 0.0)
        gains.append(utility * added @ years + (shared * own_quality - quality) @ aged)
    return np.stack(np.broadcast_arrays(*gains), axis=1)


def _alive_and_quality(model: Model, draws: Draws, strategy: str) -> tuple[FloatArray, FloatArray]:
    """Return share alive and mean utility of all patients at every boundary, (draws, boundaries)."""
    boundaries = model.time_grid.timeline.boundaries
    alive = _survival(model, draws, "os", strategy, boundaries)
    if model.time_grid.band_weights:
        return alive, _quality_by_band(model, draws, strategy, alive)
    free = capped(_survival(model, draws, "pfs", strategy, boundaries), alive)
    occupied = states(free, alive)
    valued = ((occupied[state], _at_most_norm(model, state_utility(draws, strategy, state))) for state in STATES)
    return alive, sum((share * worth for share, worth in valued), np.zeros((1, 1)))


def _quality_by_band(model: Model, draws: Draws, strategy: str, alive: FloatArray) -> FloatArray:
    """Return the mean utility where utilities are by time to death: by when those alive at a boundary die."""
    boundaries, quality, later = model.time_grid.timeline.boundaries, np.zeros((1, 1)), alive
    for band in model.inputs.bands:
        beyond = np.zeros((1, 1))
        if band.within is not None:
            beyond = _survival(model, draws, "os", strategy, boundaries + band.within)
        quality = quality + (later - beyond) * _at_most_norm(model, band_utility(draws, band.id))
        later = beyond
    return quality


def _at_most_norm(model: Model, utility: FloatArray) -> FloatArray:
    """Return a utility at the start, no higher than the population's norm where it is capped, (draws, 1)."""
    aged = model.time_grid.aged
    return (utility if aged is None or aged.norm is None else np.minimum(utility, aged.norm))[:, None]


def _survival(model: Model, draws: Draws, endpoint: str, strategy: str, days: FloatArray) -> FloatArray:
    """Return survival (draws, days) on days of the grid."""
    timeline = model.time_grid.timeline
    return survival_at(model, draws, endpoint, strategy, timeline.months[timeline.positions(days)])
