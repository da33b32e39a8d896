"""The charts of a run: one figure a function, which of them apply, and writing them.

Every chart takes the results and the run and returns a figure. None computes a
result: what is drawn is in the results, in the draws, or is a fitted curve, and a test on the syntax tree refuses sums
and products of costs, effects and thresholds.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel.errors import OutputError
from hemodel.views.base_case import asks_for_frontier, cost_breakdown, efficiency_frontier, occupancy
from hemodel.views.budget import budget_impact, budget_one_way, budget_patients
from hemodel.views.curves import survival_curves
from hemodel.views.grids import two_way_chart
from hemodel.views.information import information_figures, shown_as
from hemodel.views.one_way import MEASURES, tornado
from hemodel.views.prices import drawn_prices, price_icer
from hemodel.views.psa import ce_plane, ceac, convergence
from hemodel.views.scenarios import scenario_chart
from hemodel.views.shared.style import DOTS_PER_INCH, house_style
from hemodel.views.shared.words import Names
from hemodel.views.structure import model_structure
from hemodel.views.studies import study_sizes, study_wtp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run


__all__ = [
    "budget_impact",
    "budget_one_way",
    "budget_patients",
    "ce_plane",
    "ceac",
    "convergence",
    "cost_breakdown",
    "efficiency_frontier",
    "figures",
    "model_structure",
    "occupancy",
    "price_icer",
    "save",
    "scenario_chart",
    "study_sizes",
    "study_wtp",
    "survival_curves",
    "tornado",
    "two_way_chart",
]

PNG = {"compress_level": 4}
"""Twice as quick as the usual level, for files hardly larger."""


def figures(results: Results, run: Run) -> dict[str, Callable[[], Figure]]:
    """Return every chart that applies to a run, by name; each is drawn when it is called.

    Parameters
    ----------
    results : Results
        Of the same run.
    run : Run
    """
    found: dict[str, Callable[[], Figure]] = {
        "model_structure": partial(model_structure, results, run),
        "survival_curves": partial(survival_curves, results, run),
        "occupancy": partial(occupancy, results, run),
        "cost_breakdown": partial(cost_breakdown, results, run),
    }
    if results.dsa:
        found |= {
            f"tornado_{measure}": partial(tornado, results, run, measure)
            for measure in MEASURES
            if measure != "icer" or results.incremental[0].icer is not None
        }
    if results.two_way:
        found["two_way"] = partial(two_way_chart, results, run)
    if results.psa is not None and run.psa is not None:
        found |= {"ce_plane": partial(ce_plane, results, run), "ceac": partial(ceac, results, run)}
        if run.psa.draws > 1:
            found["convergence"] = partial(convergence, results, run)
    found |= information_figures(results.information, shown_as(results, Names(results)))
    if drawn_prices(results):
        found["price_icer"] = partial(price_icer, results, run)
    if len(results.strategies) > 2 or asks_for_frontier(results.payer):
        found["efficiency_frontier"] = partial(efficiency_frontier, results, run)
    if results.scenarios:
        found["scenarios"] = partial(scenario_chart, results, run)
    if results.research is not None:
        found |= {"study_sizes": partial(study_sizes, results, run), "study_wtp": partial(study_wtp, results, run)}
    return found | budget_figures(results, run)


def budget_figures(results: Results, run: Run) -> dict[str, Callable[[], Figure]]:
    """Return the charts of the budget impact by name; none without one."""
    if results.budget is None:
        return {}
    found: dict[str, Callable[[], Figure]] = {
        "budget_impact": partial(budget_impact, results, run),
        "budget_patients": partial(budget_patients, results, run),
    }
    if results.budget.one_way:
        found["budget_one_way"] = partial(budget_one_way, results, run)
    return found


def save(figure: Figure, path: str | Path, dots_per_inch: int = DOTS_PER_INCH) -> tuple[Path, Path]:
    """Write a figure as PNG and as SVG (text as outlines, which look the same everywhere).

    The same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
    path : str or Path
        Without a suffix; .png and .svg are added.
    dots_per_inch : int
        Of the PNG.

    Returns
    -------
    paths of the PNG and of the SVG

    Raises
    ------
    OutputError
        Where a file cannot be written.
    """
    path = Path(path)
    png, svg = path.with_name(f"{path.name}.png"), path.with_name(f"{path.name}.svg")
    title = str(figure.get_label())
    try:
        with house_style():
            figure.savefig(png, dpi=dots_per_inch, metadata={"Software": None, "Title": title}, pil_kwargs=PNG)
            figure.savefig(svg, dpi=DOTS_PER_INCH, metadata={"Date": None, "Creator": "hemodel", "Title": title})
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise OutputError(f"{path}: the chart cannot be written ({reason}). Choose another folder.") from error
    return png, svg


def drawing(
    made: Mapping[str, Callable[[], Figure]], dots_per_inch: int = DOTS_PER_INCH
) -> dict[str, Callable[[Path], tuple[Path, Path]]]:
    """Return for each figure what draws it and saves it to a path without suffix."""
    return {name: partial(_drawn, draw, dots_per_inch=dots_per_inch) for name, draw in made.items()}


def _drawn(draw: Callable[[], Figure], path: Path, dots_per_inch: int) -> tuple[Path, Path]:
    return save(draw(), path, dots_per_inch)
