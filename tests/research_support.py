"""Rows of made-up studies for the small model of `support`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from support import small_model, small_run

from hemodel.analyses.research import research

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.analyses.run import Run
    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model

COMMON: dict[str, Scalar] = {"fixed_cost": 100_000, "cost_per_patient": 1000, "reports_after": 4}


def research_values() -> dict[str, Scalar]:
    """Return values by id: 1,000 patients a year for ten years, and a study of each kind."""
    studies: dict[str, dict[str, Scalar]] = {
        "trial": {
            "name": "Longer trial",
            "kind": "time_to_event",
            "endpoint": "os",
            "strategies": "standard, active",
            "sizes": "50, 100, 200",
            "follow_up": 36,
            "dropout": 0.05,
            "method": "moment_matching",
        },
        "quality": {
            "name": "Quality of life",
            "kind": "continuous",
            "informs": "utility.progressed",
            "sd": 0.3,
            "sizes": "50, 100, 200",
            "recruited_share": 0.1,
            "method": "regression",
        },
        "rash": {
            "name": "Rash in both arms",
            "kind": "binary",
            "informs": "adverse_event.rash.incidence.standard, adverse_event.rash.incidence.active",
            "sizes": "50, 100",
            "method": "importance_sampling",
        },
    }
    found: dict[str, Scalar] = {"research.patients_per_year": 1000, "research.horizon": 10}
    for study, fields in studies.items():
        found |= {f"study.{study}.{name}": value for name, value in (fields | COMMON).items()}
    return found


PRICE = 428
"""Of a vial of the new drug, at which the choice of strategy is uncertain at the threshold."""


def research_model(changes: Mapping[str, Scalar] | None = None) -> Model:
    """Return the small model with studies."""
    given = {"drug.newtinib.price_per_vial": PRICE, **(changes or {})}
    own = research_values()
    rows = {id_: {"value": given.pop(id_, value)} for id_, value in own.items()}
    for end, share in (("", 1.0), (".low", 0.8), (".high", 1.2)):
        given[f"drug.newtinib.price_per_vial{end}"] = share * float(str(given["drug.newtinib.price_per_vial"]))
    return small_model(given, rows, uncertain=True)


@cache
def research_run(draws: int = 400) -> Run:
    """Return a run of the small model with studies: base case, one-way and probabilistic analysis, research."""
    done = small_run(research_model(), draws)
    return replace(done, research=research(done.model, done.psa))
