"""Small made-up models for tests, built from rows without a workbook file.

Two strategies, two drugs. Every curve is a Weibull through a median and one landmark; any cell can be changed, and a
row that is not there yet is added, by giving its id a value.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.base_case import increments
from hemodel.analyses.dsa.grids import most_influential, two_way_results
from hemodel.analyses.dsa.one_way import one_way, statistic_moves
from hemodel.analyses.dsa.threshold_search import between_bounds, threshold_values
from hemodel.analyses.information import model_information
from hemodel.analyses.load import load_rows
from hemodel.analyses.options import Options
from hemodel.analyses.prices import price_thresholds
from hemodel.analyses.psa.draws import probabilistic
from hemodel.analyses.psa.result import psa_result
from hemodel.analyses.run import Run
from hemodel.errors import Location
from hemodel.inputs.cells import Cell, RawRow, RawWorkbook, Scalar
from hemodel.inputs.changes import Change
from hemodel.inputs.dictionary import columns, match, sheets
from hemodel.model.evaluate import Model, base_draws, evaluate
from hemodel.sampling import RANDOM, Design, independent, sample_block

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from hemodel.model.outcomes import Outcomes
    from hemodel.parameters import FloatArray, Parameter

FILE = "small.xlsx"
SOURCE = "assumption: made up for a test"
STRATEGIES = ("standard", "active")

Cells = dict[str, Scalar]
Rows = dict[str, Cells]

SETTINGS: Cells = {
    "title": "A small model",
    "population": "Adults",
    "perspective": "Payer",
    "clock_start": "Start of treatment",
    "currency": "EUR",
    "price_year": 2025,
    "cycle_length": 7,
    "time_horizon": 10,
    "half_cycle_correction": "life_table",
    "discounting": "per_cycle",
    "discount_rate_costs": 0.04,
    "discount_rate_effects": 0.02,
    "pfs_above_os": "cap_pfs",
    "utilities_by": "state",
    "threshold.50000": 50000,
    "decision_threshold": 50000,
    "draws": 100,
    "seed": 1,
}
"""Settings, by what follows `settings.` in the id."""

REGIMEN: Cells = {
    "interval": 21,
    "start_day": 0,
    "stop_day": None,
    "max_administrations": None,
    "time_on_treatment": "pfs",
    "stops_at_progression": "no",
    "share_of_patients": 1,
    "relative_dose_intensity": 1,
    "vial_sharing": "no",
    "administration": "infusion",
}
"""What the regimens have in common, by field."""


def _survival(endpoint: str, strategy: str, median: float, survival: float, time: float) -> Rows:
    start = f"survival.{endpoint}.{strategy}."
    fitted: Cells = {"use_in_fit": "yes", "distribution": "fit"}
    return {
        start + "median": {"value": median, "low": 0.8 * median, "high": 1.25 * median, **fitted},
        start + "survival_later": {"value": survival, "n": 150, "time": time, **fitted},
        f"curve.{endpoint}.{strategy}.family": {"value": "weibull"},
        f"curve.{endpoint}.{strategy}.relation": {"value": "independent"},
        f"curve.{endpoint}.{strategy}.reference": {"value": None},
        f"curve.{endpoint}.{strategy}.source": {"value": "reported"},
    }


def _regimen(strategy: str, drug: str, dose: float, basis: str) -> Rows:
    fields: Cells = {"dose": dose, "dose_basis": basis, **REGIMEN}
    return {f"regimen.{strategy}.{drug}.{field}": {"value": value} for field, value in fields.items()}


def _range(value: float, distribution: str) -> Cells:
    return {"value": value, "low": 0.8 * value, "high": 1.2 * value, "distribution": distribution}


def _by_strategy() -> Rows:
    rows: Rows = {}
    for strategy, role, rash in (("standard", "comparator", 0.05), ("active", "intervention", 0.2)):
        rows |= {
            f"strategy.{strategy}.name": {"value": strategy.capitalize()},
            f"strategy.{strategy}.role": {"value": role},
            f"trial.patients.{strategy}": {"value": 150},
            f"pfs_events.share_deaths.{strategy}": {"value": 0.1, "n": 100, "distribution": "beta_counts"},
            f"adverse_event.rash.incidence.{strategy}": {"value": rash, "n": 150, "distribution": "beta_counts"},
            f"subsequent.none.share.{strategy}": {"value": 0.6, "n": 100, "distribution": "dirichlet"},
            f"subsequent.chemo.share.{strategy}": {"value": 0.4, "n": 100, "distribution": "dirichlet"},
        }
    return rows


def _common() -> Rows:
    return {
        "trial.median_follow_up": {"value": 20},
        "curves.statistics": {"value": "independent"},
        "curves.draws": {"value": "covariance"},
        "curves.replicates": {"value": 200},
        "curves.correlation_pfs_os": {"value": 0},
        "background.method": {"value": "none"},
        "patients.bsa_mean": {"value": 1.8, "se": 0.05, "distribution": "normal"},
        "patients.bsa_sd": {"value": 0.2},
        "patients.weight_mean": {"value": 75},
        "patients.weight_sd": {"value": 15},
        "drug.oldamab.name": {"value": "Oldamab"},
        "drug.oldamab.vial_size": {"value": 100},
        "drug.oldamab.price_per_vial": {"value": 400},
        "drug.newtinib.name": {"value": "Newtinib"},
        "drug.newtinib.vial_size": {"value": 50},
        "drug.newtinib.price_per_vial": _range(1200, "gamma"),
        "administration.infusion.cost": _range(150, "gamma"),
        "adverse_event.rash.unit_cost": _range(900, "gamma"),
        "adverse_event.rash.disutility": _range(0.1, "beta"),
        "adverse_event.rash.duration": _range(14, "gamma"),
        "resource.visit.unit_cost": _range(80, "gamma"),
        "resource.visit.progression_free": _range(1, "gamma"),
        "resource.visit.progressed": _range(2, "gamma"),
        "subsequent.chemo.drug_cost_per_cycle": _range(500, "gamma"),
        "subsequent.chemo.cycles": _range(4, "gamma"),
        "subsequent.chemo.administrations_per_cycle": {"value": 2},
        "subsequent.chemo.administration": {"value": "infusion"},
        "utility.progression_free": _range(0.75, "beta"),
        "utility.progressed": _range(0.6, "beta"),
        "end_of_life.cost": _range(10000, "gamma"),
    }


@cache
def small_rows() -> RawWorkbook:
    """The cells of the small model."""
    rows: Rows = {f"settings.{name}": {"value": value} for name, value in SETTINGS.items()}
    rows |= _by_strategy()
    rows |= _survival("pfs", "standard", 4.0, 0.1, 12.0) | _survival("pfs", "active", 6.0, 0.2, 12.0)
    rows |= _survival("os", "standard", 12.0, 0.2, 24.0) | _survival("os", "active", 16.0, 0.3, 24.0)
    rows |= _regimen("standard", "oldamab", 100, "mg") | _regimen("active", "newtinib", 60, "mg/m2")
    return workbook(rows | _common())


def workbook(rows: Mapping[str, Mapping[str, Scalar]]) -> RawWorkbook:
    """Cells as if read from a workbook: columns by id; what is not given is empty."""
    return RawWorkbook(FILE, [_row(id_, cells, number) for number, (id_, cells) in enumerate(rows.items(), 5)], [])


def _row(id_: str, cells: Mapping[str, Scalar], number: int) -> RawRow:
    found = match(id_)
    if found is None:
        message = f"no kind of input has the id {id_}"
        raise KeyError(message)
    sheet = found[0].sheet
    filled: Cells = {"id": id_, "label": found[0].label, "unit": found[0].unit, **cells}
    if filled.get("value") is not None:
        filled.setdefault("source", SOURCE)
    names = sheets()[sheet].columns
    return RawRow(sheet, {name: Cell(filled.get(name), Location(FILE, sheet, f"{name}{number}")) for name in names})


def small_model(
    changes: Mapping[str, Scalar] | None = None,
    rows: Mapping[str, Mapping[str, Scalar]] | None = None,
    *,
    uncertain: bool = False,
) -> Model:
    """The small model with other cells.

    `changes` are values by id (or by id and column); an id that the model does not have becomes a new row. `rows` are
    further rows with several columns; they replace a row of the same id. Unless `uncertain`, only the curves have
    ranges, so that any other value can be changed on its own.
    """
    own = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows}
    base = own if uncertain else {id_: _certain(id_, cells) for id_, cells in own.items()}
    all_rows: dict[str, Mapping[str, Scalar]] = {**base, **(rows or {})}
    new = {
        id_: {"value": value}
        for id_, value in (changes or {}).items()
        if id_ not in all_rows and id_.rpartition(".")[2] not in columns()
    }
    replaced = {id_: value for id_, value in (changes or {}).items() if id_ not in new}
    made = [Change(id_, value, SOURCE) for id_, value in replaced.items()]
    return load_rows(Path(FILE), workbook(all_rows | new), made)


def _certain(id_: str, cells: Cells) -> Cells:
    if id_.startswith("survival."):
        return cells
    return cells | {"low": None, "high": None, "se": None, "n": None, "distribution": None}


def exponential_curves() -> dict[str, Scalar]:
    """Changes that make every curve exponential."""
    return {f"curve.{endpoint}.{s}.family": "exp" for endpoint in ("pfs", "os") for s in STRATEGIES}


def no_discounting() -> dict[str, Scalar]:
    """Changes that set both discount rates to 0."""
    return {"settings.discount_rate_costs": 0, "settings.discount_rate_effects": 0}


def with_coefficients(model: Model, coefficients: Mapping[str, ArrayLike]) -> dict[str, FloatArray]:
    """Base-case draws with these coefficients of the endpoints named: (p,) or (draws, p), strategies in turn."""
    given = {f"curve.{name}": np.atleast_2d(np.asarray(own, dtype=np.float64)) for name, own in coefficients.items()}
    return base_draws(model) | given


def base_outcomes(model: Model) -> Outcomes:
    """Outcomes of the base case."""
    return evaluate(model, base_draws(model))


def small_run(model: Model, draws: int) -> Run:
    """Return a run of a model: base case, one-way and probabilistic analysis."""
    psa, along, base = probabilistic(model, draws, 1), one_way(model), base_outcomes(model)
    return Run(
        model=model,
        base=base,
        families=[],
        one_way=along,
        statistics=one_way(model, statistic_moves(model)),
        two_way=two_way_results(model, most_influential(model, along)),
        threshold_values=threshold_values(model, increments(base), between_bounds(model, along)),
        psa=psa,
        psa_result=psa_result(psa, model),
        scenarios=None,
        under=(),
        available=(),
        options=Options(),
        warnings=(),
        prices=price_thresholds(model, psa=psa),
        information=model_information(model, psa),
    )


def random_draws(parameters: Sequence[Parameter], seed: int, block: int, count: int) -> dict[str, FloatArray]:
    """Independent pseudo-random draws of parameters."""
    return sample_block(parameters, Design(RANDOM, seed, {p.id: 1 for p in parameters}), independent(), block, count)
