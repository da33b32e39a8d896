"""The live models that the tests look at: as written, edited, and with a draw selected."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from live.batch import Edit, Job
from live.models import (
    COARSE,
    FAMILIES,
    RELATIONS,
    SCENARIOS,
    SHIPPED,
    family_files,
    odd_files,
    relation_files,
    three_file,
)

from hemodel.analyses.load import load
from hemodel.analyses.scenarios import values_only
from hemodel.inputs.changes import Change
from hemodel.inputs.model_inputs import check_changes
from hemodel.inputs.scenarios import Scenario, read_scenarios

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from _pytest.mark import ParameterSet
    from live.editing import Place

    from hemodel.inputs.cells import Scalar

NEW = "lurbinectedin_atezolizumab"
DRAWS = tuple(range(1, 9))
STORED_DRAWS = 1000
REPLICATES = 40
"""Refits of a bootstrap, of which each draw takes one: how many there are is nothing to the live model."""
SOURCE = "a test"

EDITS: dict[str, dict[Place, Scalar]] = {
    "price": {"drug.lurbinectedin.price_per_vial": 6000},
    "vial_size": {"drug.lurbinectedin.vial_size": 3},
    "bsa_sd": {"patients.bsa_sd": 0.28},
    "dose_interval": {f"regimen.{NEW}.lurbinectedin.interval": 28},
    "utility": {"utility.progression_free": 0.72},
    "discount_rate": {"settings.discount_rate_costs": 0.05, "settings.discount_rate_effects": 0.015},
    "discounting": {"settings.discounting": "annual"},
    "adverse_event": {f"adverse_event.anaemia.incidence.{NEW}": 0.2},
    "subsequent": {"subsequent.none.share.atezolizumab": 0.458, "subsequent.irinotecan.share.atezolizumab": 0.267},
    "half_cycle": {"settings.half_cycle_correction": "start"},
    "horizon": {"settings.time_horizon": 4.5},
    "cycle": {"settings.cycle_length": 36},
    "stop_day": {
        f"regimen.{NEW}.atezolizumab.stop_day": 365,
        f"regimen.{NEW}.atezolizumab.stop_day@source": "assumption: a stopping rule",
    },
    "vial_sharing": {f"regimen.{NEW}.lurbinectedin.vial_sharing": "yes"},
    "dose_basis": {f"regimen.{NEW}.lurbinectedin.dose_basis": "mg", f"regimen.{NEW}.lurbinectedin.dose": 6},
    "who_is_treated": {f"regimen.{NEW}.lurbinectedin.time_on_treatment": "pfs"},
    "age": {"background.mean_age": 100, "background.share_male": 0.4},
    "several": {
        "settings.discounting": "annual",
        "settings.half_cycle_correction": "end",
        "patients.bsa_mean": 1.9,
        "resource.ct.progressed": 0.45,
        "end_of_life.cost": 20000,
        f"strategy.{NEW}.name": "Another name",
    },
}
"""Values typed into the live model of the shipped workbook."""
SMALL_EDITS: dict[str, tuple[str, dict[Place, Scalar]]] = {
    "bsa_sd_zero": ("effects", {"patients.bsa_sd": 0}),
    "further_effect": ("effects", {"effect.os.active.hazard_ratio": 0.8}),
    "waning_start": ("effects", {"waning.os.active.start": 18, "waning.os.active.end": 50}),
    "timing": ("effects", {"settings.discount_timing": "boundaries", "settings.time_horizon": 4.55}),
    "lifted": ("effects", {"settings.pfs_above_os": "lift_os", "effect.pfs.active.odds_ratio": 0.2}),
}
TOGETHER: dict[str, tuple[str, tuple[str, ...]]] = {
    "amounts": (
        "coarse",
        (
            *("price", "vial_size", "bsa_sd", "dose_interval", "utility", "discount_rate", "adverse_event"),
            *("subsequent", "age"),
        ),
    ),
    "choices": (
        "coarse",
        ("discounting", "half_cycle", "horizon", "cycle", "stop_day", "vial_sharing", "dose_basis", "who_is_treated"),
    ),
    "small": ("effects", tuple(SMALL_EDITS)),
}
"""Edits above that are typed into one file: a change the formulas do not follow shows in it as well."""


@cache
def _shown() -> tuple[Scenario, ...]:
    """Return the shipped scenarios with formulas of their own, of each sweep the last point only.

    Those that change nothing but values, or only cells that an edit changes too, have the formulas of the base case:
    such cells are typed in as edits.
    """
    base = load(SHIPPED)
    typed = {str(place) for values in EDITS.values() for place in values}
    last = {found.sweep or found.name: found for found in read_scenarios(SCENARIOS)}.values()
    others = [found for found in last if not {change.id for change in found.changes} <= typed]
    return tuple(found for found in others if values_only(base, check_changes(base.inputs, found.changes)) is None)


def scenario_jobs() -> list[Job]:
    """Return a job for each of these scenarios."""
    return [Job(f"scenario_{found.name}", SHIPPED, _coarse(found.changes), whole=False) for found in _shown()]


def _coarse(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Return changes that also make a model coarse, but for what they change themselves."""
    named = {change.id for change in changes}
    settings = {**COARSE, "curves.replicates": REPLICATES}
    return (*changes, *(Change(id_, value, SOURCE) for id_, value in settings.items() if id_ not in named))


