"""Writing what `hemodel dsa` found."""

from __future__ import annotations

import json
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from hemodel.inputs.previous import MANIFEST
from hemodel.reporting.charts import figures
from hemodel.reporting.charts_n_way import n_way_chart
from hemodel.reporting.charts_threshold_search import threshold_chart
from hemodel.reporting.charts_two_way import MOST_PANELS, heat_maps
from hemodel.reporting.contents import write_figures, write_tables
from hemodel.reporting.dsa_document import dsa_document
from hemodel.reporting.manifest import manifest
from hemodel.reporting.tables import names_of
from hemodel.reporting.tables_dsa import dsa_tables
from hemodel.reporting.tables_uncertainty import dsa

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.figure import Figure

    from hemodel.analysis.deterministic import Asked, Deterministic
    from hemodel.reporting.schema import Results
    from hemodel.reporting.schema_dsa import DsaDocument

DSA_ENTRIES = ("dsa.json", "tables", "figures", MANIFEST)
"""What the deterministic analyses consist of."""
DSA_SUFFIX = "_dsa"


def write_dsa(folder: Path, found: Deterministic, results: Results, command: str) -> DsaDocument:
    """Write dsa.json, tables, figures and manifest.json to an existing, empty folder; return the contents of dsa.json.

    Parameters
    ----------
    folder : Path
    found : Deterministic
    results : Results
        Of its run.
    command : str
        The command that repeats it, for the manifest.
    """
    document = dsa_document(found, results)
    (folder / "dsa.json").write_text(document.model_dump_json(indent=1) + "\n", encoding="utf-8")
    names = names_of(results, found.run)
    write_tables(folder, [dsa(results, document.one_way, names), *dsa_tables(document, results, names)])
    write_figures(folder, dsa_figures(document, found, results))
    made = manifest(found.run, command) | {"parts": ["dsa"], "asked": _asked(found)}
    (folder / MANIFEST).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return document


def dsa_figures(document: DsaDocument, found: Deterministic, results: Results) -> dict[str, Callable[[], Figure]]:
    """Return every chart of the deterministic analyses by name; each is drawn when it is called."""
    every = figures(results, found.run)
    drawn = {name: draw for name, draw in every.items() if name.startswith("tornado_")}
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


def _asked(found: Deterministic) -> dict[str, Any]:
    """Return the request as the manifest has it."""
    request = found.request
    return {
        "two_way": [[_one(one) for one in pair] for pair in request.two_way],
        "n_way": None if found.n_way is None else {"file": found.n_way.file, "sha256": found.n_way.sha256},
        "thresholds": [_one(one) for one in request.thresholds],
        "wtp": list(found.wtp),
        "measure": request.measure,
    }


def _one(asked: Asked) -> dict[str, Any]:
    return dict(vars(asked))
