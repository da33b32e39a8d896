"""Tables of the one-way and the probabilistic sensitivity analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.economics import swing
from hemodel.formats import Value, display
from hemodel.views.outcomes import per_qaly
from hemodel.views.shared import notes
from hemodel.views.shared.declared import ROWS_ON_PAGE, OnPage, TableEntry
from hemodel.views.shared.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.analyses.dsa.curves_at_ends import CurveAtEnds
    from hemodel.analyses.dsa.one_way import Dsa
    from hemodel.analyses.psa.result import PsaResult
    from hemodel.analyses.results import Results
    from hemodel.views.shared.words import Names


AT = ("At low", "At high")
INTERVAL = ("Mean", "2.5%", "97.5%")


def dsa(results: Results, entries: list[Dsa], names: Names) -> Table:
    """Return the one-way analysis, by intervention and then by the range of net monetary benefit."""
    words = (notes.ONE_WAY, notes.INCREMENT, notes.RATIO)
    return _at_bounds(results, entries, names, ("dsa", "One-way sensitivity analysis", words))


def dsa_statistics(results: Results, entries: list[Dsa], names: Names) -> Table:
    """Return what each reported statistic alone does, in the same columns."""
    words = (notes.STATISTICS_ALONE, notes.INCREMENT, notes.RATIO)
    return _at_bounds(results, entries, names, ("dsa_statistics", "What each reported number does to the fit", words))


def _at_bounds(results: Results, entries: list[Dsa], names: Names, about: tuple[str, str, tuple[str, ...]]) -> Table:
    threshold = display(results.decision_threshold, "icer", results.currency)
    order = {strategy: i for i, strategy in enumerate(results.strategies)}
    benefit = f"Net monetary benefit at {threshold} per QALY"
    currency = results.currency
    ordered = sorted(entries, key=lambda e: (order[e.intervention], -swing(e.nmb_low, e.nmb_high)))
    return Table(
        *about,
        (
            Column("Intervention"),
            Column("Input"),
            Column("Id"),
            Column("Unit"),
            *(Column(header, "number", "", "Value") for header in ("Base case", "Low", "High")),
            *(Column(header, "money", currency, benefit) for header in (*AT, "Range")),
            *(Column(header, "icer", per_qaly(results), "ICER") for header in AT),
            *(Column(header, "qaly", "QALY", "Incremental QALYs") for header in AT),
            *(Column(header, "money", currency, "Incremental costs") for header in AT),
        ),
        tuple(_dsa_row(entry, names) for entry in ordered),
        banded=True,
    )


def bar_curves(entries: list[CurveAtEnds], names: Names) -> Table:
    """Return medians, hazard ratios and survival at the ends of the bars of curves."""
    return _curves_at_ends("dsa_curves", "Curves at the ends of the bars", entries, names)


def statistic_curves(entries: list[CurveAtEnds], names: Names) -> Table:
    """Return medians, hazard ratios and survival where one reported number is at its bounds."""
    return _curves_at_ends("dsa_statistics_curves", "Curves with one reported number at its bounds", entries, names)


def _curves_at_ends(name: str, title: str, entries: list[CurveAtEnds], names: Names) -> Table:
    at = ("Base case", *AT)
    years = next((f"{entry.survival_years:g}" for entry in entries), "5")
    rows: list[tuple[Value, ...]] = [
        (
            *(e.label, e.id, names.endpoint(e.endpoint), names.strategy(e.strategy)),
            *(e.median_base, e.median_low, e.median_high),
            *(e.hazard_ratio_base, e.hazard_ratio_low, e.hazard_ratio_high),
            *(e.survival_base, e.survival_low, e.survival_high),
        )
        for e in entries
    ]
    return Table(
        name,
        title,
        (notes.CURVES_AT_ENDS,),
        (
            *(Column(header) for header in ("Input", "Id", "Endpoint", "Strategy")),
            *(Column(header, "months", "months", "Median") for header in at),
            *(Column(header, "ratio", "", "Hazard ratio") for header in at),
            *(Column(header, "share", "proportion", f"Survival at {years} years") for header in at),
        ),
        tuple(rows),
        banded=True,
    )


def _dsa_row(entry: Dsa, names: Names) -> tuple[Value, ...]:
    return (
        names.strategy(entry.intervention),
        entry.label,
        entry.id,
        entry.unit,
        *(entry.base, entry.low, entry.high),
        *(entry.nmb_low, entry.nmb_high, swing(entry.nmb_low, entry.nmb_high)),
        *(_ratio(entry.icer_low, entry.verdict_low), _ratio(entry.icer_high, entry.verdict_high)),
        *(entry.qalys_low, entry.qalys_high, entry.costs_low, entry.costs_high),
    )


def _ratio(icer: float | None, word: str) -> Value:
    return word if icer is None else icer


def psa_summary(results: Results, psa: PsaResult, names: Names) -> Table:
    """Return means and 95% intervals of totals and increments."""
    outcomes = ("life_years", "qalys", "costs")
    rows: list[tuple[Value, ...]] = [
        (names.strategy(s), *_means(psa.mean[s], psa.interval[s], outcomes), None) for s in results.strategies
    ]
    rows += [
        (
            f"Increment, {names.comparison(e.intervention, e.comparator)}",
            *_means(e.mean, e.interval, outcomes),
            _ratio(e.icer_of_means, e.verdict_of_means),
        )
        for e in psa.increments
    ]
    return Table(
        "psa_summary",
        "Probabilistic results",
        (
            f"{psa.draws:,} draws{_design(psa)}, seed {psa.seed}. Discounted; intervals hold 95% of the draws.",
            *_from_file(results),
            notes.MEAN_RATIO,
        ),
        (
            Column("Strategy or increment"),
            *(Column(header, "years", "years", "Life-years") for header in INTERVAL),
            *(Column(header, "qaly", "QALY", "QALYs") for header in INTERVAL),
            *(Column(header, "money", results.currency, "Costs") for header in INTERVAL),
            Column("ICER", "icer", per_qaly(results)),
        ),
        tuple(rows),
    )


def _design(psa: PsaResult) -> str:
    design = {"random": "", "latin_hypercube": " (Latin hypercubes of 512)", "sobol": " (scrambled Sobol, 512 each)"}
    return design[psa.sampling] + (f", ended because {psa.stopped}" if psa.stopped else "")


def _from_file(results: Results) -> list[str]:
    """Say how many inputs have draws from a file."""
    file = results.use_draws
    return [] if file is None or not file.inputs else [f"Draws of {len(file.inputs)} inputs are from {file.name}."]


def _means(
    mean: Mapping[str, float], interval: Mapping[str, tuple[float, float]], outcomes: tuple[str, ...]
) -> list[float]:
    return [value for name in outcomes for value in (mean[name], *interval[name])]


def psa_net_benefit(results: Results, psa: PsaResult, names: Names) -> Table:
    """Return probabilistic net monetary benefit by threshold, with its Monte Carlo error."""
    rows: list[tuple[Value, ...]] = [
        (
            names.strategy(e.intervention),
            float(threshold),
            mean,
            *e.nmb_interval[threshold],
            e.nmb_mcse[threshold],
        )
        for e in psa.increments
        for threshold, mean in e.nmb_mean.items()
    ]
    return Table(
        "psa_net_benefit",
        "Probabilistic net benefit",
        (
            f"Incremental net monetary benefit over {names.strategy(results.strategies[0])}.",
            notes.MONTE_CARLO,
        ),
        (
            Column("Strategy"),
            Column("Threshold", "icer", per_qaly(results)),
            *(Column(header, "money", results.currency, "Net monetary benefit") for header in INTERVAL),
            Column("Monte Carlo error", "money", results.currency),
        ),
        tuple(rows),
    )


def psa_quadrants(psa: PsaResult, names: Names) -> Table:
    """Return the share of draws by verdict."""
    verdicts = list(dict.fromkeys(word for entry in psa.increments for word in entry.quadrants))
    rows: list[tuple[Value, ...]] = [
        (names.comparison(e.intervention, e.comparator), *(e.quadrants.get(word, 0.0) for word in verdicts))
        for e in psa.increments
    ]
    return Table(
        "psa_quadrants",
        "Share of draws by verdict",
        (),
        (Column("Comparison"), *(Column(word.capitalize(), "share", "proportion") for word in verdicts)),
        tuple(rows),
    )


def probability_cost_effective(results: Results, psa: PsaResult, names: Names) -> Table:
    """Return the probability that each strategy is the most cost-effective one."""
    rows = [
        (float(threshold), *(shares[s] for s in results.strategies))
        for threshold, shares in psa.probability_cost_effective.items()
    ]
    return Table(
        "probability_cost_effective",
        "Probability of being cost-effective",
        ("Share of draws in which the strategy has the highest net monetary benefit.",),
        (
            Column("Threshold", "icer", per_qaly(results)),
            *(Column(names.strategy(s), "share", "proportion") for s in results.strategies),
        ),
        tuple(rows),
    )


def ceac(results: Results, psa: PsaResult, names: Names) -> Table:
    """Return the acceptability curves and the frontier."""
    by_strategy = [psa.ceac.probability[s] for s in results.strategies]
    best = [names.strategy(s) for s in psa.ceaf.strategy]
    rows: list[tuple[Value, ...]] = [
        (wtp, *(curve[i] for curve in by_strategy), best[i], psa.ceaf.probability[i])
        for i, wtp in enumerate(psa.ceac.wtp)
    ]
    group = "Acceptability frontier"
    return Table(
        "ceac",
        "Cost-effectiveness acceptability curves",
        ("The frontier is the curve of the strategy with the highest mean net benefit.",),
        (
            Column("Threshold", "icer", per_qaly(results)),
            *(Column(names.strategy(s), "share", "proportion", "Probability") for s in results.strategies),
            Column("Strategy", group=group),
            Column("Probability", "share", "proportion", group),
        ),
        tuple(rows),
    )


_ENDS = tuple(f"Incremental {what}: {end}" for what in ("QALYs", "costs") for end in AT)
ONE_WAY = (
    TableEntry(
        "dsa",
        lambda results, _, names: None if results.dsa is None else dsa(results, results.dsa, names),
        OnPage(("Id", *_ENDS), most_rows=ROWS_ON_PAGE),
    ),
    TableEntry(
        "dsa_curves",
        lambda results, _, names: bar_curves(results.dsa_curves, names) if results.dsa_curves else None,
        OnPage(("Id",)),
    ),
    TableEntry(
        "dsa_statistics",
        lambda results, _, names: (
            dsa_statistics(results, results.dsa_statistics, names) if results.dsa_statistics else None
        ),
        OnPage(("Id", *_ENDS)),
    ),
    TableEntry(
        "dsa_statistics_curves",
        lambda results, _, names: (
            statistic_curves(results.dsa_statistics_curves, names) if results.dsa_statistics_curves else None
        ),
        OnPage(("Id",)),
    ),
)
TABLES = (
    *ONE_WAY,
    TableEntry(
        "psa_summary",
        lambda results, _, names: None if results.psa is None else psa_summary(results, results.psa, names),
    ),
    TableEntry(
        "psa_net_benefit",
        lambda results, _, names: None if results.psa is None else psa_net_benefit(results, results.psa, names),
    ),
    TableEntry(
        "psa_quadrants",
        lambda results, _, names: None if results.psa is None else psa_quadrants(results.psa, names),
    ),
    TableEntry(
        "probability_cost_effective",
        lambda results, _, names: (
            None if results.psa is None else probability_cost_effective(results, results.psa, names)
        ),
    ),
    TableEntry(
        "ceac",
        lambda results, _, names: None if results.psa is None else ceac(results, results.psa, names),
    ),
)
