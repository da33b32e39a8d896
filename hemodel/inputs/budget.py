"""What the sheet Budget impact says (years, funnel of patients, mix of treatments, trigger), and its checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.errors import Problem
from hemodel.inputs.checks import SHARE_TOLERANCE, absent, select
from hemodel.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.inputs.rows import Row

    Rows = Mapping[str, Row]


NEEDED = ("budget.first_year", "budget.years", "budget.entry", "budget.patients", "budget.growth")
TRIGGER = ("budget.trigger", "budget.trigger_years")
SIDES = {"share_without": "without the new treatment", "share_with": "with the new treatment"}
"""The two mixes of treatments, as their ids and as a reader calls them."""


def has_budget(rows: Rows) -> bool:
    """Whether the workbook holds any value for the budget impact."""
    return any(row.kind.group == "budget" and row.value is not None for row in rows.values())


def share_id(side: str, strategy: str, year: int) -> str:
    """Return the id of a share; years count from 1."""
    return f"budget.{side}.{strategy}.year_{year}"


def check_budget(file: str, ids: Iterable[str], rows: Rows) -> list[Problem]:
    """Return every problem of the rows of the budget impact together; none where the workbook has no such values.

    Parameters are those of `check_completeness`.
    """
    if not has_budget(rows):
        return []
    present = dict.fromkeys(ids)
    given = [id_ for id_ in TRIGGER if id_ in rows and rows[id_].value is not None]
    needed = [*NEEDED, *(TRIGGER if given else ()), *(id_ for _, _, group in _groups(rows) for id_ in group)]
    problems = [problem for id_ in needed for problem in absent(file, id_, present, rows)]
    return [*problems, *_shares(rows), *_trigger(rows), *_ranges(rows)]


def _groups(rows: Rows) -> list[tuple[str, int, list[str]]]:
    """Return each side and year with the ids of its shares; nothing where the number of years is not known."""
    years = rows.get("budget.years")
    if years is None or years.value is None:
        return []
    strategies = [row.names["strategy"] for row in select(rows, "strategy.{strategy}.name")]
    return [
        (side, year, [share_id(side, strategy, year) for strategy in strategies])
        for side in SIDES
        for year in range(1, int(years.number) + 1)
    ]


def _shares(rows: Rows) -> Iterable[Problem]:
    """Yield the years whose shares do not add up to 1, and shares that vary where nobody can take up the rest."""
    for side, year, ids in _groups(rows):
        members = [rows[id_] for id_ in ids if id_ in rows and rows[id_].value is not None]
        if len(members) < len(ids):
            continue
        total = sum(row.number for row in members)
        if abs(total - 1) > SHARE_TOLERANCE:
            cells = ", ".join(str(row.where["value"].cell or row.where["value"]) for row in members)
            yield Problem(
                members[0].where["value"],
                f"the shares of year {year} {SIDES[side]} add up to {total:g}",
                f"They are in {cells} and must add up to 1",
                "Correct a share.",
            )
            continue
        for row in members:
            others = sum(other.number for other in members if other is not row)
            if len(members) > 2 and others == 0 and row.low is not None and row.low < row.number:
                yield Problem(
                    row.where["low"],
                    f"{row.id} varies from {row.low:g}, but every other share of its year is 0",
                    "When one share moves the others of the year keep their proportions, and zeros have none",
                    "Clear low and high, or give another strategy a share.",
                )


def _trigger(rows: Rows) -> Iterable[Problem]:
    looked_at, years = rows.get("budget.trigger_years"), rows.get("budget.years")
    if looked_at is None or years is None or looked_at.value is None or years.value is None:
        return
    if looked_at.number > years.number:
        yield Problem(
            looked_at.where["value"],
            f"budget.trigger_years is {looked_at.number:g}, but the budget impact has {years.number:g} years",
            "The trigger can only be looked at in years that are calculated",
            "Lower it, or raise budget.years.",
        )


def _ranges(rows: Rows) -> Iterable[Problem]:
    for row in rows.values():
        if row.kind.varies == "budget" and row.se is not None and row.low is None:
            yield Problem(
                row.where["se"],
                f"{row.id} has an SE but no low and high",
                "The one-way analysis of the budget impact moves an input between low and high",
                "Enter them, or clear the SE.",
            )


PATIENTS, GROWTH = "budget.patients", "budget.growth"
STEP = "budget.step.{step}"


@dataclass(frozen=True)
class BudgetInputs:
    """Years, funnel, mix and trigger of a budget impact.

    Attributes
    ----------
    first_year, years : int
        Calendar year of the first year; how many there are.
    entry : {"start", "spread"}
        Whether the patients of a year begin at its start, or a twelfth each month.
    strategies : mapping from id to name
        Comparator first.
    steps : tuple of str
        Ids of the steps of the funnel, in the order of the rows.
    parameters : tuple of Parameter
        Patients, growth, steps and shares; the shares of one side and year are a group.
    trigger : float or None
        [currency per year]
    trigger_years : int
        Years in which the trigger is looked at; 0 without one.
    """

    first_year: int
    years: int
    entry: str
    strategies: Mapping[str, str]
    steps: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    trigger: float | None
    trigger_years: int

    @property
    def calendar(self) -> tuple[int, ...]:
        """The calendar years."""
        return tuple(self.first_year + i for i in range(self.years))


def budget_inputs(rows: Rows, strategies: Mapping[str, str]) -> BudgetInputs | None:
    """Return what the sheet Budget impact says; None where the workbook has no such values.

    The rows are complete and agree with one another: `check_budget` has seen to it. `strategies` are names by id.
    """
    if not has_budget(rows):
        return None
    first_year, years = (int(rows[f"budget.{name}"].number) for name in ("first_year", "years"))
    steps = select(rows, STEP)
    funnel = [_parameter(row) for row in (rows[PATIENTS], rows[GROWTH], *steps)]
    shares = [
        _share(rows[share_id(side, strategy, year)], side, name, first_year + year - 1)
        for side in SIDES
        for year in range(1, years + 1)
        for strategy, name in strategies.items()
    ]
    trigger = rows.get("budget.trigger")
    has_trigger = trigger is not None and trigger.value is not None
    return BudgetInputs(
        first_year=first_year,
        years=years,
        entry=rows["budget.entry"].text,
        strategies=strategies,
        steps=tuple(row.id for row in steps),
        parameters=(*funnel, *shares),
        trigger=rows["budget.trigger"].number if has_trigger else None,
        trigger_years=int(rows["budget.trigger_years"].number) if has_trigger else 0,
    )


def _parameter(row: Row) -> Parameter:
    return Parameter(row.id, row.label, row.number, row.unit, low=row.low, high=row.high)


def _share(row: Row, side: str, name: str, year: int) -> Parameter:
    label = f"{year}: share {SIDES[side]}, {name}"
    group = f"budget.{side}.{year}"
    return Parameter(row.id, label, row.number, row.unit, low=row.low, high=row.high, group=group)
