"""What the charts of the evidence pack share: panels, axes of time, the look of families, points and legends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.survival.patients.kaplan_meier import kaplan_meier
from hemodel.units import MONTHS_PER_YEAR
from hemodel.views.shared import style
from hemodel.views.shared.page import MARGIN, MOST_BODY, WIDTH
from hemodel.views.shared.text import fold
from hemodel.views.shared.words import family_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase
    from numpy.typing import ArrayLike

    from hemodel.analyses.evidence.records import EndpointEvidence, FamilyEvidence, ObservedCurve
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData


IN_USE = style.PARTS[4]
OTHERS = (
    *("#0072B2", "#009E73", "#B0508A", "#56B4E9", "#A08000", "#12436D", "#E69F00", "#7A4A2A"),
    "#6A3D9A",
)
"""Colours of families, in the order in which they are usually named."""
PLAIN = ("exp", "weibull", "gompertz", "llogis", "lnorm", "gamma", "gengamma", "genf")
BROAD, THIN = 2.4, 1.1
BAND: dict[str, Any] = {"color": style.GREY, "alpha": 0.22, "linewidth": 0}
DOTTED = (0, (1, 2))
POPULATION: dict[str, Any] = {"color": style.GREY, "linewidth": 1.1, "linestyle": (0, (8, 2, 1, 2, 1, 2))}
POPULATION_LABEL = "Population of the same age and sex"
FEWEST_MONTHS = 6.0
LONGEST_WITHOUT_FOLLOW_UP = 60.0
LANDMARK_YEARS = 8.0
"""Years that a chart of extrapolations shows."""
FOLLOW_UPS = 2.0
MOST_TICKS = 5
POINTS = 301
AXIS_WIDTH = 0.62
"""Width of the numbers and label of a y axis. [inches]"""


@dataclass(frozen=True)
class Span:
    """The stretch of time an axis shows, from 0 to `last` months, in months or in years."""

    last: float
    in_years: bool

    @property
    def unit(self) -> str:
        """In words."""
        return "years" if self.in_years else "months"

    def shown(self, months: ArrayLike) -> Array:
        """Return months in the unit of the axis."""
        return np.asarray(months, dtype=np.float64) / (MONTHS_PER_YEAR if self.in_years else 1.0)

    def grid(self) -> Array:
        """Return months at which curves are drawn, the first just after 0."""
        return np.concatenate([[1e-3 * self.last], np.linspace(0.0, self.last, POINTS)[1:]])


def to_twice_follow_up(evidence: EndpointEvidence, horizon: float) -> Span:
    """Return about twice the follow-up in months, never beyond the horizon."""
    known = evidence.follow_up.months
    last = LONGEST_WITHOUT_FOLLOW_UP if known is None else max(FEWEST_MONTHS, FOLLOW_UPS * known)
    rounded = FEWEST_MONTHS * math.ceil(last / FEWEST_MONTHS - 1e-9)
    return Span(min(rounded, horizon), in_years=False)


def to_landmark(horizon: float) -> Span:
    """Return the years on which curves are chosen, never beyond the horizon."""
    return Span(min(LANDMARK_YEARS * MONTHS_PER_YEAR, horizon), in_years=True)


def to_horizon(horizon: float) -> Span:
    """Return the whole time horizon, in years."""
    return Span(horizon, in_years=True)


def time_ticks(span: Span) -> Array:
    """Return round times in the unit of the axis, 0 first."""
    last = float(span.shown(span.last))
    steps = (1, 2, 5, 10, 20) if span.in_years else (1, 2, 3, 6, 12, 24, 48, 96)
    step = next((step for step in steps if last / step <= MOST_TICKS), steps[-1])
    return np.arange(0.0, last + 1e-9, step)


def time_axis(axes: Axes, span: Span) -> None:
    """Label an axis of time and give it round ticks."""
    axes.set_xlim(0, float(span.shown(span.last)))
    axes.set_xticks(time_ticks(span))
    axes.set_xlabel(f"Time ({span.unit})")


def columns_of(count: int) -> int:
    """Return how many panels stand side by side."""
    return min(count, 2)


def panel_rows(count: int) -> int:
    """Return how many rows of panels there are."""
    return math.ceil(count / columns_of(count))


def panels_height(count: int, each: float) -> float:
    """Return the height of all panels, each so high unless the page is too small, in inches."""
    return min(each * panel_rows(count), MOST_BODY)


def panel_width(count: int) -> float:
    """Return the width of a panel without its y axis, in inches."""
    return (WIDTH - 2 * MARGIN) / columns_of(count) - AXIS_WIDTH


def panels(figure: FigureBase, count: int) -> list[Axes]:
    """Return one set of axes a strategy; places without one are switched off."""
    found = list(figure.subplots(panel_rows(count), columns_of(count), squeeze=False).flat)
    for axes in found[count:]:
        axes.set_axis_off()
    return found[:count]


def panels_with_risk(figure: Figure, count: int) -> list[tuple[Axes, Axes]]:
    """Return for each strategy the axes of the curves and, under them, those of the numbers at risk."""
    rows, columns = panel_rows(count), columns_of(count)
    found = figure.subplots(2 * rows, columns, squeeze=False, gridspec_kw={"height_ratios": [6.5, 1.0] * rows})
    pairs = [(found[2 * (i // columns), i % columns], found[2 * (i // columns) + 1, i % columns]) for i in range(count)]
    used = {id(axes) for pair in pairs for axes in pair}
    for axes in found.flat:
        if id(axes) not in used:
            axes.set_axis_off()
    return pairs


def panel_title(axes: Axes, text: str, count: int) -> None:
    """Put a strategy's name above its panel."""
    axes.set_title(fold(text, panel_width(count) - MARGIN, size=style.SIZE + 0.5, lines=3))


