"""Tables of the value of information.

Charts of the value of information, for a run and for the analysis of another tool alike.

What the value of information comes to, in sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.formats import Value, display
from hemodel.views.shared import style
from hemodel.views.shared.declared import ROWS_ON_PAGE, ChartEntry, OnPage, TableEntry
from hemodel.views.shared.page import LABEL_WIDTH, legend_below, number_axis, page, plain_rows, settle
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import brief, fold
from hemodel.views.shared.words import Names
from hemodel.voi.information import share_of_evpi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.information import EvppiEntry, InformationResult
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run


EVPI_IS = (
    "EVPI: what it is worth, on average, to decide with all uncertainty resolved rather than now. The expected loss of"
    " a strategy is its mean shortfall from the best strategy of each draw; that of the optimal strategy is the EVPI."
)
EVPPI_IS = (
    "EVPPI: what it is worth to know an input, or all inputs of a group, by regression on the draws. The standard error"
    " is that of the simulation and of the regression; the bias is how far the estimate is expected to lie above the"
    " truth, and is not subtracted. By chance: what inputs of no importance would be expected to show; a value near it"
    " says nothing. Values of several inputs do not add up."
)
AT_PEAK = "{threshold} is the threshold with the highest EVPI."
CAPPED = "Where the regression gave more than the EVPI, the EVPI stands: {labels}."


@dataclass(frozen=True)
class InformationUnits:
    """What the value of information is printed in: currency, unit of thresholds, names of strategies."""

    currency: str
    per: str
    strategies: Mapping[str, str]

    def threshold(self, value: float) -> str:
        """Return a threshold in words."""
        return f"{display(value, 'icer', self.currency)} per {self.per}"

    @property
    def unit(self) -> str:
        """Unit of thresholds."""
        return f"{self.currency or 'cost'} per {self.per}"


def shown_as(results: Results, names: Names) -> InformationUnits:
    """Return what the value of information of a run is printed in."""
    return InformationUnits(results.currency, "QALY", {s: names.strategy(s) for s in results.strategies})


def evpi_table(found: InformationResult, shown: InformationUnits) -> Table:
    """Return EVPI and expected losses by threshold."""
    rows: list[tuple[Value, ...]] = [
        (
            entry.threshold,
            entry.value,
            entry.standard_error,
            shown.strategies[entry.optimal],
            *(entry.expected_loss[s] for s in shown.strategies),
        )
        for entry in found.evpi
    ]
    return Table(
        "evpi",
        "Expected value of perfect information and expected losses",
        (EVPI_IS, f"Per person; {found.draws:,} draws.", *_peak(found, shown)),
        (
            Column("Willingness to pay", "icer", shown.unit),
            Column("EVPI", "money", shown.currency),
            Column("Standard error", "money", shown.currency),
            Column("Optimal strategy"),
            *(Column(name, "money", shown.currency, "Expected loss") for name in shown.strategies.values()),
        ),
        tuple(rows),
    )


def evppi_table(found: InformationResult, shown: InformationUnits) -> Table:
    """Return EVPPI by threshold, the highest first, at the thresholds at which the EVPI is not 0."""
    worth = {entry.threshold for entry in found.evpi if entry.value > 0}
    nothing = [shown.threshold(threshold) for threshold in found.thresholds if threshold not in worth]
    capped = ", ".join(entry.label for entry in found.evppi if any(at.capped for at in entry.at))
    places = [k for k, threshold in enumerate(found.thresholds) if threshold in worth]
    return Table(
        "evppi",
        "Expected value of partial perfect information",
        (
            EVPPI_IS,
            f"Per person; {found.draws:,} draws.",
            *_peak(found, shown),
            *((f"The EVPI, and with it every EVPPI, is 0 at {', '.join(nothing)}.",) if nothing and worth else ()),
            *((CAPPED.format(labels=capped),) if capped else ()),
        ),
        (
            Column("Willingness to pay"),
            Column("Input or group"),
            Column("Kind"),
            Column("Id"),
            Column("Method"),
            Column("EVPPI", "money", shown.currency),
            Column("Standard error", "money", shown.currency),
            Column("Bias", "money", shown.currency),
            Column("By chance", "money", shown.currency),
            Column("Share of the EVPI", "share"),
        ),
        tuple(row for k in places for row in _evppi_rows(found, shown, k)),
        banded=True,
    )


def _evppi_rows(found: InformationResult, shown: InformationUnits, k: int) -> list[tuple[Value, ...]]:
    whole, where = found.evpi[k].value, shown.threshold(found.thresholds[k])
    return [
        (
            where,
            entry.label,
            "Group" if entry.group else "Input",
            entry.id,
            "Spline" if entry.method == "spline" else "Gaussian process",
            entry.at[k].value,
            entry.at[k].standard_error,
            entry.at[k].bias,
            entry.at[k].by_chance,
            share_of_evpi(entry.at[k].value, whole),
        )
        for entry in sorted(found.evppi, key=lambda entry: -entry.at[k].value)
    ]


def curves_table(found: InformationResult, shown: InformationUnits) -> Table:
    """Return EVPI, expected losses and the highest EVPPI over willingness to pay."""
    curves = found.curves
    columns = [curves.wtp, curves.evpi, curves.standard_error, [shown.strategies[s] for s in curves.optimal]]
    columns += [curves.expected_loss[s] for s in shown.strategies]
    columns += [each.value for each in curves.evppi]
    return Table(
        "voi_curves",
        "Value of information over willingness to pay",
        (EVPI_IS, f"Per person; {found.draws:,} draws. EVPPI of the inputs and groups with the highest."),
        (
            Column("Willingness to pay", "icer", shown.unit),
            Column("EVPI", "money", shown.currency),
            Column("Standard error", "money", shown.currency),
            Column("Optimal strategy"),
            *(Column(name, "money", shown.currency, "Expected loss") for name in shown.strategies.values()),
            *(Column(label, "money", shown.currency, "EVPPI") for label in (each.label for each in found.curves.evppi)),
        ),
        tuple(zip(*columns, strict=True)),
    )


def _peak(found: InformationResult, shown: InformationUnits) -> list[str]:
    if found.most_uncertain is None:
        return [
            "The same strategy is best in every draw at every threshold looked at, so that information has no value."
        ]
    return [AT_PEAK.format(threshold=shown.threshold(found.most_uncertain))]


MOST_BARS = 10
ROW_HEIGHT = 0.3
INPUT_LINES = tuple(style.PARTS[k] for k in (0, 4, 2, 7))
INPUT_COLOUR, GROUP_COLOUR = "#0B5C8F", "#F0A83C"


def information_figures(
    found: InformationResult | None, shown: InformationUnits, threshold: float
) -> dict[str, Callable[[], Figure]]:
    """Return the charts of the value of information by name; none where it has none at the threshold of the decision.

    Parameters
    ----------
    threshold : float
        Of the decision; one of `found`.
    """
    if found is None or found.evpi[found.thresholds.index(threshold)].value == 0:
        return {}
    made: dict[str, Callable[[], Figure]] = {}
    if ranked(found.evppi, found.thresholds.index(found.ranked_at)):
        made["evppi"] = partial(evppi_ranking, found, shown, found.ranked_at)
    if len(found.curves.wtp) == 1:
        return made
    return made | {
        "voi_curves": partial(voi_curves, found, shown),
        "expected_loss": partial(expected_loss, found, shown, threshold),
    }


@style.house_style()
def evppi_ranking(found: InformationResult, shown: InformationUnits, threshold: float) -> Figure:
    """Draw the inputs and groups that it is worth most to know at a threshold.

    Parameters
    ----------
    threshold : float
        One of `found`.
    """
    place = found.thresholds.index(threshold)
    entries = ranked(found.evppi, place)
    whole = found.evpi[place]
    at = f"At {shown.threshold(threshold)}" + (
        ", where the EVPI is highest" if threshold == found.most_uncertain else ""
    )
    subtitle = (
        f"{at}: EVPPI of the {len(entries)} inputs and groups, of {len(found.evppi)}, with the highest; {found.draws:,}"
        " draws. Left out: below twice the error, or what chance gives. Whiskers: one standard error to either side"
    )
    figure = page(f"It is worth most to know {entries[0].label}", subtitle, ROW_HEIGHT * len(entries) + 0.6)
    axes = figure.subplots()
    _draw_bars(axes, entries, place, whole.value)
    number_axis(axes.xaxis, f"Expected value of partial perfect information ({_currency(shown)} per person)")
    plain_rows(axes)
    legend_below(figure, _ranking_samples(whole.value))
    return settle(figure)


def ranked(entries: Sequence[EvppiEntry], place: int) -> list[EvppiEntry]:
    """Return the entries with the highest EVPPI at the threshold of this place, of those that are clear."""
    worth = [entry for entry in entries if entry.at[place].is_clear]
    return sorted(worth, key=lambda entry: -entry.at[place].value)[:MOST_BARS]


def _currency(shown: InformationUnits) -> str:
    return shown.currency or "units of cost"


def _draw_bars(axes: Axes, entries: Sequence[EvppiEntry], place: int, whole: float) -> None:
    values = np.array([entry.at[place].value for entry in entries])
    errors = np.array([entry.at[place].standard_error for entry in entries])
    rows = np.arange(len(entries))
    colours = [GROUP_COLOUR if entry.group else INPUT_COLOUR for entry in entries]
    bars = axes.barh(rows, values, height=0.62, color=colours, edgecolor=style.INK, linewidth=0.5)
    for bar, entry in zip(bars, entries, strict=True):
        bar.set_hatch("////" if entry.group else "")
    low = np.minimum(errors, values)
    axes.errorbar(values, rows, xerr=[low, errors], fmt="none", ecolor=style.INK, elinewidth=1.0, capsize=2.5)
    axes.axvline(whole, color=style.GREY, linestyle=(0, (5, 2)), linewidth=1.1)
    reach = max(float(np.max(values + errors, initial=0.0)), whole) or 1.0
    for row, value, error in zip(rows, values, errors, strict=True):
        axes.annotate(
            brief(value),
            (value + error, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )
    axes.set_xlim(0, 1.15 * reach)
    axes.set_ylim(len(entries) - 0.4, -0.6)
    axes.set_yticks(rows, [fold(entry.label, LABEL_WIDTH) for entry in entries])


def _ranking_samples(whole: float) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    edge: dict[str, Any] = {"edgecolor": style.INK, "linewidth": 0.5}
    return [
        Patch(facecolor=INPUT_COLOUR, **edge, label="One input"),
        Patch(facecolor=GROUP_COLOUR, hatch="////", **edge, label="A group of inputs, known together"),
        Line2D([], [], color=style.GREY, linestyle=(0, (5, 2)), linewidth=1.1, label=f"EVPI, {brief(whole)}"),
    ]


@style.house_style()
def voi_curves(found: InformationResult, shown: InformationUnits) -> Figure:
    """Draw EVPI and the highest EVPPI over willingness to pay."""
    curves = found.curves
    subtitle = (
        f"Expected value of perfect information on everything (EVPI) and on some inputs and groups (EVPPI), per person;"
        f" {found.draws:,} draws"
    )
    peak = max(zip(curves.evpi, curves.wtp, strict=True))
    figure = page(f"Information is worth most at {shown.threshold(float(f'{peak[1]:.3g}'))}", subtitle, 2.9)
    axes = figure.subplots()
    _draw_thresholds(axes, found)
    handles: list[Artist] = []
    handles += axes.plot(curves.wtp, curves.evpi, color=style.INK, linewidth=2.2, label="EVPI")
    for place, each in enumerate(curves.evppi):
        handles += axes.plot(
            curves.wtp,
            each.value,
            color=style.GREY if each.group else INPUT_LINES[place % len(INPUT_LINES)],
            linestyle=style.dashes(1 + place % (len(style.DASHES) - 1)),
            label=f"{each.label} (group)" if each.group else each.label,
        )
    _wtp_axis(axes, found, shown)
    number_axis(axes.yaxis, f"Value of information ({_currency(shown)} per person)")
    axes.set_ylim(bottom=0)
    handles.append(_threshold_sample())
    legend_below(figure, handles)
    return settle(figure)


@style.house_style()
def expected_loss(found: InformationResult, shown: InformationUnits, threshold: float) -> Figure:
    """Draw the expected loss of each strategy, and the frontier that is the EVPI, over willingness to pay."""
    from matplotlib.patches import Patch

    curves = found.curves
    subtitle = (
        f"Mean shortfall of each strategy from the best strategy of each of {found.draws:,} draws, per person. The"
        " lowest is the expected loss of deciding now: the EVPI"
    )
    now = found.evpi[found.thresholds.index(threshold)]
    best = shown.strategies[now.optimal]
    title = f"At {shown.threshold(threshold)} {best} has the lowest expected loss, {_money(now.value, shown)}"
    figure = page(title, subtitle, 2.9)
    axes = figure.subplots()
    _draw_thresholds(axes, found)
    for _, group in groupby(zip(curves.optimal, curves.wtp, curves.evpi, strict=True), key=lambda point: point[0]):
        _, wtp, loss = zip(*group, strict=True)
        axes.plot(wtp, loss, color=style.LIGHT, linewidth=4.5, solid_capstyle="round", zorder=3)
    handles: list[Artist] = []
    for place, (strategy, name) in enumerate(shown.strategies.items()):
        line: dict[str, Any] = {"color": style.colour(place), "linestyle": style.dashes(place)}
        handles += axes.plot(curves.wtp, curves.expected_loss[strategy], **line, label=name, zorder=4)
    handles.append(Patch(facecolor=style.LIGHT, label="EVPI"))
    handles.append(_threshold_sample())
    _wtp_axis(axes, found, shown)
    number_axis(axes.yaxis, f"Expected loss ({_currency(shown)} per person)")
    axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])
    legend_below(figure, handles)
    return settle(figure)


def _draw_thresholds(axes: Axes, found: InformationResult) -> None:
    for threshold in found.thresholds:
        if threshold != found.most_uncertain:
            axes.axvline(threshold, color=style.LIGHT, linewidth=0.9)


def _threshold_sample() -> Artist:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=style.LIGHT, linewidth=0.9, label="Thresholds")


def _wtp_axis(axes: Axes, found: InformationResult, shown: InformationUnits) -> None:
    axes.set_xlim(found.curves.wtp[0], found.curves.wtp[-1])
    number_axis(axes.xaxis, f"Willingness to pay ({shown.unit})")
    axes.grid(axis="y")


MOST_NAMED = 3
NONE_CLEAR = "No input and no group has a value of at least twice its error and above what unimportant inputs show."


def information_text(found: InformationResult | None, shown: InformationUnits, threshold: float) -> tuple[str, ...]:
    """Return sentences on the EVPI at a threshold and where it is highest, and on what is worth most to know.

    Parameters
    ----------
    threshold : float
        Of the decision; one of `found`.
    """
    if found is None:
        return ()
    entry = found.evpi[found.thresholds.index(threshold)]
    best = shown.strategies[entry.optimal]
    peak = None if found.most_uncertain is None else found.evpi[found.thresholds.index(found.most_uncertain)]
    if entry.value == 0:
        highest = f"; it is highest, {_money(peak.value, shown)}, at {shown.threshold(peak.threshold)}" if peak else ""
        nothing = f"{best} is the best strategy in each of {found.draws:,} draws, so that no information changes the"
        return (f"At {shown.threshold(threshold)} {nothing} decision and the EVPI is 0 per person{highest}.",)
    worth = f"{_money(entry.value, shown)} per person (standard error {display(entry.standard_error, 'money')})"
    said = [f"At {shown.threshold(threshold)} the optimal strategy is {best}, and the EVPI is {worth}."]
    if peak is not None and peak.threshold != threshold:
        said.append(
            f"The EVPI is highest at {shown.threshold(peak.threshold)}: {_money(peak.value, shown)} per person."
        )
    place = found.thresholds.index(found.ranked_at)
    for word, group in (("inputs", False), ("groups of inputs", True)):
        most = [e for e in found.evppi if e.group == group and e.at[place].is_clear][:MOST_NAMED]
        if most:
            told = "; ".join(_told(each, place, shown) for each in most)
            said.append(f"At {shown.threshold(found.ranked_at)} the {word} that it is worth most to know are: {told}.")
    if found.evppi and not any(entry.at[place].is_clear for entry in found.evppi):
        said.append(NONE_CLEAR)
    if found.withheld:
        said.append(found.withheld)
    return tuple(said)


def _told(entry: EvppiEntry, place: int, shown: InformationUnits) -> str:
    at = entry.at[place]
    return f"{entry.label} ({_money(at.value, shown)}, standard error {display(at.standard_error, 'money')})"


def _money(value: float, shown: InformationUnits) -> str:
    return display(value, "money", shown.currency)


def _table(
    make: Callable[[InformationResult, InformationUnits], Table],
) -> Callable[[Results, Run, Names], Table | None]:
    def made(results: Results, _run: Run, names: Names) -> Table | None:
        return None if results.information is None else make(results.information, shown_as(results, names))

    return made


TABLES = (
    TableEntry("evpi", _table(evpi_table), needs_rows=True),
    TableEntry("evppi", _table(evppi_table), OnPage(("Id", "Method"), most_rows=ROWS_ON_PAGE), needs_rows=True),
    TableEntry("voi_curves", _table(curves_table), needs_rows=True),
)


def _chart(name: str, caption: str) -> ChartEntry:
    """Declare one of `information_figures`."""

    def of_run(results: Results) -> dict[str, Callable[[], Figure]]:
        return information_figures(results.information, shown_as(results, Names(results)), results.decision_threshold)

    return ChartEntry(
        name,
        lambda results, _: of_run(results)[name](),
        caption,
        lambda results, _: name in of_run(results),
    )


CHARTS = (
    _chart("evppi", "Value of knowing an input (EVPPI)"),
    _chart("voi_curves", "Value of information by willingness to pay"),
    _chart("expected_loss", "Expected loss of each strategy"),
)
