"""How utilities change with age, by formula: the norms of those whom the population's mortality leaves alive.

What `hemodel.population.ageing` computes, with norms, life table, ages and sexes as live cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.live_model.formula import Formula, when
from hemodel.live_model.life_table_cells import norms_by_cell
from hemodel.live_model.readers import STRUCTURE
from hemodel.live_model.sheet import Column, Table
from hemodel.live_model.status import Check
from hemodel.population import CAPPED, NORMS, OVER_TIME, Norms, is_age_adjusted, norms_of
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from hemodel.live_model.background import BackgroundSheet
    from hemodel.live_model.parameters import Parameters
    from hemodel.model import Model

FACTS_ROW, GROUP = 6, "Utility of the general population"


@dataclass(frozen=True)
class AgeingCells:
    """The norms in cells.

    Attributes
    ----------
    background : BackgroundSheet
        Whose columns follow the cohort.
    norms : Norms
        What the engine uses.
    columns : tuple of Column
        Norms of men and of women, in the rows of the life table.
    start : Formula
        Mean norm of the cohort at the start, a cell.
    capped : bool
        Whether no utility may be above it.
    check : Check
    """

    background: BackgroundSheet
    norms: Norms
    columns: tuple[Column, Column]
    start: Formula
    capped: bool
    check: Check

    @property
    def cap(self) -> Formula | None:
        """What no utility may be above at the start; None: there is no cap."""
        return self.start if self.capped else None

    def multiplier(self, years: Formula) -> Formula:
        """Return the norm some years after the start over that at the start; one value, or one a row."""
        return _norm(self.background, self.norms, self.columns, years) / self.start


def add_ageing(model: Model, parameters: Parameters, background: BackgroundSheet | None) -> AgeingCells | None:
    """Add the norms to the sheet of the population's mortality; None where utilities do not change with age."""
    if background is None or not is_age_adjusted(model.inputs):
        return None
    norms, sheet = norms_of(model.inputs), background.sheet
    parameters.note(NORMS, STRUCTURE)
    hazard = background.hazards[0]
    rows = Table(sheet, hazard.first, hazard.rows, background.next)
    ages = background.first_age + np.arange(hazard.rows)
    places = np.clip(ages - norms.ages[0], 0, norms.ages.size - 1).astype(int)
    by_sex = norms_by_cell(model.inputs, norms)
    columns = [
        rows.add_each(name, [cells[place] for place in places], "factor", GROUP)
        for name, cells in zip(("Men", "Women"), by_sex, strict=True)
    ]
    facts = Table(sheet, FACTS_ROW, 1, background.next)
    start = facts.add_each(
        "Norm at the start", [_norm(background, norms, (columns[0], columns[1]), Formula("0", 0.0))], "factor", GROUP
    )
    patients, first = background.patients, float(norms.ages[0])
    youngest = when(patients.spread > 0.0, patients.youngest, patients.mean)
    check = Check(
        "Years by which patients are younger than the norms",
        first - youngest,
        youngest >= first,
        "Give norms from a lower age, and write the model anew.",
    )
    capped = model.inputs.rows[OVER_TIME].text == CAPPED
    return AgeingCells(background, norms, (columns[0], columns[1]), start.cell(0), capped, check)


def _norm(background: BackgroundSheet, norms: Norms, columns: tuple[Column, Column], years: Formula) -> Formula:
    """Return the mean norm of those alive: sum of share x alive x norm over sum of share x alive."""
    male = background.patients.male.text
    valued = [background.alive_after(years.text, sex, columns[sex]) for sex in (0, 1)]
    alive = [background.alive_after(years.text, sex) for sex in (0, 1)]
    above, below = (f"({male}*{men}+(1-{male})*{women})" for men, women in (valued, alive))
    engine, times = background.engine, MONTHS_PER_YEAR * np.asarray(years.value, dtype=float)
    value = engine.mean_of_those_alive(norms.of(engine, 0), times)
    return Formula(f"({above}/{below})", value if value.ndim else float(value))
