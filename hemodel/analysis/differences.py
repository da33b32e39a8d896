"""What changed between two workbooks, and what each change does to the results of the base case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel.analysis.differences_cells import (
    FILE,
    Item,
    compare,
    spread_only,
    with_items,
    words_only,
)
from hemodel.analysis.differences_groups import Items, Links
from hemodel.analysis.load import load, load_rows
from hemodel.analysis.scenarios import Increment, increments
from hemodel.economics import COST_TOLERANCE, EFFECT_TOLERANCE, change
from hemodel.errors import InputError, Problem
from hemodel.inputs.scenarios import pick, read_scenarios, scenario_folder
from hemodel.model import base_draws, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.scenarios import Scenario
    from hemodel.model import Model

MOVES = "moves the base case"
STAYS = "no effect on the base case"
UNCERTAINTY = "uncertainty only"
WORDS = "text only"
WITH_OTHERS = "only with others"
NOT_ALONE = "not tried alone"
_ONE_NAME = "The file has the same name in both; what it does is part of all changes together."


@dataclass(frozen=True)
class Effect:
    """Increments with a change made, and how far they are from the first workbook's.

    Moves are None where the first workbook has no such comparison; that of the ICER
    also where either has none.
    """

    increment: Increment
    costs: float | None
    qalys: float | None
    icer: float | None


@dataclass(frozen=True)
class Difference:
    """One difference and what it does alone.

    `acts` is one of the constants of this module. `reason` says why a change does not
    work alone; `group` is the place (from 0) of the group it was tried with, None where it works
    alone or only with all changes together.
    """

    item: Item
    acts: str
    effects: tuple[Effect, ...] = ()
    reason: str = ""
    group: int | None = None


@dataclass(frozen=True)
class Group:
    """Changes that only work together, and what they do."""

    name: str
    items: Items
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Remainder:
    """What the changes one by one do not add up to: the whole move less the sum of the single ones."""

    intervention: str
    comparator: str
    costs: float
    qalys: float
    icer: float | None


@dataclass(frozen=True)
class Side:
    """One of the two workbooks."""

    path: Path
    sha256: str
    inputs: ModelInputs
    increments: tuple[Increment, ...]
    scenarios: tuple[Scenario, ...]


@dataclass(frozen=True)
class Differences:
    """Everything that differs, alone, in groups and all together."""

    first: Side
    second: Side
    differences: tuple[Difference, ...]
    groups: tuple[Group, ...]
    together: tuple[Effect, ...]
    remainder: tuple[Remainder, ...]


def differences(a: str | Path, b: str | Path, scenarios: Sequence[str] = ()) -> Differences:
    """Compare two workbooks, and evaluate the first with each change of the second.

    Parameters
    ----------
    a, b : str or Path
        The earlier and the later workbook.
    scenarios : sequence of str
        Scenarios under which both are compared; each is read from the folder that the
        workbook names.

    Returns
    -------
    Differences
        Increments are intervention minus comparator, discounted; costs in the first
        workbook's currency. All together is the second workbook's own base case.

    Raises
    ------
    InputError
        With every problem of both workbooks.
    """
    first, second = _load_both((Path(a), Path(b)), scenarios)
    old, new = first.inputs, second.inputs
    items = compare(old, new)
    trial = _Trial(first, second, items)
    found = tuple(trial.single(item) for item in items)
    merged = _merged(trial, found)
    placed = tuple(_placed(difference, merged) for difference in found)
    together = trial.moved(second.increments)
    return Differences(first, second, placed, merged, together, _remainder(together, placed, merged))


def _load_both(paths: tuple[Path, Path], scenarios: Sequence[str]) -> tuple[Side, Side]:
    """Load both, with the problems of both in one error; files of one name are told apart."""
    sides: list[Side] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            sides.append(_load(path, scenarios))
        except InputError as error:
            alike = paths[0].name == paths[1].name and paths[0] != paths[1]
            problems += [_told_apart(problem, path) if alike else problem for problem in error.problems]
    if problems:
        raise InputError(tuple(dict.fromkeys(problems)))
    return sides[0], sides[1]


def _told_apart(problem: Problem, path: Path) -> Problem:
    named = problem.where.file == path.name
    return replace(problem, where=replace(problem.where, file=str(path))) if named else problem


def _load(path: Path, names: Sequence[str]) -> Side:
    model = load(path)
    chosen: tuple[Scenario, ...] = ()
    if names:
        folder = scenario_folder(path, model.inputs.settings.scenarios)
        chosen = pick(read_scenarios(folder, model.inputs.raw.scenarios), names)
        model = load_rows(path, model.inputs.raw, [change for s in chosen for change in s.changes])
    return Side(path, sha256(path.read_bytes()).hexdigest(), model.inputs, _base(model), chosen)


def _base(model: Model) -> tuple[Increment, ...]:
    return increments(evaluate(model, base_draws(model)))


class _Trial:
    """The first workbook, tried with some of the changes; each set of changes is tried once."""

    def __init__(self, first: Side, second: Side, items: Items) -> None:
        self.first, self.second, self.items = first, second, items
        self.links = Links(items, [dict(side.inputs.rows) for side in (first, second)])
        self._tried: dict[Items, tuple[Effect, ...] | str] = {}

    def single(self, item: Item) -> Difference:
        """Try one change alone; where it makes no valid model, with the smallest group that does."""
        row = self.second.inputs.rows.get(item.id) or self.first.inputs.rows.get(item.id)
        if words_only(item, row):
            return Difference(item, WORDS)
        if spread_only(item, row):
            return Difference(item, UNCERTAINTY)
        if item.kind == FILE:
            return Difference(item, NOT_ALONE, reason=_ONE_NAME)
        alone = self.effects((item,))
        if not isinstance(alone, str):
            return Difference(item, MOVES if _moves(alone) else STAYS, alone)
        return Difference(item, WITH_OTHERS, reason=alone)

    def group(self, item: Item) -> Items | None:
        """Return the smallest group that makes a valid model with the item; None where only all changes do."""
        tried = self.links.candidates(item)
        return next((group for group in tried if not isinstance(self.effects(group), str)), None)

    def effects(self, group: Items) -> tuple[Effect, ...] | str:
        """Return what a group of changes does, or the first reason why it makes no valid model."""
        if group not in self._tried:
            self._tried[group] = self._evaluated(group)
        return self._tried[group]

    def _evaluated(self, group: Items) -> tuple[Effect, ...] | str:
        old = self.first.inputs
        try:
            return self.moved(_base(load_rows(old.path, with_items(old, self.second.inputs, group))))
        except InputError as error:
            return _first_reason(error.problems)

    def moved(self, found: Iterable[Increment]) -> tuple[Effect, ...]:
        """Set increments beside the first workbook's."""
        before = {(i.intervention, i.comparator): i for i in self.first.increments}
        return tuple(_effect(i, before.get((i.intervention, i.comparator))) for i in found)


