"""The workbook that the cases of `bad_inputs` break: the small model of `support`, with what the cases touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support import Rows, small_rows, workbook

from hemodel.inputs.listing import to_listing
from hemodel.inputs.writing import Cover, write_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.inputs.cells import Scalar

FIT: dict[str, Scalar] = {"use_in_fit": "yes", "distribution": "fit"}


def further_rows() -> Rows:
    """OS by a hazard ratio, time on treatment, waning, external evidence and background mortality."""
    return {
        **_landmarks(),
        "survival.os.standard.median": {"value": 10.6, "low": 9.5, "high": 12.2, **FIT},
        "survival.os.active.median": {"value": 13.2, "low": 11.9, "high": 16.4, **FIT},
        "survival.os.active.hazard_ratio": {"value": 0.73, "low": 0.57, "high": 0.95, "versus": "standard", **FIT},
        "survival.tot_newtinib.active.median": {"value": 4.0, "low": 3.2, "high": 5.0, **FIT},
        **_external(),
        **_curve("os", "standard", "weibull", "independent"),
        **_curve("os", "active", "weibull", "accelerated_failure_time", "standard"),
        **_curve("tot_newtinib", "active", "exp", "independent"),
        **_waning(),
        **_background(),
        "settings.scenarios": {"value": "scenarios/small"},
        "utility.progressed": {"value": 0.6, "se": 0.05, "distribution": "beta"},
        "settings.time_horizon": {"value": 20},
        "regimen.active.newtinib.time_on_treatment": {"value": "tot_newtinib"},
    }


def _landmarks() -> Rows:
    shares = {"pfs.standard": 0.12, "pfs.active": 0.2, "os.standard": 0.44, "os.active": 0.56}
    found: Rows = {
        f"survival.{curve}.survival_12m": {"value": share, "n": 150, "time": 12, **FIT}
        for curve, share in shares.items()
    }
    return found | {"survival.pfs.active.survival_6m": {"value": 0.412, "n": 150, "time": 6, **FIT}}


def _external() -> Rows:
    left_out: dict[str, Scalar] = {"time_origin": 3.2, "weight": 0.5, "distribution": "fit", "use_in_fit": "no"}
    return {
        f"external.os.standard.survival_{year}y": {"value": share, "n": 100, "time": 12 * year, **left_out}
        for year, share in ((3, 0.16), (4, 0.13))
    }


def _curve(endpoint: str, strategy: str, family: str, relation: str, reference: str | None = None) -> Rows:
    fields = {"family": family, "relation": relation, "reference": reference, "source": "reported"}
    return {f"curve.{endpoint}.{strategy}.{field}": {"value": value} for field, value in fields.items()}


def _waning() -> Rows:
    fields: dict[str, Scalar] = {"shape": "none", "scale": "hazard", "start": 24, "end": 60, "reference": "standard"}
    return {f"waning.os.active.{field}": {"value": value} for field, value in fields.items()}


def _background() -> Rows:
    fields: dict[str, Scalar] = {"method": "floor", "mean_age": 66, "sd_age": 9, "youngest_age": 18, "share_male": 0.5}
    found: Rows = {f"background.{field}": {"value": value} for field, value in fields.items()}
    return found | {"background.life_table": {"value": "inputs/life_tables/united_states_2019.csv"}}


def write(path: Path) -> None:
    """Write the workbook, whose curves of the landmarks at a later time are left out."""
    own: Rows = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows}
    kept = {id_: cells for id_, cells in own.items() if not id_.endswith(".survival_later")}
    rows = to_listing(workbook(kept | further_rows()))
    write_workbook(path, rows, (("source",),), Cover("Small"))
