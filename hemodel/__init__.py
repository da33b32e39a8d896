"""Partitioned-survival cost-effectiveness models for oncology, driven by Excel.

The public functions are loaded when they are first used:

load(path, changes=())
    Read a workbook and fit its curves; returns a Model.
evaluate(model, draws)
    Outcomes of every draw, after a check of the draws.
base_draws(model)
    The one draw of the base case.
one_way(model), probabilistic(model, draws, seed)
    Sensitivity analyses.
increments(outcomes), acceptability(outcomes, thresholds), evpi(outcomes, thresholds)
    What the outcomes of many draws say of the decision.
read_draws(path, model, seed)
    Draws from a file, for probabilistic(..., given=...).
run(path, options), Options, results(run)
    Everything that `hemodel run` does, and its results.
tables(results, run), frame(table)
    The tables of the report, and one as a pandas data frame.
figures(results, run), save(figure, path)
    The charts of the report by name, each drawn when it is called, and one written as PNG and SVG.
Change, InputError
    A change to an input by id; what is raised for inputs that cannot be used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hemodel.analyses.dsa.one_way import one_way
    from hemodel.analyses.load import load
    from hemodel.analyses.options import Options
    from hemodel.analyses.psa.draws import probabilistic
    from hemodel.analyses.psa.given_file import read_draws
    from hemodel.analyses.psa.given_outcomes import acceptability, evaluate, evpi, increments
    from hemodel.analyses.results import results
    from hemodel.analyses.run import run
    from hemodel.errors import InputError
    from hemodel.inputs.changes import Change
    from hemodel.model.evaluate import base_draws
    from hemodel.views.registry import figures, tables
    from hemodel.views.shared.files import save
    from hemodel.views.shared.table import frame

__all__ = [
    "Change",
    "InputError",
    "Options",
    "acceptability",
    "base_draws",
    "evaluate",
    "evpi",
    "figures",
    "frame",
    "increments",
    "load",
    "one_way",
    "probabilistic",
    "read_draws",
    "results",
    "run",
    "save",
    "tables",
]

_HOMES = {
    "Change": "hemodel.inputs.changes",
    "InputError": "hemodel.errors",
    "Options": "hemodel.analyses.options",
    "base_draws": "hemodel.model.evaluate",
    "acceptability": "hemodel.analyses.psa.given_outcomes",
    "evaluate": "hemodel.analyses.psa.given_outcomes",
    "evpi": "hemodel.analyses.psa.given_outcomes",
    "increments": "hemodel.analyses.psa.given_outcomes",
    "read_draws": "hemodel.analyses.psa.given_file",
    "figures": "hemodel.views.registry",
    "frame": "hemodel.views.shared.table",
    "load": "hemodel.analyses.load",
    "one_way": "hemodel.analyses.dsa.one_way",
    "probabilistic": "hemodel.analyses.psa.draws",
    "results": "hemodel.analyses.results",
    "run": "hemodel.analyses.run",
    "save": "hemodel.views.shared.files",
    "tables": "hemodel.views.registry",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata

        return metadata.version("hemodel")
    if name not in _HOMES:
        message = f"module 'hemodel' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
