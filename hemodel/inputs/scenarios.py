"""The scenarios of a workbook: files of a folder, rows of its sheet `Scenarios`, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.inputs.dictionary import nearest
from hemodel.inputs.files import find_beside
from hemodel.inputs.scenario_files import GROUPS, Scenario, clashing, read_entry, written_out
from hemodel.inputs.scenario_sheet import read_sheet
from hemodel.inputs.structure import BESIDE, beside_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from hemodel.inputs.cells import DataTable
    from hemodel.inputs.checks import Rows
    from hemodel.inputs.scenario_files import WrittenScenario


__all__ = ["GROUPS", "Scenario", "clashing", "for_payer", "in_groups", "pick", "read_scenarios", "scenario_folder"]


def scenario_folder(workbook: Path, setting: str) -> Path | None:
    """Return the folder that a workbook's setting names, or None where there is none; see `find_beside`."""
    found = find_beside(workbook, setting)
    return found if found is not None and found.is_dir() else None


def read_scenarios(folder: Path | None, sheet: DataTable | None = None) -> tuple[Scenario, ...]:
    """Read every scenario of a folder, in order of the files' names, then those of the sheet in its order.

    A sweep is as many scenarios as it has points; see `written_out`.

    Raises
    ------
    InputError
        With the problems of all files and of the sheet.
    """
    entries: list[WrittenScenario] = []
    problems: list[Problem] = []
    unread: set[str] = set()
    for path in sorted(folder.glob("*.toml")) if folder is not None else []:
        try:
            entries.append(read_entry(path))
        except InputError as error:
            problems += error.problems
            unread.add(path.stem)
    if sheet is not None:
        found, wrong, names = read_sheet(sheet)
        entries += found
        problems += wrong
        unread |= names
    scenarios, wrong = written_out(entries, unread)
    if problems or wrong:
        raise InputError((*problems, *wrong))
    return scenarios


def for_payer(scenarios: Iterable[Scenario], payer: str = "") -> tuple[Scenario, ...]:
    """Return the scenarios that are for every payer, and those that are for this one.

    Parameters
    ----------
    payer : str, optional
        Code of the payer; empty where the run is for none.
    """
    return tuple(each for each in scenarios if not each.payers or payer in each.payers)


def in_groups(scenarios: Iterable[Scenario]) -> tuple[Scenario, ...]:
    """Return the scenarios by group, in the order of `GROUPS`; as they were within a group."""
    return tuple(sorted(scenarios, key=lambda each: GROUPS.index(each.group)))


def check_beside(rows: Rows, scenarios: Iterable[Scenario]) -> None:
    """Raise InputError where `settings.beside` names a scenario that there is not.

    A workbook that was sent without its scenarios has none to name; a run says that they were not found.
    """
    known = [scenario.name for scenario in scenarios]
    raise_if_any(
        Problem(
            rows[BESIDE].where["value"],
            f"{BESIDE} names {name}, and there is no such scenario",
            todo=f"{nearest(name, known)} Give names of scenarios, separated by semicolons.".strip(),
        )
        for name in beside_names(rows)
        if known and name not in known
    )


def pick(
    scenarios: Iterable[Scenario], names: Iterable[str], *, option: str = "--scenario", together: bool = True
) -> tuple[Scenario, ...]:
    """Return the scenarios with these names, in the order asked for; the name of a sweep stands for its points.

    Parameters
    ----------
    option : str
        Under which the names were given, for messages.
    together : bool
        Whether they are made at once, so that no two may change the same id.

    Raises
    ------
    InputError
        Where one does not exist (the nearest is suggested) or two change the same id.
    """
    by_name: dict[str, tuple[Scenario, ...]] = {}
    for each in scenarios:
        by_name[each.name] = (each,)
        if each.sweep and not together:
            by_name[each.sweep] = (*by_name.get(each.sweep, ()), each)
    problems = [
        Problem(
            Location(f"{option} {name}"),
            f"there is no scenario {name}",
            todo=nearest(name, by_name) or f"There are: {', '.join(by_name) or 'none'}.",
        )
        for name in names
        if name not in by_name
    ]
    if problems:
        raise InputError(tuple(problems))
    chosen = tuple(dict.fromkeys(each for name in names for each in by_name[name]))
    if together:
        _refuse_clashes(chosen, option)
    return chosen


def _refuse_clashes(chosen: Sequence[Scenario], option: str) -> None:
    clashes = clashing([change for scenario in chosen for change in scenario.changes])
    if clashes:
        where = Location(" ".join(f"{option} {scenario.name}" for scenario in chosen))
        raise InputError(tuple(Problem(where, f"{id_} is changed by more than one scenario") for id_ in clashes))
