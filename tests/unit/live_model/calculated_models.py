"""Small models between them with every kind of schedule, dose, discounting and utility, and edits to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support import small_model, small_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model

    Changes = Mapping[str, Scalar]

NEW, OLD, BAND = "regimen.active.newtinib.", "regimen.standard.oldamab.", "utility.time_to_death"
LARGE_VIAL: Changes = {"drug.newtinib.vial_size_large": 120, "drug.newtinib.price_per_vial_large": 2500}
BANDS: Changes = {
    "settings.utilities_by": "time_to_death",
    f"{BAND}.near": 0.4,
    f"{BAND}_within.near": 30,
    f"{BAND}.middle": 0.55,
    f"{BAND}_within.middle": 100,
    f"{BAND}.far": 0.7,
}
STEPS: Changes = {
    "settings.discount_rate_costs_from_year_2": 0.03,
    "settings.discount_rate_costs_from_year_3": 0.01,
    "settings.discount_rate_effects_from_year_1": 0.0,
}
CROSSING: Changes = {"survival.pfs.active.median": 30, "survival.pfs.active.survival_later": 0.6}
LIFTED: Changes = {**CROSSING, "settings.pfs_above_os": "lift_os"}
ONE_FEATURE: dict[str, Changes] = {
    "as it is": {},
    "two vial sizes": LARGE_VIAL,
    "two vial sizes, one dose for all": {**LARGE_VIAL, "patients.bsa_sd": 0},
    "dose by weight": {f"{NEW}dose_basis": "mg/kg", f"{NEW}dose": 1.3},
    "vial sharing": {**LARGE_VIAL, f"{NEW}vial_sharing": "yes"},
    "one dose for all": {"patients.bsa_sd": 0},
    "one dose for all, whole vials": {f"{NEW}dose_basis": "mg", f"{NEW}dose": 150},
    "no dose": {f"{NEW}dose": 0},
    "stop day and start day": {f"{NEW}stop_day": 100, f"{NEW}start_day": 3},
    "none before the stop day": {f"{NEW}stop_day": 3, f"{NEW}start_day": 5},
    "most administrations": {f"{NEW}max_administrations": 4, f"{OLD}max_administrations": 0},
    "months and three weeks": {"settings.cycle_length": 30.4375},
    "annual discounting in steps": {**STEPS, "settings.discounting": "annual"},
    "discounting in steps": STEPS,
    "start of the cycle": {"settings.half_cycle_correction": "start"},
    "end of the cycle": {"settings.half_cycle_correction": "end"},
    "values of one strategy": {"utility.progressed.active": 0.5, "resource.visit.progressed.active": 3},
    "time to death": BANDS,
    "treated until death": {f"{NEW}time_on_treatment": "os"},
    "treated until death, or progression": {f"{NEW}time_on_treatment": "os", f"{NEW}stops_at_progression": "yes"},
    "PFS above OS": CROSSING,
    "OS lifted to PFS": LIFTED,
    "OS lifted to PFS, time to death": {**LIFTED, **BANDS, "settings.cycle_length": 36},
    "a part of a cycle at the end": {"settings.cycle_length": 36},
    "a part of one cycle": {"settings.cycle_length": 36, "settings.time_horizon": 0.07},
    "a part of a cycle, time to death": {
        **BANDS,
        "settings.cycle_length": 36,
        "settings.discount_timing": "boundaries",
    },
    "discounted in the middle": {"settings.cycle_length": 36, "settings.discount_timing": "middle"},
    "discounted at the start": {**STEPS, "settings.cycle_length": 36, "settings.discount_timing": "start"},
    "discounted at the end": {
        "settings.cycle_length": 36,
        "settings.discount_timing": "end",
        "settings.discounting": "annual",
    },
    "discounted at the boundaries": {**STEPS, "settings.cycle_length": 36, "settings.discount_timing": "boundaries"},
    "counted at the start, discounted at the end": {
        "settings.half_cycle_correction": "start",
        "settings.discount_timing": "end",
    },
}
"""Changes that give the small model one feature each."""


def third_strategy() -> dict[str, dict[str, Scalar]]:
    """Rows of a strategy like the intervention, under ids of its own."""
    found: dict[str, dict[str, Scalar]] = {}
    for row in small_rows().rows:
        parts = row.id.split(".")
        if "active" in parts:
            id_ = ".".join("late" if part == "active" else part for part in parts)
            found[id_] = {name: cell.value for name, cell in row.cells.items()} | {"id": id_, "low": None, "high": None}
            if id_.startswith("survival."):
                value = float(str(found[id_]["value"]))
                found[id_] |= {"value": 0.95 * value, "low": 0.8 * value, "high": 1.25 * value}
    return found | {"strategy.late.name": {"value": "Late"}}


def time_on_treatment() -> dict[str, dict[str, Scalar]]:
    """Rows of a curve of time on treatment for the intervention."""
    found = {}
    for row in small_rows().rows:
        if row.id.startswith(("survival.pfs.active.", "curve.pfs.active.")):
            id_ = row.id.replace(".pfs.", ".tot.")
            cells = {name: cell.value for name, cell in row.cells.items()}
            found[id_] = cells | {"id": id_, **({"value": 7.5} if id_.endswith("median") else {})}
    return found


THREE: Changes = {
    **LARGE_VIAL,
    **STEPS,
    "settings.cycle_length": 30.4375,
    "settings.time_horizon": 4,
    "settings.discounting": "annual",
    f"{NEW}dose_basis": "mg/kg",
    f"{NEW}dose": 1.3,
    f"{OLD}max_administrations": 4,
    f"{OLD}premedication_cost": 15,
    "regimen.late.newtinib.start_day": 3,
    "regimen.late.newtinib.stop_day": 200,
    "utility.progressed.late": 0.58,
    "settings.threshold.20000": 20000,
    "administration.oral.cost": 12,
}
THREE_EDITED: Changes = {
    "settings.time_horizon": 4.2,
    "settings.discounting": "per_cycle",
    "settings.half_cycle_correction": "start",
    "settings.discount_rate_costs": 0.06,
    "settings.discount_rate_costs_from_year_2": 0.05,
    "settings.discount_rate_effects_from_year_1": 0.01,
    "settings.threshold.20000": 25000,
    "drug.newtinib.price_per_vial": 900,
    "drug.newtinib.vial_size": 40,
    "drug.newtinib.vial_size_large": 110,
    "drug.newtinib.price_per_vial_large": 2400,
    "drug.oldamab.vial_size": 60,
    "patients.bsa_mean": 1.7,
    "patients.bsa_sd": 0.28,
    f"{NEW}dose_basis": "mg/m2",
    f"{NEW}dose": 70,
    f"{NEW}interval": 14,
    f"{NEW}time_on_treatment": "tot",
    f"{NEW}stops_at_progression": "yes",
    f"{NEW}relative_dose_intensity": 0.9,
    f"{NEW}share_of_patients": 0.95,
    f"{NEW}administration": "oral",
    f"{OLD}max_administrations": None,
    f"{OLD}premedication_cost": 22,
    f"{OLD}stop_day": 300,
    f"{OLD}start_day": 2,
    "regimen.late.newtinib.vial_sharing": "yes",
    "regimen.late.newtinib.stop_day": None,
    "administration.infusion.cost": 180,
    "adverse_event.rash.incidence.active": 0.3,
    "adverse_event.rash.unit_cost": 800,
    "adverse_event.rash.disutility": 0.2,
    "adverse_event.rash.duration": 21,
    "resource.visit.unit_cost": 95,
    "resource.visit.progression_free": 1.5,
    "resource.visit.progressed": 2.5,
    "subsequent.none.share.active": 0.5,
    "subsequent.chemo.share.active": 0.5,
    "subsequent.chemo.drug_cost_per_cycle": 650,
    "subsequent.chemo.cycles": 3.5,
    "subsequent.chemo.administrations_per_cycle": 3,
    "subsequent.chemo.administration": "oral",
    "pfs_events.share_deaths.active": 0.15,
    "utility.progression_free": 0.8,
    "utility.progressed": 0.62,
    "utility.progressed.late": 0.6,
    "end_of_life.cost": 7000,
}
DEATH: Changes = {
    **BANDS,
    "settings.cycle_length": 14,
    "settings.time_horizon": 3,
    "settings.half_cycle_correction": "start",
    "patients.bsa_sd": 0,
    f"{NEW}stop_day": 100,
    f"{OLD}time_on_treatment": "os",
    f"{OLD}vial_sharing": "yes",
}
DEATH_EDITED: Changes = {
    "settings.cycle_length": 13.5,
    "settings.half_cycle_correction": "end",
    "settings.discount_rate_effects": 0.0,
    f"{BAND}.near": 0.3,
    f"{BAND}_within.near": 45,
    f"{BAND}_within.middle": 90,
    f"{BAND}.far": 0.75,
    "patients.bsa_sd": 0.1,
    f"{NEW}stop_day": None,
    f"{NEW}max_administrations": 20,
    f"{OLD}vial_sharing": "no",
    f"{OLD}dose": 130,
}
BEYOND: Changes = {"settings.time_horizon": 8, f"{NEW}interval": 2, f"{NEW}dose": 20}
"""Edits for which the model has no rows; checks must say so."""


def three_strategies(changes: Changes) -> Model:
    """Return a model with three strategies, two vial sizes and a curve of time on treatment, with further changes."""
    return small_model({**THREE, **changes}, {**third_strategy(), **time_on_treatment()})


def by_time_to_death(changes: Changes) -> Model:
    """Return a model with utilities by time to death, with further changes."""
    return small_model({**DEATH, **changes})
