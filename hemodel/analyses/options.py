"""What a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.inputs.changes import Change


PARTS = ("base", "dsa", "psa", "scenarios")
"""The base case is always run; the others can be chosen."""


@dataclass(frozen=True)
class Options:
    """What to run: changes, scenarios to run under, parts, draws and seed (None: the workbook's).

    `families` says whether every family is tried on the evidence, for the table that compares them.
    `payer` is the code of a payer, or the path of its profile: its reference case is applied, and its own scenarios
    are run with those of all payers. `until_mcse` and `until_clear` end the draws early (see `stopping.Until`; the
    latter is a threshold), and `draws` is then the most there may be. `scheduler` and `workers` name a cluster.
    `export_psa` says whether the draws are written too. `groups` and `only` name the groups and the scenarios that are
    run, none for all. `grids` says whether the one-way analysis is followed by its two-way grid and the values that
    change the decision. `use_draws` is a file with draws of some inputs or all, and the number of draws is then that of
    its rows. `strict` says whether warnings that no note accepts stop the run.
    """

    changes: tuple[Change, ...] = ()
    scenarios: tuple[str, ...] = ()
    parts: tuple[str, ...] = PARTS
    draws: int | None = None
    seed: int | None = None
    families: bool = True
    payer: str = ""
    until_mcse: float | None = None
    until_clear: float | None = None
    scheduler: str = ""
    workers: int | None = None
    export_psa: bool = False
    groups: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    grids: bool = True
    use_draws: Path | None = None
    strict: bool = False
