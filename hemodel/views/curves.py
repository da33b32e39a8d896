"""Chart of survival: the curves, what was reported and what other studies found.

Values of the fitted curves for the charts that draw them.

Tables of survival: reported beside fitted, curves, coefficients, families.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.analyses.curve_draws import curve_draws, design_of
from hemodel.analyses.fitted_curves import modelled_survival, survival_interval
from hemodel.formats import Value, display
from hemodel.model.evaluate import base_draws, survival_at
from hemodel.units import MONTHS_PER_YEAR
from hemodel.views.shared import notes, style
from hemodel.views.shared.declared import ChartEntry, TableEntry
from hemodel.views.shared.page import legend_below, page, percent_axis, settle
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import brief, fold, lines_height
from hemodel.views.shared.words import ENDPOINTS, RELATIONS, Names, family_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.fitted_curves import FamilyFit, FitStatistic
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
LEGEND_WIDTH = 2.35
MOST_LEGEND_HEIGHT = 2.4
"""A legend up to this height stands in the free quarter of the page. [inches]"""
CAP_DASHES = (0, (2, 2))


@style.house_style()
def survival_curves(results: Results, run: Run) -> Figure:
    """Draw the fitted curves beside what was reported and what other studies found.

    Parameters
    ----------
    run : Run
        Holds the fitted curves; with a probabilistic analysis, 95% of the draws of
        their coefficients are shown as a band.
    """
    treatment = [endpoint for endpoint in run.model.fits if endpoint not in ENDPOINTS]
    panels = [["pfs"], ["os"], treatment] if treatment else [["pfs"], ["os"]]
    rows = 2 if treatment else 1
    what = "Base case as modelled, beside the statistics the curves were fitted to"
    figure = page("Modelled and reported survival", what, 2.65 * rows)
    cells = list(figure.subplots(rows, 2, squeeze=False).flat)
    months = np.linspace(0.0, last_month(run, FEW_ALIVE, LONGEST, STEP), 301)
    capped = False
    for axes, endpoints in zip(cells, panels, strict=False):
        for number, endpoint in enumerate(endpoints):
            capped |= _draw_endpoint(axes, results, run, _Panel(endpoint, number, len(endpoints), months))
        _finish(axes, results, run, (endpoints, float(months[-1])))
    for axes in cells[len(panels) :]:
        axes.set_axis_off()
    _place_legend(figure, cells[3] if treatment else None, _legend_handles(results, run, capped=capped))
    return settle(figure)


def _place_legend(figure: Figure, free: Axes | None, handles: list[Artist]) -> None:
    """Put the legend in the free quarter where it fits, else under the axes."""
    labels = [fold(str(handle.get_label()), LEGEND_WIDTH, lines=3) for handle in handles]
    if free is not None and sum(lines_height(label) + 0.06 for label in labels) < MOST_LEGEND_HEIGHT:
        free.legend(handles, labels, loc="center left", borderaxespad=0)
    else:
        legend_below(figure, handles)


@dataclass(frozen=True)
class _Panel:
    """An endpoint, its place among those of its panel, how many these are, and the months shown."""

    endpoint: str
    number: int
    of: int
    months: FloatArray


def _draw_endpoint(axes: Axes, results: Results, run: Run, panel: _Panel) -> bool:
    """Draw the curves and points of an endpoint; return whether a cap can be seen."""
    fits, endpoint, months = run.model.fits, panel.endpoint, panel.months
    base, seen = base_coefficients(run), False
    draws = {} if run.psa is None else _draws(run, run.psa.seed)
    with_curve = {spec.strategy for spec in fits[endpoint].curves.specs}
    for place, strategy in enumerate(results.strategies):
        if strategy not in with_curve:
            continue
        colour = style.colour(place)
        raw, after = modelled_survival(run.model, endpoint, strategy, months, base)
        if draws:
            low, high = survival_interval(run.model, endpoint, strategy, months, draws)
            axes.fill_between(months, low, high, color=colour, alpha=0.15, linewidth=0)
            for edge in (low, high):
                axes.plot(months, edge, color=colour, alpha=0.45, linewidth=0.5)
        if np.abs(raw - after).max() > VISIBLE:
            axes.plot(months, raw[0], color=colour, linewidth=0.9, linestyle=CAP_DASHES)
            seen = True
        axes.plot(months, after[0], color=colour, **_line(place, panel.number, panel.of))
        _draw_reported(axes, [s for s in results.fit[endpoint] if s.strategy == strategy], place)
        _draw_external(axes, results, endpoint, strategy, float(months[-1]))
    return seen


def _draws(run: Run, seed: int) -> dict[str, FloatArray]:
    drawn = curve_draws(run.model, design_of(run.model, seed), 0, BAND_DRAWS)
    return {name: drawn[f"curve.{name}"] for name in run.model.fits}


def _line(place: int, number: int, of: int) -> dict[str, Any]:
    """Return the look of a strategy's curve.

    Where a panel has several endpoints the dashes tell these apart, and the first is
    broad and pale, so that others show on it.
    """
    if of > 1:
        return {"linestyle": style.dashes(number)} if number else {"linewidth": 3.4, "alpha": 0.45}
    return {"linestyle": _strategy_dashes(place)}


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
    for found in results.external:
        month = found.time_months - found.origin_months
        if found.endpoint == endpoint and found.strategy == strategy and 0 <= month <= last:
            place = results.strategies.index(strategy)
            _draw_point(axes, (month, found.reported), (found.low, found.high), place, across=False, inside="white")


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


def _finish(axes: Axes, results: Results, run: Run, shown: tuple[list[str], float]) -> None:
    endpoints, last = shown
    axes.set_title(ENDPOINTS.get(endpoints[0], "Time on treatment"))
    step = next(step for step in (1, 2, 3, 6, 12) if last / step <= 6 or step == 12)
    axes.set_xlim(0, last)
    axes.set_xticks(np.arange(0, last + 1e-9, step))
    axes.set_xlabel("Time from model start (months)")
    percent_axis(axes, "On treatment (%)" if endpoints[0] not in ENDPOINTS else "Patients (%)")
    axes.grid(axis="y")
    follow_up = _follow_up(run)
    if follow_up is not None:
        axes.axvline(follow_up, color=style.GREY, linewidth=1.0, linestyle=(0, (1, 2)))
    if endpoints[0] not in ENDPOINTS:
        from matplotlib.lines import Line2D

        names = [Names(results).endpoint(endpoint) for endpoint in endpoints]
        lines = [
            Line2D([], [], color=style.INK, **_line(0, i, len(names)), label=fold(name, 1.35))
            for i, name in enumerate(names)
        ]
        axes.legend(handles=lines, loc="upper right", borderaxespad=0)


def _follow_up(run: Run) -> float | None:
    row = run.model.inputs.rows.get("trial.median_follow_up")
    return None if row is None or row.value is None else row.number


def _legend_handles(results: Results, run: Run, *, capped: bool) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    names = Names(results)
    handles: list[Artist] = [
        Line2D(
            [],
            [],
            color=style.colour(i),
            linestyle=_strategy_dashes(i),
            marker=style.marker(i),
            markersize=5,
            label=names.strategy(s),
        )
        for i, s in enumerate(results.strategies)
    ]
    grey: dict[str, Any] = {"color": style.GREY}
    dot: dict[str, Any] = {"marker": "o", "linestyle": "none", "markersize": 4.5, **grey}
    handles.append(Line2D([], [], **dot, label="Reported, with 95% interval"))
    if any(not s.used and s.statistic != "hazard_ratio" for found in results.fit.values() for s in found):
        handles.append(Line2D([], [], **dot, markerfacecolor=style.LIGHT, label="Reported, not used in the fit"))
    if results.external:
        handles.append(Line2D([], [], **dot, markerfacecolor="white", label="Other studies, on the model's clock"))
    if capped:
        label = "Before it is capped at OS or PFS"
        handles.append(Line2D([], [], **grey, linewidth=0.9, linestyle=CAP_DASHES, label=label))
    if run.psa is not None:
        handles.append(Patch(color=style.GREY, alpha=0.25, linewidth=0, label=f"95% of {BAND_DRAWS} draws"))
    follow_up = _follow_up(run)
    if follow_up is not None:
        label = f"Median follow-up, {brief(follow_up)} months"
        handles.append(Line2D([], [], **grey, linewidth=1.0, linestyle=(0, (1, 2)), label=label))
    return handles


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
        "Reported and modelled survival, with 95% intervals",
        same_for_payers=True,
    ),
)
