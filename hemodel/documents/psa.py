"""The probabilistic analysis in the shape of results.json."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from hemodel.analyses.psa.diagnostics import checks, extreme_draws, input_checks
from hemodel.analyses.psa.draws import (
    acceptability_of,
    benefit_error,
    best_on_average,
    component_means,
    expected_loss,
    intervals,
    mean_benefit,
    means,
    quadrants,
    verdict_of_means,
)
from hemodel.analyses.psa.sums import OUTCOMES
from hemodel.economics import increment
from hemodel.records.psa import PsaCheck, PsaDifference, PsaExtreme, PsaInput, PsaReason, PsaShare
from hemodel.records.results import Ceac, Ceaf, ExpectedLoss, PsaIncrement, PsaResult, threshold_key

if TYPE_CHECKING:
    from hemodel.analyses.psa.diagnostics import Explained, Extreme, Shift
    from hemodel.analyses.psa.draws import Intervals, Psa
    from hemodel.inputs.structure import Settings
    from hemodel.model.evaluate import Model


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
        component_mean={s: component_means(psa, i) for s, i in by_strategy.items()},
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
    whole, moved = explained.whole(i), [explained.alone(reason, i) for reason in explained.reasons]
    return PsaDifference(
        intervention=increment.intervention,
        qalys=whole.qalys,
        costs=whole.costs,
        nmb=whole.benefit,
        mcse_nmb=increment.mcse_inmb,
        reasons=[_reason(r.id, r.label, own) for r, own in zip(explained.reasons, moved, strict=True)],
        rest=_reason("", REST, explained.rest(moved[:MOST_REASONS], i)),
    )


def _reason(id_: str, label: str, own: Shift) -> PsaReason:
    return PsaReason(id=id_, label=label, qalys=own.qalys, costs=own.costs, nmb=own.benefit)


def psa_increment(psa: Psa, settings: Settings, ends: Intervals, i: int) -> PsaIncrement:
    """Return the increments of the strategy at a place over the first; `ends` are those of `intervals`."""
    gain, strategy = increment(means(psa.frame, psa.sums), i), psa.strategies[i]
    of_means = verdict_of_means(psa, i)
    return PsaIncrement(
        intervention=strategy,
        comparator=psa.strategies[0],
        mean={o: float(gain[k]) for k, o in enumerate(REPORTED)},
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
