"""The probabilistic analysis in the shape of results.json."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.probabilistic import Psa, interval
from hemodel.economics import (
    COST_TOLERANCE,
    DOMINANT,
    DOMINATED,
    EFFECT_TOLERANCE,
    LESS_EFFECTIVE_AND_COSTLY,
    MORE_EFFECTIVE_AND_COSTLY,
    NO_DIFFERENCE,
    acceptability,
    net_monetary_benefit,
    optimal,
    verdict,
)
from hemodel.reporting.schema import Ceac, Ceaf, PsaIncrement, PsaResult, threshold_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.inputs.structure import Settings
    from hemodel.parameters import FloatArray

CURVE_POINTS = 81
"""Thresholds at which the acceptability curves are drawn."""
CURVE_REACH = 1.5
"""The curves run to this multiple of the highest threshold or ICER of the means."""


def psa_result(psa: Psa, settings: Settings) -> PsaResult:
    """Return means, intervals, acceptability and Monte Carlo error of the draws."""
    by_outcome = {"life_years": psa.life_years, "qalys": psa.qalys, "costs": psa.costs}
    thresholds = np.array(settings.thresholds)
    increments = [_increment(psa, settings, i) for i in range(1, len(psa.strategies))]
    wtp = curve_thresholds(settings, [entry.icer_of_means for entry in increments])
    curves = acceptability(psa.qalys, psa.costs, wtp)
    best = optimal(psa.qalys, psa.costs, wtp)
    at_thresholds = acceptability(psa.qalys, psa.costs, thresholds)
    return PsaResult(
        draws=psa.draws,
        seed=psa.seed,
        mean={s: {o: float(v[:, i].mean()) for o, v in by_outcome.items()} for i, s in enumerate(psa.strategies)},
        interval={s: {o: interval(v[:, i]) for o, v in by_outcome.items()} for i, s in enumerate(psa.strategies)},
        component_mean={
            s: {
                outcome: {"total": float(sum(v[i] for v in parts.values()))}
                | {c: float(v[i]) for c, v in parts.items()}
                for outcome, parts in psa.component_means.items()
            }
            for i, s in enumerate(psa.strategies)
        },
        increments=increments,
        probability_cost_effective={
            threshold_key(float(t)): dict(zip(psa.strategies, row.tolist(), strict=True))
            for t, row in zip(thresholds, at_thresholds, strict=True)
        },
        ceac=Ceac(wtp=wtp.tolist(), probability={s: curves[:, i].tolist() for i, s in enumerate(psa.strategies)}),
        ceaf=Ceaf(
            wtp=wtp.tolist(),
            strategy=[psa.strategies[i] for i in best],
            probability=curves[np.arange(wtp.size), best].tolist(),
        ),
        mcse_inmb=increments[0].mcse_inmb,
    )


def curve_thresholds(settings: Settings, icers: Sequence[float | None]) -> FloatArray:
    """Return the thresholds of the acceptability curves: an even grid and those of the settings.

    It reaches beyond every threshold and every ICER, so that the curves show where they turn.
    """
    ratios = [icer for icer in icers if icer is not None]
    top = CURVE_REACH * max([*settings.thresholds, settings.decision_threshold, *ratios])
    return np.unique(np.concatenate([np.linspace(0.0, top, CURVE_POINTS), settings.thresholds]))


def _increment(psa: Psa, settings: Settings, i: int) -> PsaIncrement:
    gains = {
        "life_years": psa.life_years[:, i] - psa.life_years[:, 0],
        "qalys": psa.qalys[:, i] - psa.qalys[:, 0],
        "costs": psa.costs[:, i] - psa.costs[:, 0],
    }
    benefit = {threshold_key(t): net_monetary_benefit(gains["qalys"], gains["costs"], t) for t in settings.thresholds}
    decision = net_monetary_benefit(gains["qalys"], gains["costs"], settings.decision_threshold)
    of_means = verdict(float(gains["costs"].mean()), float(gains["qalys"].mean()))
    return PsaIncrement(
        intervention=psa.strategies[i],
        comparator=psa.strategies[0],
        mean={name: float(values.mean()) for name, values in gains.items()},
        interval={name: interval(values) for name, values in gains.items()},
        icer_of_means=of_means.icer,
        verdict_of_means=of_means.word,
        nmb_mean={t: float(values.mean()) for t, values in benefit.items()},
        nmb_interval={t: interval(values) for t, values in benefit.items()},
        quadrants=quadrants(gains["costs"], gains["qalys"]),
        mcse_inmb=float(decision.std(ddof=1) / np.sqrt(psa.draws)),
    )


def quadrants(costs: FloatArray, qalys: FloatArray) -> dict[str, float]:
    """Return the share of draws with each verdict; the shares add up to 1."""
    dearer = np.where(np.abs(costs) <= COST_TOLERANCE, 0, np.sign(costs)).astype(int)
    better = np.where(np.abs(qalys) <= EFFECT_TOLERANCE, 0, np.sign(qalys)).astype(int)
    words = (MORE_EFFECTIVE_AND_COSTLY, DOMINANT, DOMINATED, LESS_EFFECTIVE_AND_COSTLY, NO_DIFFERENCE)
    counts = Counter(dict.fromkeys(words, 0))
    pairs, number = np.unique(np.column_stack([dearer, better]), axis=0, return_counts=True)
    for (cost, qaly), n in zip(pairs, number, strict=True):
        counts[verdict(float(cost), float(qaly)).word] += int(n)
    return {word: count / costs.size for word, count in counts.items()}
