"""What the draws say, as it is published: means, intervals, acceptability, losses, Monte Carlo error, checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from hemodel.analyses.base_case import Amounts, threshold_key
from hemodel.analyses.psa.diagnostics import (
    PsaCheck,
    PsaDifference,
    PsaExtreme,
    PsaInput,
    PsaTotal,
    against_base,
    checks,
    explained,
    extreme_draws,
    input_checks,
)
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
from hemodel.entries import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.psa.draws import Intervals, Psa
    from hemodel.inputs.structure import Settings
    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray


REPORTED = OUTCOMES[:3]


class PsaIncrement(Entry):
    """Increments of one intervention over the draws."""

    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    mean: dict[str, float] = Field(description="life_years [year], qalys [QALY], costs [currency]")
    interval: dict[str, tuple[float, float]] = Field(
        description="2.5% and 97.5% points of life_years [year], qalys [QALY], costs [currency]"
    )
    icer_of_means: float | None = Field(description="null where the ratio means nothing. [currency per QALY]")
    verdict_of_means: str = Field(description="what the mean increments are, in words")
    nmb_mean: dict[str, float] = Field(description="incremental net monetary benefit by threshold. [currency]")
    nmb_interval: dict[str, tuple[float, float]] = Field(description="2.5% and 97.5% points by threshold. [currency]")
    quadrants: dict[str, float] = Field(description="share of draws by verdict. [proportion]")
    nmb_mcse: dict[str, float] = Field(description="Monte Carlo standard error of nmb_mean. [currency]")
    mcse_inmb: float = Field(description="Monte Carlo standard error of mean nmb at the decision threshold. [currency]")


class Ceac(Entry):
    """Cost-effectiveness acceptability curves."""

    wtp: list[float] = Field(description="thresholds. [currency per unit of effect]")
    probability: dict[str, list[float]] = Field(description="by strategy, then by threshold. [proportion]")


class Ceaf(Entry):
    """Acceptability frontier: the strategy with the highest mean net benefit at each threshold."""

    wtp: list[float] = Field(description="thresholds. [currency per unit of effect]")
    strategy: list[str] = Field(description="by threshold")
    probability: list[float] = Field(description="that it is the best, by threshold. [proportion]")


class ExpectedLoss(Entry):
    """Mean loss of choosing each strategy, over all draws; the lowest is the expected value of perfect information."""

    wtp: list[float] = Field(description="thresholds. [currency per QALY]")
    loss: dict[str, list[float]] = Field(
        description="by strategy; net benefit of the best of a draw less its own. [currency per person]"
    )
    evpi: list[float] = Field(description="by threshold. [currency per person]")
    evpi_standard_error: list[float] = Field(description="by threshold. [currency per person]")


class PsaResult(Entry):
    """Probabilistic analysis."""

    draws: int = Field(description="number of draws")
    seed: int = Field(description="with which the same draws are made again")
    sampling: str = Field(description="random, latin_hypercube or sobol")
    stopped: str = Field(description="why the draws ended, where a rule decided; else empty")
    kept: int = Field(description="draws kept one by one, the first ones")
    mean: dict[str, dict[str, float]] = Field(
        description="strategy, then life_years [year], qalys [QALY], costs [currency]"
    )
    interval: dict[str, dict[str, tuple[float, float]]] = Field(
        description="2.5% and 97.5% points by strategy, then life_years [year], qalys [QALY], costs [currency]"
    )
    component_mean: dict[str, dict[str, Amounts]] = Field(
        description="discounted, by strategy, then life_years [year], qalys [QALY], costs, drug_costs [currency]"
    )
    against_base: list[PsaTotal] = Field(description="mean of the draws beside the base case, by strategy and outcome")
    increments: list[PsaIncrement] = Field(description="by intervention")
    probability_cost_effective: dict[str, dict[str, float]] = Field(
        description="threshold, then strategy. [proportion]"
    )
    ceac: Ceac = Field(description="acceptability curves")
    ceaf: Ceaf = Field(description="acceptability frontier")
    expected_loss: ExpectedLoss = Field(description="of choosing each strategy")
    mcse_inmb: float = Field(description="of the first intervention, at the decision threshold. [currency]")
    checks: list[PsaCheck] = Field(description="of every draw")
    inputs: list[PsaInput] = Field(description="that vary, but for coefficients of curves")
    differences: list[PsaDifference] = Field(description="by intervention")
    extremes: list[PsaExtreme] = Field(description="of the first intervention, lowest net benefit first")


def psa_result(psa: Psa, model: Model) -> PsaResult:
    """Return what is published of the draws."""
    settings = model.inputs.settings
    found, ends = means(psa.frame, psa.sums), intervals(psa)
    increments = [psa_increment(psa, settings, ends, i) for i in range(1, len(psa.strategies))]
    wtp = psa.frame.thresholds.tolist()
    shares, best = acceptability_of(psa), best_on_average(psa)
    loss, error = expected_loss(psa)
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
        against_base=against_base(psa, model),
        increments=increments,
        probability_cost_effective={
            threshold_key(t): {s: float(shares[wtp.index(t), i]) for s, i in by_strategy.items()}
            for t in settings.thresholds
        },
        ceac=ceac(psa.strategies, psa.frame.thresholds, shares),
        ceaf=ceaf(psa.strategies, psa.frame.thresholds, shares, best),
        expected_loss=ExpectedLoss(
            wtp=wtp,
            loss={s: loss[:, i].tolist() for s, i in by_strategy.items()},
            evpi=[float(loss[k, i]) for k, i in enumerate(best)],
            evpi_standard_error=[float(error[k, i]) for k, i in enumerate(best)],
        ),
        mcse_inmb=increments[0].mcse_inmb,
        checks=checks(psa, model),
        inputs=input_checks(psa, model),
        differences=explained(psa, model),
        extremes=extreme_draws(psa, model),
    )


def ceac(strategies: Sequence[str], thresholds: FloatArray, shares: FloatArray) -> Ceac:
    """Return acceptability curves, from shares of draws (thresholds, strategies)."""
    return Ceac(wtp=thresholds.tolist(), probability={s: shares[:, i].tolist() for i, s in enumerate(strategies)})


def ceaf(strategies: Sequence[str], thresholds: FloatArray, shares: FloatArray, best: Sequence[int]) -> Ceaf:
    """Return the acceptability frontier, from shares of draws and the best strategy on average at each threshold."""
    return Ceaf(
        wtp=thresholds.tolist(),
        strategy=[strategies[i] for i in best],
        probability=[float(shares[k, i]) for k, i in enumerate(best)],
    )


def psa_increment(psa: Psa, settings: Settings, ends: Intervals, i: int) -> PsaIncrement:
    """Return the increments of the strategy at a place over the first; `ends` are those of `intervals`."""
    gain, strategy = increment(means(psa.frame, psa.sums), i), psa.strategies[i]
    of_means = verdict_of_means(psa, i)
    keys = {threshold_key(t): t for t in settings.thresholds}
    return PsaIncrement(
        intervention=strategy,
        comparator=psa.strategies[0],
        mean={o: float(gain[k]) for k, o in enumerate(REPORTED)},
        interval={o: ends[f"increment {o}", strategy, None] for o in REPORTED},
        icer_of_means=of_means.icer,
        verdict_of_means=of_means.word,
        nmb_mean={key: mean_benefit(psa.frame, psa.sums, i, t) for key, t in keys.items()},
        nmb_interval={key: ends["benefit", strategy, t] for key, t in keys.items()},
        nmb_mcse={key: benefit_error(psa.frame, psa.sums, psa.sampling, i, t) for key, t in keys.items()},
        quadrants=quadrants(psa, i),
        mcse_inmb=benefit_error(psa.frame, psa.sums, psa.sampling, i, settings.decision_threshold),
    )