def look(family: FamilyEvidence, place: int) -> dict[str, Any]:
    """Return how a family's curve is drawn: the one in use broad, others thin, in a colour and dashes of their own."""
    if family.in_use:
        return {"color": IN_USE, "linewidth": BROAD, "zorder": 3.5}
    own = PLAIN.index(family.family) if family.family in PLAIN else place
    return {
        "color": OTHERS[own % len(OTHERS)],
        "linewidth": THIN,
        "linestyle": style.dashes(own),
        "zorder": 3.0,
    }


def family_handles(families: Sequence[FamilyEvidence]) -> list[Artist]:
    """Return the samples of a legend, one a family."""
    from matplotlib.lines import Line2D

    handles: list[Artist] = []
    for place, family in enumerate(families):
        used = ", used in the workbook" if family.in_use else ""
        drawn = {key: value for key, value in look(family, place).items() if key != "zorder"}
        handles.append(Line2D([], [], **drawn, label=f"{family_name(family.family)}{used}"))
    return handles


def families_in_words(families: Sequence[FamilyEvidence]) -> str:
    """Return how many families are shown."""
    others = [family.family for family in families if not family.in_use]
    if any("(" in family for family in others):
        return f"{len(others)} flexible families and the one in use"
    return "one family" if len(families) == 1 else f"{len(families)} families"


def draw_observed(axes: Axes, observed: ObservedCurve, span: Span) -> None:
    """Draw a Kaplan-Meier curve with its 95% interval."""
    inside = observed.times <= span.last
    t = np.append(span.shown(observed.times[inside]), span.shown(min(span.last, float(observed.times[-1]))))
    low, high, middle = (
        np.append(values[inside], values[inside][-1]) for values in (observed.low, observed.high, observed.survival)
    )
    axes.fill_between(t, low, high, step="post", zorder=1.5, **BAND)
    axes.step(t, middle, where="post", color=style.INK, linewidth=1.0, zorder=3.8)


def draw_at_risk(axes: Axes, data: PatientData, span: Span) -> None:
    """Write the numbers at risk under the ticks of an axis in months."""
    axes.set_axis_off()
    axes.set_xlim(0, span.last)
    axes.set_ylim(0, 1)
    axes.text(0, 1, "Patients at risk", color=style.GREY, va="top", ha="left")
    ticks = time_ticks(span)
    for month, number in zip(ticks, kaplan_meier(data).numbers_at_risk(ticks), strict=True):
        axes.text(month, 0, f"{number:.0f}", va="bottom", ha="center")


def draw_follow_up(axes: Axes, evidence: EndpointEvidence, span: Span) -> None:
    """Mark the end of follow-up."""
    months = evidence.follow_up.months
    if months is not None and months < span.last:
        axes.axvline(float(span.shown(months)), color=style.GREY, linewidth=1.0, linestyle=DOTTED, zorder=1)


def draw_point(
    axes: Axes,
    point: tuple[float, float],
    interval: tuple[float | None, float | None],
    *,
    across: bool,
    inside: str,
    marker: str,
) -> None:
    """Draw a point with its interval, of time where it lies across.

    Parameters
    ----------
    point : pair of float
        As on the axes.
    interval : pair of float or None
    inside, marker : str
        Colour and shape.
    """
    low, high = interval
    centre = point[0] if across else point[1]
    error = None if low is None or high is None else [[max(0.0, centre - low)], [max(0.0, high - centre)]]
    axes.errorbar(
        *point,
        xerr=error if across else None,
        yerr=None if across else error,
        fmt=marker,
        color=style.INK,
        markerfacecolor=inside,
        markeredgecolor=style.INK,
        markeredgewidth=0.9,
        markersize=4.6,
        elinewidth=0.9,
        capsize=2.0,
        zorder=5,
    )
