"""What the rows describe: settings, strategies, regimens and the rest, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from hemodel.inputs.checks import number_of, select, text_of
from hemodel.inputs.labels import unique
from hemodel.sampling import RANDOM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.rows import Row

    Rows = Mapping[str, Row]


MIDDLE = "middle"
"""Of the cycle: when flows and state time are discounted where the workbook does not say so."""


class Settings(BaseModel):
    """Settings of the calculation, as on the sheet Settings.

    Discount rates are (from year, rate) steps, the first from year 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    population: str
    perspective: str
    clock_start: str
    currency: str
    price_year: int
    cycle_length: float
    time_horizon: float
    half_cycle_correction: Literal["life_table", "start", "end"]
    discounting: Literal["per_cycle", "annual"]
    cost_rates: tuple[tuple[float, float], ...]
    effect_rates: tuple[tuple[float, float], ...]
    discount_timing: Literal["middle", "start", "end", "boundaries"]
    pfs_above_os: Literal["cap_pfs", "lift_os", "error"]
    utilities_by: Literal["state", "time_to_death"]
    thresholds: tuple[float, ...]
    decision_threshold: float
    draws: int
    seed: int
    sampling: Literal["random", "latin_hypercube", "sobol"]
    scenarios: str
    beside: tuple[str, ...]
    correlation_pfs_os: float


@dataclass(frozen=True)
class Strategy:
    """A treatment strategy."""

    id: str
    name: str
    role: str
    description: str


@dataclass(frozen=True)
class Drug:
    """A drug: its name, and the size in mg and the price parameter of each vial."""

    id: str
    name: str
    vials: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Regimen:
    """One drug given in one strategy. Days count from the start of the model."""

    strategy: str
    drug: str
    dose_basis: str
    interval: float
    start_day: float
    stop_day: float | None
    max_administrations: int | None
    time_on_treatment: str
    stops_at_progression: bool
    vial_sharing: bool
    administration: str

    def id(self, field: str) -> str:
        """Return the id of one of the regimen's rows."""
        return f"regimen.{self.strategy}.{self.drug}.{field}"


@dataclass(frozen=True)
class Treatment:
    """A subsequent treatment and how it is administered."""

    id: str
    administration: str


@dataclass(frozen=True)
class Band:
    """People whose death lies within so many days (None: beyond all other bands)."""

    id: str
    within: float | None


BESIDE = "settings.beside"


def beside_names(rows: Rows) -> tuple[str, ...]:
    """Return the names of the scenarios that stand beside the base case."""
    row = rows.get(BESIDE)
    parts = [] if row is None else row.text.split(";")
    return tuple(name for part in parts if (name := part.strip()))


def settings(rows: Rows) -> Settings:
    """Build the settings from their rows."""
    names: dict[str, object] = {
        row.kind.pattern.removeprefix("settings."): row.value
        for row in rows.values()
        if row.kind.group == "settings" and not row.names
    }
    for stream in ("cost", "effect"):
        steps = select(rows, f"settings.discount_rate_{stream}s_from_year_{{year}}")
        base = names.pop(f"discount_rate_{stream}s")
        names[f"{stream}_rates"] = ((0.0, base), *sorted((float(r.names["year"]), r.number) for r in steps))
    thresholds = sorted({row.number for row in select(rows, "settings.threshold.{threshold}")})
    names["scenarios"] = names.get("scenarios") or ""
    names["beside"] = beside_names(rows)
    names["sampling"] = names.get("sampling") or RANDOM
    names["discount_timing"] = names.get("discount_timing") or MIDDLE
    names["correlation_pfs_os"] = rows["curves.correlation_pfs_os"].number
    return Settings.model_validate({**names, "thresholds": tuple(thresholds)})


def strategies(rows: Rows) -> tuple[Strategy, ...]:
    """Return the strategies, the comparator first, then in workbook order."""
    found = []
    for id_, name in _names(rows, "strategy").items():
        description = rows.get(f"strategy.{id_}.description")
        found.append(Strategy(id_, name, rows[f"strategy.{id_}.role"].text, description.text if description else ""))
    return tuple(sorted(found, key=lambda strategy: strategy.role != "comparator"))


