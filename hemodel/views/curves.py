"""Chart of survival: the curves, what was reported and what other studies found.

Values of the fitted curves for the charts that draw them.

Tables of survival: reported beside fitted, curves, coefficients, families.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.curve_draws import curve_draws, design_of
from hemodel.analyses.fitted_curves import interval_95, modelled_survival, survival_gain
from hemodel.formats import Value, display
from hemodel.model.evaluate import base_draws, survival_at
from hemodel.units import MONTHS_PER_YEAR
from hemodel.views.shared import notes, style
from hemodel.views.shared.declared import ChartEntry, TableEntry
from hemodel.views.shared.page import label_across, label_ends, legend_below, number_axis, page, percent_axis, settle
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import brief, fold, lines_height, upper_first
from hemodel.views.shared.words import ENDPOINTS, RELATIONS, Names, family_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.fitted_curves import External, FamilyFit, FitStatistic
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.parameters import FloatArray


def base_coefficients(run: Run) -> dict[str, FloatArray]:
    """Return the fitted coefficients of every endpoint, (1, p)."""
    return {name: fit.coefficients[None, :] for name, fit in run.model.fits.items()}


def last_month(run: Run, alive: float, longest: float, step: float) -> float:
    """Return the month until which more than a share are alive in any strategy.

    Parameters
    ----------
    alive : float
        [proportion]
    longest : float
        Never later than this, nor than the time horizon. [months]
    step : float
        Rounded up to a multiple of this. [months]
    """
    end = min(longest, run.model.inputs.settings.time_horizon * MONTHS_PER_YEAR)
    months = np.linspace(0.0, end, 601)
    draws = base_draws(run.model)
    curves = [survival_at(run.model, draws, "os", s, months)[0] for s in run.model.strategies]
    last = float(months[np.max(curves, axis=0) >= alive][-1])
    return float(min(end, step * math.ceil((last + 1e-6) / step)))


BAND_DRAWS = 500
LONGEST = 60.0
"""Last month shown, unless hardly anyone is alive before."""
FEW_ALIVE = 0.03
VISIBLE = 0.001
"""Smallest difference of two curves that is drawn."""
STEP = 6.0
"""The axis ends at a multiple of this. [months]"""
CAP_DASHES = (0, (2, 2))
STUDY_WIDTH = 1.75
"""Width of what is said of another study. [inches]"""
OPEN = 0.6
"""Survival of another study up to which the upper right corner is free."""


@style.house_style()
def survival_curves(results: Results, run: Run) -> Figure:
    """Draw overall survival beside what was reported and what other studies found; below it PFS and the gain in OS.

    Parameters
    ----------
    run : Run
        Holds the fitted curves; with a probabilistic analysis, 95% of the draws of the gain are shown as a band.
    """
    months = np.linspace(0.0, last_month(run, FEW_ALIVE, LONGEST, STEP), 301)
    capped = [_capped(run, endpoint, months) for endpoint in ENDPOINTS]
    figure = page(_finding(results), _points_in_words(results, capped=any(capped)), 4.5)
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[1.5, 1.0])[:, 0]
    cells = dict(zip(("os", "pfs", "gain"), (above.subplots(), *below.subplots(1, 2)), strict=True))
    for endpoint in ENDPOINTS:
        for strategy in results.strategies:
            _draw_curve(cells[endpoint], results, run, (endpoint, strategy, months), ())
        _finish(cells[endpoint], float(months[-1]), wide=endpoint == "os")
        percent_axis(cells[endpoint], "Alive (%)" if endpoint == "os" else "Event-free (%)")
        cells[endpoint].set_title(ENDPOINTS[endpoint], pad=16 if endpoint == "os" else None)
    _draw_gain(cells["gain"], results, run, months)
    _draw_follow_up(cells["os"], run, float(months[-1]))
    _name_studies(cells["os"], results, float(months[-1]))
    label_ends(figure, cells["os"], _ends(results, run, months))
    return settle(figure)


def _finding(results: Results) -> str:
    """Return the median overall survival of the strategies, or their mean where one is not reached in time."""
    names, horizon = Names(results), results.time_horizon_years
    medians = {s: results.base_case[s].survival["os"].median_months for s in results.strategies}
    if all(median is not None and median <= horizon * MONTHS_PER_YEAR for median in medians.values()):
        values, what = medians, "Median overall survival"
        told = {s: f"{display(value, 'months')} months" for s, value in values.items()}
    else:
        values = {s: results.base_case[s].life_years.undiscounted["total"] for s in results.strategies}
        what = f"Mean survival within {brief(horizon)} years"
        told = {s: f"{display(value, 'years')} years" for s, value in values.items()}
    first, best = results.strategies[0], max(results.strategies, key=lambda s: values[s] or 0.0)
    if len(set(told.values())) == 1:
        return f"{what} is {told[first]} with every strategy"
    if best == first:
        return f"{what} is longest with {names.strategy(first)}: {told[first]}"
    return f"{what} is {told[best]} with {names.strategy(best)} and {told[first]} with {names.strategy(first)}"


def _points_in_words(results: Results, *, capped: bool) -> str:
    """Return what lines and points are."""
    points = [s for found in results.fit.values() for s in found if s.statistic != "hazard_ratio"]
    lines = f"Lines: base case as modelled{' (thin dashes: before caps)' if capped else ''}"
    if not points and not results.external:
        return lines
    marks = ["pale: not used in the fit"] if not all(point.used for point in points) else []
    marks += ["open: another study, on the model's clock"] if results.external else []
    return f"{lines}; points: reported, with 95% intervals" + (f" ({'; '.join(marks)})" if marks else "")


def _capped(run: Run, endpoint: str, months: FloatArray) -> bool:
    """Return whether a cap on a curve can be seen."""
    base = base_coefficients(run)
    pairs = (modelled_survival(run.model, endpoint, strategy, months, base) for strategy in run.model.strategies)
    return any(np.abs(raw - after).max() > VISIBLE for raw, after in pairs)


def _draw_curve(
    axes: Axes, results: Results, run: Run, shown: tuple[str, str, FloatArray], dashes: tuple[float, ...]
) -> None:
    """Draw the curve and the points of an endpoint of a strategy; full where there are no dashes."""
    endpoint, strategy, months = shown
    place = results.strategies.index(strategy)
    colour = style.colour(place)
    raw, after = modelled_survival(run.model, endpoint, strategy, months, base_coefficients(run))
    if np.abs(raw - after).max() > VISIBLE:
        axes.plot(months, raw[0], color=colour, linewidth=0.9, linestyle=CAP_DASHES)
    axes.plot(months, after[0], color=colour, linestyle=(0, dashes) if dashes else _strategy_dashes(place))
    _draw_reported(axes, [s for s in results.fit[endpoint] if s.strategy == strategy], place)
    _draw_external(axes, results, endpoint, strategy, float(months[-1]))


def _ends(results: Results, run: Run, months: FloatArray) -> list[tuple[float, str, str]]:
    """Return where the curve of overall survival of each strategy ends, its name and its colour."""
    names, base = Names(results), base_coefficients(run)
    found = []
    for place, strategy in enumerate(results.strategies):
        _, after = modelled_survival(run.model, "os", strategy, months, base)
        found.append((float(after[0, -1]), names.strategy(strategy), style.colour(place)))
    return found


def _draw_gain(axes: Axes, results: Results, run: Run, months: FloatArray) -> None:
    """Draw the difference in overall survival from the first strategy; of one intervention with its interval."""
    base = base_coefficients(run)
    interventions = list(enumerate(results.strategies))[1:]
    if run.psa is not None and len(interventions) == 1:
        draws = _draws(run, run.psa.seed)
        low, high = interval_95(survival_gain(run.model, "os", interventions[0][1], months, draws))
        axes.fill_between(months, low, high, color=style.colour(1), alpha=0.2, linewidth=0)
    for place, strategy in interventions:
        gain = survival_gain(run.model, "os", strategy, months, base)[0]
        axes.plot(months, gain, color=style.colour(place), linestyle=_strategy_dashes(place))
    axes.axhline(0, color=style.GREY, linewidth=0.8)
    band = run.psa is not None and len(interventions) == 1
    axes.set_title("Gain in OS, 95% of draws" if band else "Gain in overall survival")
    _finish(axes, float(months[-1]), wide=False)
    number_axis(axes.yaxis, "Difference (% points)", by=_PER_CENT)


_PER_CENT = 0.01


def _draws(run: Run, seed: int) -> dict[str, FloatArray]:
    drawn = curve_draws(run.model, design_of(run.model, seed), 0, BAND_DRAWS)
    return {name: drawn[f"curve.{name}"] for name in run.model.fits}


def _strategy_dashes(place: int) -> tuple[float, tuple[float, ...]]:
    """Return a full line for the first two strategies, which differ in lightness, and dashes for others."""
    return style.dashes(max(0, place - 1))


def _draw_reported(axes: Axes, statistics: Sequence[FitStatistic], place: int) -> None:
    """Medians with horizontal intervals, survival rates with vertical ones."""
    for found in statistics:
        if found.statistic not in {"median", "survival"}:
            continue
        is_median = found.statistic == "median"
        point = (found.reported, 0.5) if is_median else (found.time or 0.0, found.reported)
        _draw_point(
            axes, point, (found.low, found.high), place, across=is_median, inside="" if found.used else style.LIGHT
        )


def _draw_external(axes: Axes, results: Results, endpoint: str, strategy: str, last: float) -> None:
    """Survival in other studies, on the clock of the model."""
    for found in _external(results, endpoint, last):
        if found.strategy == strategy:
            place = results.strategies.index(strategy)
            _draw_point(
                axes, (_month(found), found.reported), (found.low, found.high), place, across=False, inside="white"
            )


def _external(results: Results, endpoint: str, last: float) -> list[External]:
    return [found for found in results.external if found.endpoint == endpoint and 0 <= _month(found) <= last]


def _month(found: External) -> float:
    return found.time_months - found.origin_months


def _name_studies(axes: Axes, results: Results, last: float) -> None:
    """Name each other study beside its points, and say how the model stands to it."""
    groups: dict[tuple[str, str], list[External]] = {}
    for found in _external(results, "os", last):
        groups.setdefault((found.strategy, found.label.partition(", ")[2] or found.label), []).append(found)
    top = 0.97
    for (strategy, study), points in groups.items():
        text = fold(f"{upper_first(study)}: {_gap(points)}", STUDY_WIDTH, lines=6)
        first = points[0]
        free = max(point.reported for point in points) < OPEN
        where = (0.99, top) if free else (0.02, 1.0 - top)
        axes.annotate(
            text,
            (_month(first), first.high or first.reported),
            xytext=where,
            textcoords="axes fraction",
            ha="right" if free else "left",
            va="top" if free else "bottom",
            color=style.colour(results.strategies.index(strategy)),
            linespacing=1.05,
            arrowprops={"arrowstyle": "-", "color": style.LIGHT, "linewidth": 0.8, "relpos": (0.4, 0.0)},
        )
        top -= lines_height(text) / 2.0 if free else -lines_height(text) / 2.0


def _gap(points: Sequence[External]) -> str:
    """Return how the modelled survival stands to that of a study, in words."""
    known = [(point, point.low, point.high) for point in points]
    inside = sum(low is not None and high is not None and low <= point.fitted <= high for point, low, high in known)
    last = points[-1]
    at = f"at month {_month(last):.0f} {display(last.reported, 'share')}, modelled {display(last.fitted, 'share')}"
    if not any(low is not None for _, low, _ in known):
        return at
    whole = "all" if inside == len(points) > 1 else str(inside)
    return f"{at}; the model is inside {whole} of its {len(points)} intervals"


def _draw_point(
    axes: Axes,
    point: tuple[float, float],
    interval: tuple[float | None, float | None],
    place: int,
    *,
    across: bool,
    inside: str,
) -> None:
    """Draw a point with its interval; inside is the colour of an open marker, empty for a filled one."""
    colour = style.colour(place)
    low, high = interval
    centre = point[0] if across else point[1]
    error = None if low is None or high is None else [[centre - low], [high - centre]]
    axes.errorbar(
        *point,
        xerr=error if across else None,
        yerr=None if across else error,
        fmt=style.marker(place),
        color=colour,
        markerfacecolor=inside or colour,
        markeredgecolor=colour if inside else "white",
        markeredgewidth=1.0 if inside else 0.5,
        markersize=4.5 if inside else 5.0,
        elinewidth=1.0,
        capsize=2.0,
        zorder=4,
    )


def _finish(axes: Axes, last: float, *, wide: bool) -> None:
    steps, most = (1, 2, 3, 6, 12), 6 if wide else 5
    step = next(step for step in steps if last / step <= most or step == steps[-1])
    axes.set_xlim(0, last)
    axes.set_xticks(np.arange(0, last + 1e-9, step))
    axes.set_xlabel("Time from model start (months)" if wide else "Time (months)")
    axes.grid(axis="y")


def _draw_follow_up(axes: Axes, run: Run, last: float) -> None:
    row = run.model.inputs.rows.get("trial.median_follow_up")
    if row is not None and row.value is not None and row.number < last:
        axes.axvline(row.number, color=style.GREY, linewidth=1.0, linestyle=(0, (1, 2)))
        label_across(axes, row.number, f"Median follow-up, {brief(row.number)} months", style.GREY)


def _treatment(run: Run) -> list[str]:
    return [endpoint for endpoint in run.model.fits if endpoint not in ENDPOINTS]


@style.house_style()
def time_on_treatment(results: Results, run: Run) -> Figure:
    """Draw the curves of time on treatment, by drug and strategy, beside what was reported."""
    from matplotlib.lines import Line2D

    medians = [c.median_months for c in results.curves if c.endpoint in _treatment(run) and c.median_months is not None]
    ends = [display(value, "months") for value in (min(medians), max(medians))] if medians else []
    length = " to ".join(dict.fromkeys(ends))
    title = f"Half of the patients have stopped treatment after {length} months" if ends else "Time on treatment"
    figure = page(title, _points_in_words(results.model_copy(update={"external": []}), capped=False), 2.5)
    axes, names = figure.subplots(), Names(results)
    months = np.linspace(0.0, last_month(run, FEW_ALIVE, LONGEST, STEP), 301)
    handles: list[Artist] = []
    for number, endpoint in enumerate(_treatment(run)):
        dashes = style.dashes(number)[1]
        given = {spec.strategy for spec in run.model.fits[endpoint].curves.specs}
        for place, strategy in enumerate(results.strategies):
            if strategy not in given:
                continue
            _draw_curve(axes, results, run, (endpoint, strategy, months), dashes)
            label = f"{names.endpoint(endpoint)}, {names.strategy(strategy)}"
            handles.append(Line2D([], [], color=style.colour(place), linestyle=(0, dashes), label=label))
    _finish(axes, float(months[-1]), wide=True)
    percent_axis(axes, "On treatment (%)")
    legend_below(figure, handles)
    return settle(figure)


MONTHS = "months"


def survival_fit(results: Results, names: Names) -> Table:
    """Return every reported statistic beside the fitted curve."""
    units = {"median": MONTHS, "survival": "proportion", "hazard_ratio": "ratio"}
    rows = [
        (
            names.endpoint(endpoint),
            names.strategy(entry.strategy),
            _statistic(entry, names),
            units.get(entry.statistic, ""),
            entry.reported,
            entry.low,
            entry.high,
            entry.fitted,
            entry.z,
            "yes" if entry.used else "no",
        )
        for endpoint, entries in results.fit.items()
        for entry in entries
    ]
    return Table(
        "survival_fit",
        "Reported and fitted survival",
        (notes.FIT,),
        (
            Column("Endpoint"),
            Column("Strategy"),
            Column("Statistic"),
            Column("Unit"),
            Column("Reported", "number"),
            Column("Low", "number", "", "95% interval"),
            Column("High", "number", "", "95% interval"),
            Column("Fitted", "number"),
            Column("Difference", "z", "SE"),
            Column("In the fit"),
        ),
        tuple(rows),
        banded=True,
    )


def _statistic(entry: FitStatistic, names: Names) -> str:
    if entry.statistic == "survival":
        return f"Survival at {display(entry.time, 'value')} months"
    if entry.statistic == "hazard_ratio":
        return f"Hazard ratio versus {names.strategy(entry.versus or '')}"
    return entry.statistic.replace("_", " ").capitalize()


def modelled_survival_table(results: Results, names: Names) -> Table:
    """Return medians and means as modelled, after caps and within the time horizon."""
    rows = []
    for strategy in results.strategies:
        found = results.base_case[strategy].survival
        cells = [value for e in ("pfs", "os") for value in (found[e].median_months, found[e].mean_months)]
        rows.append((names.strategy(strategy), *cells))
    return Table(
        "modelled_survival",
        "Survival as modelled",
        ("After progression-free survival is capped at overall survival; means within the time horizon.",),
        (
            Column("Strategy"),
            *(Column(h, "months", MONTHS, names.endpoint(e)) for e in ("pfs", "os") for h in ("Median", "Mean")),
        ),
        tuple(rows),
    )


def curves(results: Results, names: Names) -> Table:
    """Return every fitted curve: family, relation, median, means, survival by year."""
    years = _years(entry.survival_by_year for entry in results.curves)
    rows = [
        (
            names.endpoint(entry.endpoint),
            names.strategy(entry.strategy),
            family_name(entry.family),
            RELATIONS.get(entry.relation, entry.relation),
            entry.median_months,
            entry.mean_months,
            entry.restricted_mean_months,
            *(entry.survival_by_year.get(year) for year in years),
        )
        for entry in results.curves
    ]
    return Table(
        "curves",
        "Fitted curves",
        ("Before any cap. A mean without a limit is left out where it is infinite.",),
        (
            Column("Curve"),
            Column("Strategy"),
            Column("Family"),
            Column("Relation"),
            Column("Median", "months", MONTHS),
            Column("Mean without a limit", "months", MONTHS),
            Column("Mean within the horizon", "months", MONTHS),
            *_survival_columns(years),
        ),
        tuple(rows),
        banded=True,
    )


def _years(by_year: Iterable[dict[str, float]]) -> list[str]:
    return sorted({year for rates in by_year for year in rates}, key=float)


def _survival_columns(years: list[str]) -> list[Column]:
    return [Column(f"{year} year{'' if year == '1' else 's'}", "share", "proportion", "Survival at") for year in years]


def coefficients(run: Run, names: Names) -> Table:
    """Return the coefficients of every curve with their standard errors."""
    rows = [
        (names.endpoint(endpoint), names.strategy(each.strategy), each.coefficient, each.value, each.standard_error)
        for endpoint, fit in run.model.fits.items()
        for each in fit.estimates
    ]
    return Table(
        "coefficients",
        "Coefficients of the curves",
        (notes.COEFFICIENTS,),
        (
            Column("Curve"),
            Column("Strategy"),
            Column("Coefficient"),
            Column("Estimate", "number"),
            Column("SE", "number"),
        ),
        tuple(rows),
        banded=True,
    )


def fit_quality(results: Results, names: Names) -> Table:
    """Return how well each endpoint was fitted."""
    rows = [
        (
            names.endpoint(endpoint),
            quality.targets,
            quality.parameters,
            quality.objective,
            quality.criterion,
            quality.gradient_norm,
            quality.condition,
        )
        for endpoint, quality in results.fit_quality.items()
    ]
    return Table(
        "fit_quality",
        "Quality of the fits",
        (notes.QUALITY,),
        (
            Column("Endpoint"),
            Column("Statistics", "count"),
            Column("Coefficients", "count"),
            Column("Objective", "score"),
            Column("Criterion", "score"),
            Column("Gradient", "number"),
            Column("Condition", "number"),
        ),
        tuple(rows),
    )


def families(results: Results, names: Names) -> Table:
    """Return every family tried on each endpoint."""
    years = _years(rates for trial in results.families for rates in trial.survival_by_year.values())
    rows: list[tuple[Value, ...]] = []
    for trial in results.families:
        for strategy in trial.restricted_mean_months or results.strategies:
            rates = trial.survival_by_year.get(strategy, {})
            rows.append(
                (
                    names.endpoint(trial.endpoint),
                    family_name(trial.family),
                    names.strategy(strategy),
                    _state(trial),
                    trial.criterion,
                    trial.largest_z,
                    trial.restricted_mean_months.get(strategy),
                    *(rates.get(year) for year in years),
                )
            )
    return Table(
        "families",
        "Families of curves compared",
        (notes.FAMILIES,),
        (
            Column("Endpoint"),
            Column("Family"),
            Column("Strategy"),
            Column("Status"),
            Column("Criterion", "score"),
            Column("Largest difference", "z", "SE"),
            Column("Mean within the horizon", "months", MONTHS),
            *_survival_columns(years),
        ),
        tuple(rows),
        banded=True,
    )


def _state(trial: FamilyFit) -> str:
    if not trial.identified:
        return "not identified"
    return "base case" if trial.base_case else "alternative"


TABLES = (
    TableEntry("survival_fit", lambda results, _, names: survival_fit(results, names), needs_rows=True),
    TableEntry("modelled_survival", lambda results, _, names: modelled_survival_table(results, names), needs_rows=True),
    TableEntry("curves", lambda results, _, names: curves(results, names), needs_rows=True),
    TableEntry("coefficients", lambda _, run, names: coefficients(run, names), needs_rows=True),
    TableEntry("fit_quality", lambda results, _, names: fit_quality(results, names), needs_rows=True),
    TableEntry("families", lambda results, _, names: families(results, names), needs_rows=True),
)
CHARTS = (
    ChartEntry(
        "survival_curves",
        survival_curves,
        "Reported and modelled survival",
        same_for_payers=True,
    ),
    ChartEntry(
        "time_on_treatment",
        time_on_treatment,
        "Reported and modelled time on treatment",
        lambda _, run: bool(_treatment(run)),
        same_for_payers=True,
        of_base_case=True,
    ),
)
