"""What a payer's modifier does to a run: severity weights, thresholds by severity, equal value of life-years gained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import Verdict, increment, net_health_benefit, net_monetary_benefit, verdict
from hemodel.payers.profile import SeverityWeight, ThresholdBands
from hemodel.severity import Shortfall, severity_weight, shortfall, threshold_of_band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analysis.probabilistic import Psa
    from hemodel.model import Model
    from hemodel.outcomes import Outcomes
    from hemodel.parameters import FloatArray

BY_WEIGHT, BY_BAND = "weight", "threshold"


@dataclass(frozen=True)
class AtThreshold:
    """Net benefit of one intervention over the comparator at one threshold, without and with the modifier.

    Of draws: the share in which it is cost-effective without the modifier, with that of the
    base case, and with that of each draw; None without a probabilistic analysis.
    """

    threshold: float
    nmb: float
    nhb: float
    nmb_weighted: float
    nhb_weighted: float
    probability: float | None
    probability_weighted: float | None
    probability_by_draw: float | None


@dataclass(frozen=True)
class Weighed:
    """Increments of one intervention over the comparator with the modifier: weighted QALYs and what they cost."""

    intervention: str
    comparator: str
    qalys: float
    costs: float
    weighted_qalys: float
    verdict: Verdict
    weighted: Verdict
    at: tuple[AtThreshold, ...]


@dataclass(frozen=True)
class Severity:
    """Severity of the condition under current care, the comparator, and what follows from it.

    Attributes
    ----------
    kind : str
        weight: QALYs are weighed; threshold: the threshold follows.
    discounted : bool
        Whether both sides of the shortfall are.
    general, current_care : float
        QALYs of the general population of the same ages and sexes, and of the comparator. [QALY]
    absolute, proportional : float
        Shortfall. [QALY], [proportion]
    value : float
        The weight, or the threshold in the currency of the workbook (NaN below the first band).
    classes : tuple of (float, float or None)
        Every weight or threshold with the share of draws that have it.
    below : float or None
        Share of draws below the first band.
    weighed : tuple of Weighed
    """

    kind: str
    discounted: bool
    general: float
    current_care: float
    absolute: float
    proportional: float
    value: float
    classes: tuple[tuple[float, float | None], ...]
    below: float | None
    weighed: tuple[Weighed, ...]

    @property
    def weight(self) -> float:
        """The weight of a QALY; 1 where the threshold moves instead."""
        return self.value if self.kind == BY_WEIGHT else 1.0


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
    model : Model
    modifier : SeverityWeight or ThresholdBands
    general : float
        QALYs of the general population, discounted or not as `discounted` says. [QALY]
    results : Outcomes of the base case, and Psa or None
    rate : float or None
        Units of the workbook's currency for one unit of the profile's; None: thresholds by
        severity cannot be used.
    discounted : bool
    """
    base, psa = results
    own = base.qalys.total if discounted else base.qalys.undiscounted_total
    found = shortfall(general, own[:, 0])
    drawn = None if psa is None else _drawn(psa, general, discounted=discounted)
    value, by_draw, classes = _modified(modifier, found, drawn, rate)
    kind = BY_WEIGHT if isinstance(modifier, SeverityWeight) else BY_BAND
    thresholds = model.inputs.settings.thresholds if kind == BY_WEIGHT else _existing(value)
    return Severity(
        kind=kind,
        discounted=discounted,
        general=general,
        current_care=float(own[0, 0]),
        absolute=float(found.absolute[0]),
        proportional=float(found.proportional[0]),
        value=value,
        classes=tuple((c, None if by_draw is None else float((by_draw == c).mean())) for c in classes),
        below=None if by_draw is None else float(np.isnan(by_draw).mean()),
        weighed=tuple(
            _weighed(base, psa, i, (kind, value, by_draw), thresholds) for i in range(1, len(model.strategies))
        ),
    )


def _drawn(psa: Psa, general: float, *, discounted: bool) -> Shortfall:
    return shortfall(general, (psa.qalys if discounted else psa.qalys_undiscounted)[:, 0])


def _existing(value: float) -> tuple[float, ...]:
    return () if np.isnan(value) else (value,)


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
) -> Weighed:
    kind, value, by_draw = modified
    qalys, costs = (float(increment(t.total[0], i)) for t in (base.qalys, base.costs))
    weight = value if kind == BY_WEIGHT else 1.0
    gains = None if psa is None else (increment(psa.qalys, i), increment(psa.costs, i))
    return Weighed(
        intervention=base.strategies[i],
        comparator=base.strategies[0],
        qalys=qalys,
        costs=costs,
        weighted_qalys=weight * qalys,
        verdict=verdict(costs, qalys),
        weighted=verdict(costs, weight * qalys),
        at=tuple(_at(threshold, (qalys, costs), weight, gains, (kind, by_draw)) for threshold in thresholds),
    )


def _at(
    threshold: float,
    increments: tuple[float, float],
    weight: float,
    gains: tuple[FloatArray, FloatArray] | None,
    draws: tuple[str, FloatArray | None],
) -> AtThreshold:
    qalys, costs = increments
    plain = weighted = own = None
    kind, by_draw = draws
    if gains is not None and by_draw is not None:
        plain = _favourable(net_monetary_benefit(*gains, threshold))
        weighted = _favourable(net_monetary_benefit(*gains, threshold * weight))
        own = _favourable(net_monetary_benefit(*gains, threshold * by_draw if kind == BY_WEIGHT else by_draw))
    return AtThreshold(
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