def _names(rows: Rows, field: str) -> dict[str, str]:
    """Return the names of strategies or drugs by id; those of one name can be told apart."""
    return unique({row.names[field]: row.text for row in select(rows, f"{field}.{{{field}}}.name")})


def drugs(rows: Rows) -> tuple[Drug, ...]:
    """Return the drugs in workbook order."""
    found = []
    for id_, name in _names(rows, "drug").items():
        vials = [(rows[f"drug.{id_}.vial_size"].number, f"drug.{id_}.price_per_vial")]
        for extra in select(rows, "drug.{drug}.vial_size_{size}"):
            price = f"drug.{id_}.price_per_vial_{extra.names['size']}"
            if extra.names["drug"] == id_ and price in rows and rows[price].value is not None:
                vials.append((extra.number, price))
        found.append(Drug(id_, name, tuple(vials)))
    return tuple(found)


def regimens(rows: Rows) -> tuple[Regimen, ...]:
    """Return the regimens in workbook order."""
    found = []
    for row in select(rows, "regimen.{strategy}.{drug}.dose"):
        prefix = row.id.removesuffix("dose")
        found.append(
            Regimen(
                strategy=row.names["strategy"],
                drug=row.names["drug"],
                dose_basis=rows[prefix + "dose_basis"].text,
                interval=rows[prefix + "interval"].number,
                start_day=rows[prefix + "start_day"].number,
                stop_day=number_of(rows, prefix + "stop_day"),
                max_administrations=_whole(number_of(rows, prefix + "max_administrations")),
                time_on_treatment=rows[prefix + "time_on_treatment"].text,
                stops_at_progression=rows[prefix + "stops_at_progression"].value == "yes",
                vial_sharing=rows[prefix + "vial_sharing"].value == "yes",
                administration=rows[prefix + "administration"].text,
            )
        )
    return tuple(found)


def treatments(rows: Rows) -> tuple[Treatment, ...]:
    """Return the subsequent treatments in workbook order."""
    return tuple(
        Treatment(row.names["treatment"], rows[f"subsequent.{row.names['treatment']}.administration"].text)
        for row in select(rows, "subsequent.{treatment}.drug_cost_per_cycle")
    )


def bands(rows: Rows) -> tuple[Band, ...]:
    """Return the bands of time to death, nearest death first."""
    found = [
        Band(row.names["band"], number_of(rows, f"utility.time_to_death_within.{row.names['band']}"))
        for row in select(rows, "utility.time_to_death.{band}")
    ]
    return tuple(sorted(found, key=lambda band: float("inf") if band.within is None else band.within))


VALUE_SET = ".value_set"
"""What the id of a utility is followed by in that of its value set."""
VALUE_SETS = {
    "eq5d_3l": "EQ-5D-3L",
    "eq5d_5l": "EQ-5D-5L",
    "eq5d_5l_uk_2026": "EQ-5D-5L, UK 2026",
    "other": "not EQ-5D",
    "unknown": "value set not known",
}
"""The value sets in words."""


def value_set(rows: Rows, id_: str) -> str:
    """Return the value set of a utility, nothing where the workbook does not say it."""
    return text_of(rows, id_ + VALUE_SET)


def known_sets(rows: Rows) -> dict[str, str]:
    """Return the value set of each utility that the model values QALYs with, where it is known, by id."""
    found = {row.id: value_set(rows, row.id) for row in _utilities_in_use(rows)}
    return {id_: name for id_, name in found.items() if name not in {"", "unknown"}}


def _utilities_in_use(rows: Rows) -> list[Row]:
    """Return the utilities of states or of bands, whichever the settings ask for, disutilities and norms."""
    by = rows.get("settings.utilities_by")
    if by is not None and by.value == "time_to_death":
        valued = select(rows, "utility.time_to_death.{band}")
    else:
        valued = [row for state in ("progression_free", "progressed") for row in _of_state(rows, state)]
    return [*valued, *select(rows, "adverse_event.{event}.disutility"), *select(rows, "utility.norms")]


def _of_state(rows: Rows, state: str) -> list[Row]:
    """Return the utilities of a state; the common one is left out where every strategy has its own."""
    common, own = select(rows, f"utility.{state}"), select(rows, f"utility.{state}.{{strategy}}")
    return own if own and len(own) == len(select(rows, "strategy.{strategy}.name")) else [*common, *own]


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
