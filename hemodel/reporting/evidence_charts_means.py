"""Chart of the evidence: restricted means of every family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.reporting import style
from hemodel.reporting.charts_page import MARGIN, WIDTH, legend_below, number_axis, page, plain_rows, settle
from hemodel.reporting.charts_text import brief, fold, text_width
from hemodel.reporting.evidence_charts_page import IN_USE
from hemodel.reporting.evidence_words import EvidenceNames
from hemodel.reporting.tables_words import family_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analysis.evidence import EvidencePack, FamilyEvidence
    from hemodel.model import Model

ROW, LOWEST_ROW = 0.19, 0.15
"""Height of the row of a family, and the least of it. [inches]"""
AROUND = 0.75
"""Height of a panel's title and axis. [inches]"""
MOST_HEIGHT = 8.2
"""Of the panels; families that do not fit in are left out, from the end of the ranking. [inches]"""


@style.house_style()
def mean_chart(model: Model, pack: EvidencePack, endpoint: str) -> Figure:
    """Draw the restricted means of every family with their intervals, the one in use marked.

    Parameters
    ----------
    model : Model
    pack : EvidencePack
    endpoint : str
    """
    evidence, names = pack.endpoints[endpoint], EvidenceNames(model)
    fitted = [family for family in evidence.families if family.fit is not None]
    strategies = list(evidence.in_use.curves)
    title = f"{names.endpoint(endpoint)}: mean within the time horizon by family"
    left_out = len(evidence.families) - len(fitted)
    note = f"; {left_out} families could not be fitted" if left_out > 1 else "; one could not be fitted" * left_out
    subtitle = (
        f"Months within {brief(pack.horizon / 12)} years, before any cap or floor, with 95% intervals; families in the"
        f" order of their ranking{note}"
    )
    most = int((MOST_HEIGHT / len(strategies) - AROUND) / LOWEST_ROW)
    fitted = [family for family in fitted if family.in_use or fitted.index(family) < most - 1]
    row = min(ROW, (MOST_HEIGHT / len(strategies) - AROUND) / len(fitted))
    beside = max(text_width(family_name(family.family)) for family in fitted)
    figure = page(title, subtitle, (AROUND + row * len(fitted)) * len(strategies) + 0.1)
    cells = list(figure.subplots(len(strategies), 1, squeeze=False, sharex=True).flat)
    for axes, strategy in zip(cells, strategies, strict=True):
        _draw_means(axes, fitted, strategy)
        axes.set_title(fold(names.strategy(strategy), WIDTH - 3 * MARGIN - beside, size=style.SIZE + 0.5))
        plain_rows(axes)
    for axes in cells:
        number_axis(axes.xaxis, "Mean within the time horizon (months)")
        axes.tick_params(labelbottom=True)
    legend_below(figure, _mean_handles(several=len(fitted) > 1))
    return settle(figure)


def _draw_means(axes: Axes, families: Sequence[FamilyEvidence], strategy: str) -> None:
    for row, family in enumerate(families):
        mean = family.curves[strategy].restricted_mean
        low, high = mean.low or mean.value, mean.high or mean.value
        colour = IN_USE if family.in_use else style.INK
        axes.plot([low, high], [row, row], color=colour, linewidth=2.0 if family.in_use else 1.1)
        axes.plot(mean.value, row, marker="s" if family.in_use else "o", color=colour, markersize=5)
    axes.set_yticks(range(len(families)), [family_name(family.family) for family in families])
    axes.set_ylim(len(families) - 0.4, -0.6)


def _mean_handles(*, several: bool) -> list[Artist]:
    from matplotlib.lines import Line2D

    handles: list[Artist] = [
        Line2D([], [], color=IN_USE, linewidth=2.0, marker="s", markersize=5, label="Used in the workbook"),
        Line2D([], [], color=style.INK, linewidth=1.1, marker="o", markersize=5, label="Other families"),
    ]
    return handles if several else handles[:1]
