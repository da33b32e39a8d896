"""What `hemodel dsa` draws, and what it was asked for as the manifest has it."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from hemodel.views.grids import MOST_PANELS, heat_maps, n_way_chart
from hemodel.views.one_way import tornado
from hemodel.views.registry import figures
from hemodel.views.threshold_search import threshold_chart

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from hemodel.analyses.dsa.run import AskedInput, Deterministic


def dsa_figures(found: Deterministic) -> dict[str, Callable[[], Figure]]:
    """Return every chart of the deterministic analyses by name; each is drawn when it is called."""
    document, results = found.document, found.results
    every = figures(results, found.run)
    drawn = {name: draw for name, draw in every.items() if name.startswith("tornado_")}
    if document.measure not in {"nmb", "icer"}:
        for entry in results.incremental:
            name = f"tornado_{document.measure}" + ("" if len(results.incremental) == 1 else f"_{entry.intervention}")
            drawn[name] = partial(tornado, results, found.run, document.measure, entry.intervention)
    pairs = groupby(document.two_way, key=lambda grid: (grid.x.id, grid.y.id, grid.x.values, grid.y.values))
    pages = [
        own[i : i + MOST_PANELS] for _, some in pairs for own in [list(some)] for i in range(0, len(own), MOST_PANELS)
    ]
    for number, grids in enumerate(pages, start=1):
        drawn[f"two_way_{number}"] = partial(heat_maps, results, grids, document.measure)
    for one in document.searches:
        drawn[f"threshold_{one.id.replace('.', '_')}"] = partial(threshold_chart, results, one)
    if document.n_way is not None:
        for entry in results.incremental:
            measure = "nmb" if document.measure == "icer" and entry.icer is None else document.measure
            name = "n_way" if len(results.incremental) == 1 else f"n_way_{entry.intervention}"
            drawn[name] = partial(n_way_chart, results, document.n_way, measure, entry.intervention)
    return drawn


def asked_for(found: Deterministic) -> dict[str, Any]:
    """Return the request as the manifest has it."""
    request, listed = found.request, found.document.n_way
    return {
        "two_way": [[_one(one) for one in pair] for pair in request.two_way],
        "n_way": None if listed is None else {"file": listed.file, "sha256": listed.sha256},
        "thresholds": [_one(one) for one in request.thresholds],
        "wtp": found.document.thresholds,
        "measure": request.measure,
    }


def _one(asked: AskedInput) -> dict[str, Any]:
    return dict(vars(asked))
