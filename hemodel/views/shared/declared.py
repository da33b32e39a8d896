"""How a view module declares its tables and charts: what makes each, when it applies, and where it stands.

A module that has tables or charts of a run ends with `TABLES` and `CHARTS`; `hemodel.views.registry` finds them, and
the files, the results workbook and the documents read them there. `BEHIND_CHARTS` are tables that only charts of the
results workbook show; `DSA_TABLES`, `VOI_TABLES`, `SWEEP_TABLES` and `REPORT_TABLES` those of a command that no run
has. None computes a result: what is drawn is in the results, in the draws, or is a fitted curve.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.views.shared.table import Table
    from hemodel.views.shared.words import Names


ROWS_ON_PAGE = 20
"""Rows that a page shows of each band of a long table; the rest is in the results workbook."""


def always(_results: Results, _run: Run) -> bool:
    """Apply to every run."""
    return True


@dataclass(frozen=True)
class OnPage:
    """What a page shows of a table; the files and the results workbook have all of it.

    Attributes
    ----------
    left_out : tuple of str
        Columns, or groups of them, that a page has no room for.
    bands : tuple of int
        Columns of a banded table that are printed above the rows they are the same for.
    most_rows : int or None
        Rows shown of each band; None for all.
    wide : bool
        Whether it is always printed on a page on its side.
    """

    left_out: tuple[str, ...] = ()
    bands: tuple[int, ...] = (0,)
    most_rows: int | None = None
    wide: bool = False


@dataclass(frozen=True)
class TableEntry:
    """A table of a run.

    Attributes
    ----------
    name : str
        Of its CSV file; layouts use it.
    make : callable
        Returns the table, or None where the run has nothing for it.
    needs_rows : bool
        Whether it is left out where it has none; elsewhere that there are none is a finding.
    """

    name: str
    make: Callable[[Results, Run, Names], Table | None]
    page: OnPage = OnPage()
    needs_rows: bool = False


@dataclass(frozen=True)
class CommandTable:
    """A table that a command other than a run writes, made of what it found; None where it has nothing for it."""

    name: str
    make: Callable[..., Table | None]


@dataclass(frozen=True)
class ChartEntry:
    """A chart of a run.

    Attributes
    ----------
    name : str
        Of its files; layouts use it.
    draw : callable
        Returns the figure.
    applies : callable
        Whether a run has it.
    same_for_payers : bool
        Whether it depends neither on discount rates nor on thresholds, so that runs for several payers share it.
    of_base_case : bool
        Whether it is the same whatever is worked out after the base case, so that it can be drawn meanwhile.
    each : callable or None
        Of a chart that is drawn for each intervention: from the id of one to what draws it and whether it applies.
        That of the first intervention has the name, the others have the id after it; layouts name the first.
    """

    name: str
    draw: Callable[[Results, Run], Figure]
    caption: str
    applies: Callable[[Results, Run], bool] = always
    same_for_payers: bool = False
    of_base_case: bool = False
    each: Callable[[str], ChartEntry] | None = None

    def of_run(self, results: Results) -> list[ChartEntry]:
        """Return the chart as it is for a run: itself, or one for each intervention."""
        if self.each is None:
            return [self]
        made = [self.each(increment.intervention) for increment in results.incremental]
        names = [self.name, *(f"{self.name}_{increment.intervention}" for increment in results.incremental[1:])]
        if len(made) > 1:
            told = [f"{self.caption}: {results.strategy_names[i.intervention]}" for i in results.incremental]
        else:
            told = [self.caption] * len(made)
        return [replace(one, name=n, caption=t) for one, n, t in zip(made, names, told, strict=True)]
