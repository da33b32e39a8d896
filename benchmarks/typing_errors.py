"""Count how many typing errors of a person `hemodel check` asks about, and what it asks about workbooks in order.

    python benchmarks/typing_errors.py

Each error is made in a workbook that is in order, in all the cells that the person would have typed with it. It counts
as found where a problem or warning that was not there before names its row. "Beside a last run" is how many are found
where the workbook has been run before the error was made: its values are known then.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from sys import path as import_path
from typing import TYPE_CHECKING

from hemodel.analyses.load import check
from hemodel.inputs.changes import COMMAND_LINE, Change
from hemodel.inputs.model_inputs import read_workbook

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar

ROOT = Path(__file__).parents[1]
import_path.append(str(ROOT / "tests"))
US, ENGLAND, SMALL = "imforte_us", "imforte_england", "small"
NEW = "lurbinectedin_atezolizumab"


@dataclass(frozen=True)
class TypingError:
    """Cells of one row, by column, and of a second where two were exchanged."""

    name: str
    workbook: str
    id: str
    cells: dict[str, Scalar]
    second: dict[str, Scalar] = field(default_factory=dict)

    def changes(self) -> list[Change]:
        """Return the cells as changes."""
        own = {self.id if name == "value" else f"{self.id}.{name}": cell for name, cell in self.cells.items()}
        return [Change(id_, cell, COMMAND_LINE) for id_, cell in (own | self.second).items()]


def _range(value: float, low: float, high: float) -> dict[str, Scalar]:
    return {"value": value, "low": low, "high": high}


def _spread(se: float, distribution: str = "gamma") -> dict[str, Scalar]:
    return {"low": None, "high": None, "se": se, "distribution": distribution}


ERRORS = (
    TypingError("SD of a frequency as its SE", US, "resource.visit.progression_free", _spread(0.9)),
    TypingError("SD of a utility as its SE", ENGLAND, "utility.progressed", {"se": 0.18}),
    TypingError(
        "price per mg as price per vial", US, "drug.atezolizumab.price_per_vial", {"value": 9.134, "se": 0.337}
    ),
    TypingError("dose ten times in one arm", US, f"regimen.{NEW}.atezolizumab.dose", {"value": 12000}),
    TypingError("dose per area ten times", ENGLAND, f"regimen.{NEW}.lurbinectedin.dose", {"value": 32}),
    TypingError("vial ten times", US, "drug.lurbinectedin.vial_size", {"value": 40}),
    TypingError("price ten times", US, "drug.lurbinectedin.price_per_vial", {"value": 82852, "se": 2158.2}),
    TypingError(
        "arms of an event exchanged",
        US,
        "adverse_event.anaemia.incidence.atezolizumab",
        {"value": 0.08},
        {f"adverse_event.anaemia.incidence.{NEW}": 0.01},
    ),
    TypingError("duration in months", US, "adverse_event.thrombocytopenia.duration", _range(0.79, 0.55, 1.03)),
    TypingError("duration of a long event in months", ENGLAND, "adverse_event.anaemia.duration", _range(1.4, 1.0, 1.8)),
    TypingError("horizon of 2 years", ENGLAND, "settings.time_horizon", {"value": 2}),
    TypingError(
        "death without a cost", US, "end_of_life.cost", {"value": 0, "low": None, "high": None, "distribution": "fixed"}
    ),
    TypingError("cycle of 90 days", ENGLAND, "settings.cycle_length", {"value": 90}),
    TypingError(
        "treatment ten times", US, f"survival.tot_lurbinectedin.{NEW}.median", {"value": 41, "low": 32.8, "high": 51.2}
    ),
    TypingError("per week for per month", US, "resource.visit.progression_free", _range(0.3333, 0.1667, 0.5)),
    TypingError("the 6-month survival at 12 months", US, f"survival.pfs.{NEW}.survival_12m", {"value": 0.412}),
    TypingError("survival of year 3 at month 12", ENGLAND, "survival.os.atezolizumab.survival_12m", {"value": 0.16}),
    TypingError("reported percentage", ENGLAND, "trial.reported.ae_grade_3_4_control", {"value": 22}),
    TypingError(
        "utilities by time to death exchanged",
        US,
        "utility.time_to_death.within_5_weeks",
        _range(0.53, 0.44, 0.62),
        {
            "utility.time_to_death.weeks_5_to_15": 0.33,
            "utility.time_to_death.weeks_5_to_15.low": 0.22,
            "utility.time_to_death.weeks_5_to_15.high": 0.42,
        },
    ),
    TypingError("discount rate of 3.5%", ENGLAND, "settings.discount_rate_effects", {"value": 3.5}),
    TypingError("share of 56 for 0.56", SMALL, "survival.os.active.survival_12m", {"value": 56}),
    TypingError("SD of age ten times", US, "background.sd_age", {"value": 90}),
    TypingError("body surface ten times", US, "patients.bsa_mean", _range(17.9, 16, 20)),
    TypingError("hazard ratio inverted", ENGLAND, f"survival.pfs.{NEW}.hazard_ratio", _range(1.85, 1.49, 2.33)),
    TypingError("low is a copy of the value", US, "adverse_event.anaemia.unit_cost", {"low": 7941}),
    TypingError("price year 2016 for 2026", US, "settings.price_year", {"value": 2016}),
    TypingError("median in weeks", SMALL, "survival.os.active.median", _range(57.4, 51.7, 71.3)),
    TypingError(
        "incidence ten times", ENGLAND, f"adverse_event.thrombocytopenia.incidence.{NEW}", {"value": 0.7, "n": 242}
    ),
    TypingError("cycles of a later treatment ten times", ENGLAND, "subsequent.irinotecan.cycles", _range(40, 20, 60)),
    TypingError("n of a landmark with a digit less", US, "survival.os.atezolizumab.survival_12m", {"n": 24}),
)


def messages(workbook: Path, changes: list[Change], previous: dict[str, float]) -> set[tuple[str, str]]:
    """Return what is said about a workbook: the words, and the row it stands at; nothing about its scenarios."""
    found = check(workbook, changes, previous)
    said = (each for each in (*found.problems, *found.warnings) if each.where.sheet != "Scenarios")
    return {(str(each), each.where.file) for each in said if ".toml" not in each.where.file}


def numbers(workbook: Path) -> dict[str, float]:
    """Return the numbers of a workbook, as a run keeps them."""
    rows = read_workbook(workbook).rows.values()
    return {row.id: row.number for row in rows if isinstance(row.value, (int, float))}


def main() -> None:
    """Make every error, and print how many are found, which are not, and what is asked about workbooks in order."""
    from workbook_to_break import write

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "inputs").symlink_to(ROOT / "inputs")
        small = Path(folder) / "small.xlsx"
        write(small)
        shipped = {path.stem: path for path in sorted((ROOT / "inputs").glob("*.xlsx"))}
        before = {name: messages(path, [], {}) for name, path in {**shipped, SMALL: small}.items()}
        values = {name: numbers(path) for name, path in {**shipped, SMALL: small}.items()}
        count, beside = 0, 0
        for error in ERRORS:
            book = {**shipped, SMALL: small}[error.workbook]
            alone, after = (
                {text for text, _ in messages(book, error.changes(), last) - before[error.workbook] if error.id in text}
                for last in ({}, values[error.workbook])
            )
            count, beside = count + bool(alone), beside + bool(after)
            if not alone:
                print(f"missed{' without a last run' if after else ''}: {error.name} ({error.workbook}, {error.id})")
        print(f"found {count} of {len(ERRORS)}; beside a last run {beside}")
        for name in shipped:
            print(f"asked about {name} as it is: {len(before[name])}")


if __name__ == "__main__":
    main()
