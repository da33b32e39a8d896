"""The probabilistic analysis in the shape of results.json."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from hemodel.analysis.psa_diagnostics import checks, input_checks
from hemodel.analysis.psa_explained import extreme_draws
from hemodel.analysis.psa_results import (
    acceptability_of,
    benefit_error,
    best_on_average,
    expected_loss,
    intervals,
    mean_benefit,
    means,
    quadrants,
    verdict_of_means,
)
from hemodel.analysis.psa_sums import OUTCOMES
from hemodel.reporting.schema import Ceac, Ceaf, ExpectedLoss, PsaIncrement, PsaResult, threshold_key
from hemodel.reporting.schema_psa import PsaCheck, PsaDifference, PsaExtreme, PsaInput, PsaReason, PsaShare

if TYPE_CHECKING:
    from hemodel.analysis.probabilistic import Psa
    from hemodel.analysis.psa_explained import Explained, Extreme
    from hemodel.analysis.psa_results import Intervals
    from hemodel.inputs.structure import Settings
    from hemodel.model import Model

REPORTED = OUTCOMES[:3]
MOST_REASONS = 8
"""Reasons for the difference of mean and base case that are shown one by one."""
REST = "other inputs, inputs together, and chance"


def psa_result(psa: Psa, model: Model, explained: Explained) -> PsaResult:
    """Return means, intervals, acceptability and Monte Carlo error of the draws."""
    settings = model.inputs.settings
    found, ends = means(psa.frame, psa.sums), intervals(psa)
    increments = [psa_increment(psa, settings, ends, i) for i in range(1, len(psa.strategies))]
    wtp = psa.frame.thresholds.tolist()
    curves, best = acceptability_of(psa), best_on_average(psa)
    by_strategy = {s: i for i, s in enumerate(psa.strategies)}
    return PsaResult(
        draws=psa.draws,
        seed=psa.seed,
        sampling=psa.sampling,
        stopped=psa.stopped,
        kept=psa.kept,
        mean={s: {o: float(found[k, i]) for k, o in enumerate(REPORTED)} for s, i in by_strategy.items()},
        interval={s: {o: ends[o, s, None] for o in REPORTED} for s in psa.strategies},
        component_mean={
            s: {
                outcome: {"total": float(sum(v[i] for v in parts.values()))}
                | {c: float(v[i]) for c, v in parts.items()}
                for outcome, parts in psa.component_means.items()
            }
            for s, i in by_strategy.items()
        },
        increments=increments,
        probability_cost_effective={
            threshold_key(t): {s: float(curves[wtp.index(t), i]) for s, i in by_strategy.items()}
            for t in settings.thresholds
        },
        ceac=Ceac(wtp=wtp, probability={s: curves[:, i].tolist() for s, i in by_strategy.items()}),
        ceaf=Ceaf(
            wtp=wtp,
            strategy=[psa.strategies[i] for i in best],
            probability=[float(curves[k, i]) for k, i in enumerate(best)],
        ),
        expected_loss=_losses(psa, best),
        mcse_inmb=increments[0].mcse_inmb,
        checks=[PsaCheck(name=c.name, found=c.found, holds=c.holds) for c in checks(psa, model)],
        inputs=[PsaInput(**asdict(each)) for each in input_checks(psa, model)],
        differences=[_difference(explained, increments[i], i) for i in range(len(increments))],
        extremes=[_extreme(found) for found in extreme_draws(psa, model)],
    )


def _extreme(found: Extreme) -> PsaExtreme:
    reasons = [PsaShare(id=id_, label=label, share=share) for id_, label, share in found.reasons]
    return PsaExtreme(draw=found.draw, qalys=found.qalys, costs=found.costs, nmb=found.benefit, reasons=reasons)


def _losses(psa: Psa, best: list[int]) -> ExpectedLoss:
    loss, error = expected_loss(psa)
    return ExpectedLoss(
        wtp=psa.frame.thresholds.tolist(),
        loss={s: loss[:, i].tolist() for i, s in enumerate(psa.strategies)},
        evpi=[float(loss[k, i]) for k, i in enumerate(best)],
        evpi_standard_error=[float(error[k, i]) for k, i in enumerate(best)],
    )


def _difference(explained: Explained, increment: PsaIncrement, i: int) -> PsaDifference:
    def benefit(qalys: float, costs: float) -> float:
        return explained.threshold * qalys - costs

    qalys, costs = float(explained.qalys[i]), float(explained.costs[i])
    moved = [(r, float(r.qalys[i]), float(r.costs[i])) for r in explained.reasons]
    shown = moved[:MOST_REASONS]
    left = (qalys - sum(q for _, q, _ in shown), costs - sum(c for _, _, c in shown))
    return PsaDifference(
        intervention=increment.intervention,
        qalys=qalys,
        costs=costs,
        nmb=benefit(qalys, costs),
        mcse_nmb=increment.mcse_inmb,
        reasons=[PsaReason(id=r.id, label=r.label, qalys=q, costs=c, nmb=benefit(q, c)) for r, q, c in moved],
        rest=PsaReason(id="", label=REST, qalys=left[0], costs=left[1], nmb=benefit(*left)),
    )


def psa_increment(psa: Psa, settings: Settings, ends: Intervals, i: int) -> PsaIncrement:
    """Return the increments of the strategy at a place over the first; `ends` are those of `intervals`."""
    found, strategy = means(psa.frame, psa.sums), psa.strategies[i]
    of_means = verdict_of_means(psa, i)
    return PsaIncrement(
        intervention=strategy,
        comparator=psa.strategies[0],
        mean={o: float(found[k, i] - found[k, 0]) for k, o in enumerate(REPORTED)},
        interval={o: ends[f"increment {o}", strategy, None] for o in REPORTED},
        icer_of_means=of_means.icer,
        verdict_of_means=of_means.word,
        nmb_mean={threshold_key(t): mean_benefit(psa.frame, psa.sums, i, t) for t in settings.thresholds},
        nmb_interval={threshold_key(t): ends["benefit", strategy, t] for t in settings.thresholds},
        nmb_mcse={
            threshold_key(t): benefit_error(psa.frame, psa.sums, psa.sampling, i, t) for t in settings.thresholds
        },
        quadrants=quadrants(psa, i),
        mcse_inmb=benefit_error(psa.frame, psa.sums, psa.sampling, i, settings.decision_threshold),
    )