def _first_reason(problems: Sequence[Problem]) -> str:
    more = len(problems) - 1
    return problems[0].what + (f" (and {more} more problem{'' if more == 1 else 's'})" if more else "")


def _effect(after: Increment, before: Increment | None) -> Effect:
    if before is None:
        return Effect(after, None, None, None)
    costs, qalys = change(before.costs, after.costs), change(before.qalys, after.qalys)
    return Effect(after, costs, qalys, change(before.verdict.icer, after.verdict.icer))


def _moves(effects: Sequence[Effect]) -> bool:
    return any(
        e.costs is None or e.qalys is None or abs(e.costs) > COST_TOLERANCE or abs(e.qalys) > EFFECT_TOLERANCE
        for e in effects
    )


def _merged(trial: _Trial, found: Sequence[Difference]) -> tuple[Group, ...]:
    """Return the groups that are needed, those with a member in common as one."""
    groups: list[set[Item]] = []
    for difference in found:
        own = trial.group(difference.item) if difference.acts == WITH_OTHERS else None
        if own is None:
            continue
        touching = [group for group in groups if group & set(own)]
        groups = [group for group in groups if group not in touching] + [set(own).union(*touching)]
    made = []
    for members in groups:
        ordered = tuple(item for item in trial.items if item in members)
        effects = trial.effects(ordered)
        if not isinstance(effects, str):
            made.append(Group(trial.links.name(ordered), ordered, effects))
    return tuple(made)


def _placed(difference: Difference, groups: Sequence[Group]) -> Difference:
    place = next((i for i, group in enumerate(groups) if difference.item in group.items), None)
    return replace(difference, group=place)


def _remainder(
    together: Sequence[Effect], found: Sequence[Difference], groups: Sequence[Group]
) -> tuple[Remainder, ...]:
    """Return the move of all together less those of the groups and of the changes outside them."""
    parts = [group.effects for group in groups] + [d.effects for d in found if d.group is None]
    made = []
    for whole in together:
        if whole.costs is None or whole.qalys is None:
            continue
        pair = (whole.increment.intervention, whole.increment.comparator)
        own = [e for p in parts for e in p if (e.increment.intervention, e.increment.comparator) == pair]
        ratios = [e.icer for e in (whole, *own)]
        icer = None if None in ratios else (whole.icer or 0.0) - sum(e.icer or 0.0 for e in own)
        costs, qalys = (sum(getattr(e, name) or 0.0 for e in own) for name in ("costs", "qalys"))
        made.append(Remainder(*pair, whole.costs - costs, whole.qalys - qalys, icer))
    return tuple(made)