def jobs(folder: Path, every: Collection[bool]) -> list[Job]:
    """Return the live models to write; workbooks that they are made from are put into the folder.

    `every` says which of them: with False those of each run of the tests, with True those that take too long for it.
    """
    ten, forty = (Change("settings.time_horizon", years, SOURCE) for years in (10, 40))
    possible = [
        Job("base", SHIPPED),
        Job("ten_years", SHIPPED, (ten,), STORED_DRAWS, by_command=True),
        Job("forty_years", SHIPPED, (forty,)),
        Job("coarse", SHIPPED, _coarse(()), max(DRAWS)),
        Job("three", three_file(folder / "three.xlsx")),
        *(Job(path.stem, path, whole=False) for path in (*family_files(folder), *relation_files(folder))),
        *(Job(path.stem, path) for path in odd_files(folder)),
        *scenario_jobs(),
    ]
    needed = {edit.of for edit in edits(every)}
    return [job for job in possible if job.name in needed or (job.name in EVERY) in every]


def edits(every: Collection[bool]) -> list[Edit]:
    """Return what is typed into the live models, of each run or for every one of them."""
    return [edit for edit in _edits() if (edit.name in EVERY) in every]


def _edits() -> list[Edit]:
    found = [Edit(f"edit_{name}", "coarse", values) for name, values in EDITS.items()]
    found.append(Edit("edit_weekly", "base", EDITS["several"]))
    found += [Edit(f"edit_{name}", of, values) for name, (of, values) in SMALL_EDITS.items()]
    single = {edit.name: edit.values for edit in found}
    for name, (of, members) in TOGETHER.items():
        typed = {place: value for member in members for place, value in single[f"edit_{member}"].items()}
        found.append(Edit(f"edit_{name}", of, typed))
    return found + [Edit(f"draw_{draw}", "coarse", {"draw": draw}, draw) for draw in DRAWS]


WRITTEN = (
    *("base", "ten_years", "forty_years", "coarse", "three"),
    *(f"families_{number}" for number in range(len(FAMILIES))),
    *(relation for relation, _, _ in RELATIONS),
    *("hazard_ratio_by_period", "effects", "like_cells", "alike", "injected"),
)
FILES = tuple(name for name in WRITTEN if name != "forty_years")
"""Those of which every cell is looked at; that over forty years is the one over ten again."""
SCENARIO_NAMES = tuple(f"scenario_{found.name}" for found in _shown())
DRAWN = tuple(edit.name for edit in _edits() if edit.draw)
EDITED = tuple(edit.name for edit in _edits() if not edit.draw)
EACH_RUN = {
    *FILES,
    *(f"scenario_{name}" for name in ("background_excess_hazard", "no_benefit_after_treatment")),
    *(f"scenario_{name}" for name in ("stop_at_progression", "utilities_time_to_death")),
    *(f"scenario_{name}" for name in ("waning_immediate_2_years", "waning_survival_scale")),
    *("edit_several", *(f"edit_{name}" for name in TOGETHER)),
    *(DRAWN[0], DRAWN[-1]),
}
"""Those that each run of the tests recalculates: every family, relation, waning and effect, and every edit."""
EVERY = {*WRITTEN, *SCENARIO_NAMES, *DRAWN, *EDITED} - EACH_RUN
"""The others, recalculated by `python -m pytest -m every`."""


def marked(names: Iterable[str]) -> list[ParameterSet]:
    """Return names of live models as parameters of a test, those of `EVERY` with its mark."""
    return [pytest.param(name, marks=[pytest.mark.every] if name in EVERY else []) for name in names]
