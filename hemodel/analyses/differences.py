"""What changed between two workbooks, and what each change does to the results of the base case.

Differences are of cells by id and column, of sheets of data and of files named. Some only work together: rows of a new
strategy or drug, shares, a relation and its reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from hemodel.analyses.base_case import Increment, increments
from hemodel.analyses.load import load, load_rows
from hemodel.economics import COST_TOLERANCE, EFFECT_TOLERANCE, change
from hemodel.entries import Entry
from hemodel.errors import InputError, Location, Problem
from hemodel.inputs.cells import RawRow, RawWorkbook, Scalar
from hemodel.inputs.changes import Change, apply_changes, same
from hemodel.inputs.checks import member_fields
from hemodel.inputs.dictionary import columns, match, sheets
from hemodel.inputs.files import data_sheet, find_beside
from hemodel.inputs.labels import given
from hemodel.inputs.scenarios import pick, read_scenarios, scenario_folder
from hemodel.model.evaluate import base_draws, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hemodel.inputs.cells import DataTable
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.rows import Row
    from hemodel.inputs.scenarios import Scenario
    from hemodel.model.evaluate import Model


ADDED, REMOVED, CHANGED = "added", "removed", "changed"
CELL, ROW, SHEET, FILE, CITATIONS = "cell", "row", "sheet of data", "file", "list of sources"
TEXT_COLUMNS = ("label", "unit", "range_basis", "source", "note")
"""Columns of text that no calculation reads."""
_IN_FIT = (
    *(
        "low",
        "high",
        "se",
        "n",
        "distribution",
        "time",
        "time_origin",
        "versus",
        "p_value",
        "events",
        "bound",
        "weight",
    ),
    "use_in_fit",
)
_FITTED = ("survival", "external")
_NAMES = ("settings", "strategy", "drug")
_FILE_ROWS = ("curve.{endpoint}.{strategy}.data", "curve.{endpoint}.{strategy}.at_risk", "background.life_table")
_ORIGIN = "the other workbook"


@dataclass(frozen=True)
class ChangedItem:
    """One difference: a cell (by id and column), a whole row, a sheet of data or a file.

    `before` and `after` are values; of a sheet, file or list of sources they are
    hashes (sha256), and None where there is none.
    """

    kind: str
    what: str
    id: str
    column: str
    sheet: str
    label: str
    unit: str
    before: Scalar
    after: Scalar

    @property
    def name(self) -> str:
        """What changes and messages call it."""
        return name_of(self.id, self.column)


def name_of(id_: str, column: str | None) -> str:
    """Return what a difference is called: the id, with the column unless that is the value."""
    return id_ if column in {None, "", "value"} else f"{id_}.{column}"


def compare(first: ModelInputs, second: ModelInputs) -> tuple[ChangedItem, ...]:
    """Return every difference, in the order of the dictionary's sheets and of the workbooks.

    Where a row, column or sheet stands is no difference. Numbers are the same to 12
    digits.
    """
    found: list[ChangedItem] = []
    order = list(sheets())
    ids = dict.fromkeys([*first.rows, *second.rows])
    labels = [{row.id: given(row) or None for row in inputs.raw.rows} for inputs in (first, second)]
    for id_ in sorted(ids, key=lambda id_: order.index((first.rows.get(id_) or second.rows[id_]).sheet)):
        before, after = first.rows.get(id_), second.rows.get(id_)
        if before is not None and after is not None:
            found += _cells(before, after, [each[id_] for each in labels])
        else:
            found.append(_row(before, after))
    return (*found, *_sheets(first.raw.tables, second.raw.tables), *_files(first, second), *_citations(first, second))


def _cells(before: Row, after: Row, labels: Sequence[str | None]) -> Iterable[ChangedItem]:
    for column in columns():
        if column == "id" or column not in before.where:
            continue
        old, new = labels if column == "label" else (cell_value(before, column), cell_value(after, column))
        if not same(old, new):
            yield ChangedItem(CELL, CHANGED, after.id, column, after.sheet, after.label, after.unit, old, new)


def cell_value(row: Row, column: str) -> Scalar:
    """Return what a cell holds after reading; None where it is empty."""
    if column == "use_in_fit":
        return "yes" if row.use_in_fit else "no"
    value: Scalar = getattr(row, column)
    return None if value == "" else value


def _row(before: Row | None, after: Row | None) -> ChangedItem:
    row = after if after is not None else before
    if row is None:
        raise ValueError
    old, new = (None if r is None else cell_value(r, "value") for r in (before, after))
    what = REMOVED if after is None else ADDED
    return ChangedItem(ROW, what, row.id, "", row.sheet, row.label, row.unit, old, new)


def _sheets(first: Mapping[str, DataTable], second: Mapping[str, DataTable]) -> Iterable[ChangedItem]:
    for name in dict.fromkeys([*first, *second]):
        old, new = (None if name not in tables else _digest(tables[name].rows) for tables in (first, second))
        yield from _hashed(SHEET, name, name, old, new)


def _files(first: ModelInputs, second: ModelInputs) -> Iterable[ChangedItem]:
    """Compare the files of one name that both name and neither carries; another name is another value of its row."""
    done: set[str] = set()
    for row in first.rows.values():
        other = second.rows.get(row.id)
        named = row.kind.pattern in _FILE_ROWS and other is not None and row.text == other.text
        carried = {*first.raw.tables, *second.raw.tables} & {row.text, data_sheet(row.text)}
        if not named or row.text in done or carried:
            continue
        done.add(row.text)
        old, new = (_file_hash(inputs, row.text) for inputs in (first, second))
        yield from _hashed(FILE, row.text, row.sheet, old, new)


def _file_hash(inputs: ModelInputs, name: str) -> str | None:
    path = find_beside(inputs.path, name)
    return sha256(path.read_bytes()).hexdigest() if path is not None and path.is_file() else None


def _citations(first: ModelInputs, second: ModelInputs) -> Iterable[ChangedItem]:
    old, new = (_digest(inputs.raw.sources) if inputs.raw.sources else None for inputs in (first, second))
    return _hashed(CITATIONS, "Sources", "Sources", old, new)


def _hashed(kind: str, name: str, sheet: str, old: str | None, new: str | None) -> Iterable[ChangedItem]:
    if old != new:
        what = ADDED if old is None else REMOVED if new is None else CHANGED
        yield ChangedItem(kind, what, name, "", sheet, name, "", old, new)


def _digest(rows: Iterable[tuple[Scalar, ...]]) -> str:
    """Return a hash of cells that does not see empty cells at the ends, nor 1 written as 1.0."""
    lines = [",".join(_plain(value) for value in row).rstrip(",") for row in rows]
    return sha256("\n".join(lines).rstrip("\n").encode()).hexdigest()


def _plain(value: Scalar) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{float(value):.12g}"
    return "" if value is None else str(value)


def words_only(item: ChangedItem, row: Row | None) -> bool:
    """Whether a difference is one of text that no calculation reads."""
    if item.kind == CITATIONS or item.column in TEXT_COLUMNS:
        return True
    return row is not None and row.kind.type == "text" and row.kind.group in _NAMES and item.kind == CELL


def spread_only(item: ChangedItem, row: Row | None) -> bool:
    """Whether a cell says how an input varies, and can only move the draws and the one-way analysis."""
    if item.kind != CELL or item.column == "value" or item.column in TEXT_COLUMNS or row is None:
        return False
    return row.kind.group not in _FITTED or item.column not in _IN_FIT


def with_items(first: ModelInputs, second: ModelInputs, items: Iterable[ChangedItem]) -> RawWorkbook:
    """Return the first workbook's cells with some of the differences made.

    A cell is changed as `--set` changes it: where a new value lies outside its range,
    and no other cell of its range is changed, the range moves with it.
    """
    chosen = list(items)
    removed = {item.id for item in chosen if item.kind == ROW and item.what == REMOVED}
    added = {item.id for item in chosen if item.kind == ROW and item.what == ADDED}
    rows = [row for row in first.raw.rows if row.id not in removed]
    rows += [RawRow(row.sheet, dict(row.cells)) for row in second.raw.rows if row.id in added]
    swapped = [item.id for item in chosen if item.kind == SHEET]
    kept = {name: table for name, table in first.raw.tables.items() if name not in swapped}
    tables = kept | {name: second.raw.tables[name] for name in swapped if name in second.raw.tables}
    made = [Change(item.name, item.after, _ORIGIN) for item in chosen if item.kind == CELL]
    return apply_changes(replace(first.raw, rows=rows, tables=tables), made)[0]


def where(inputs: ModelInputs, item: ChangedItem) -> Location:
    """Return where a difference stands in a workbook that has it."""
    row = inputs.rows.get(item.id)
    return row.where[item.column or "id"] if row is not None else Location(inputs.path.name, item.sheet)


Items = tuple[ChangedItem, ...]
Token = tuple[str, ...]
SHARES, COMPARATOR = "shares", "comparator"
_BY_CURVE = {"curve", "coefficient", "covariance", "effect", "waning"}


class Links:
    """Which differences belong together, by the names that they bring or take away."""

    def __init__(self, items: Sequence[ChangedItem], rows: Sequence[dict[str, Row]]) -> None:
        """Take all differences, and the rows of both workbooks."""
        self.items = tuple(items)
        defined = {fields[0] for fields in member_fields().values() if len(fields) == 1}
        names = [{(f, n) for row in each.values() for f, n in row.names.items() if f in defined} for each in rows]
        self._moved = names[0] ^ names[1]
        self._tokens = {item: self._tokens_of(item, rows) for item in self.items}

    def candidates(self, item: ChangedItem) -> list[Items]:
        """Return the groups of differences to try an item with, the smallest idea first, all of them not included."""
        own = [other for other in self.items if other.id == item.id]
        subject = self._subjects([item])
        linked = self._linked([item])
        wide = self._linked(self._subjects(linked))
        endpoint = [other for other in self.items if _endpoint(other) and _endpoint(other) == _endpoint(item)]
        found = dict.fromkeys(tuple(group) for group in (own, subject, linked, wide, self._linked([*wide, *endpoint])))
        return [group for group in found if 1 < len(group) < len(self.items)]

    def name(self, group: Iterable[ChangedItem]) -> str:
        """Return what a group is about: the names that come and go, or what its ids have in common."""
        members = list(group)
        moved = dict.fromkeys(t for item in members for t in sorted(self._tokens[item]) if t in self._moved)
        if moved:
            return ", ".join(f"{field} {name}" for field, name in moved)
        shares = {token for item in members for token in self._tokens[item] if token[0] == SHARES}
        if len(shares) == 1:
            return f"shares of subsequent treatment, {shares.pop()[1]}"
        parts = [item.id.split(".") for item in members]
        common = 0
        while all(len(p) > common and p[common] == parts[0][common] for p in parts):
            common += 1
        return ".".join(parts[0][:common]) or ", ".join(dict.fromkeys(p[0] for p in parts))

    def _subjects(self, items: Sequence[ChangedItem]) -> list[ChangedItem]:
        subjects = {_subject(item.id) for item in items}
        return [other for other in self.items if other in items or _subject(other.id) in subjects]

    def _linked(self, items: Sequence[ChangedItem]) -> list[ChangedItem]:
        """Return everything that shares a token with the items, directly or through others."""
        found, tokens = set(items), {token for item in items for token in self._tokens[item]}
        grown = True
        while grown:
            more = {other for other in self.items if other not in found and self._tokens[other] & tokens}
            tokens |= {token for other in more for token in self._tokens[other]}
            found |= more
            grown = bool(more)
        return [other for other in self.items if other in found]

    def _tokens_of(self, item: ChangedItem, rows: Sequence[dict[str, Row]]) -> set[Token]:
        found: set[Token] = set()
        for row in (each[item.id] for each in rows if item.id in each):
            found |= {pair for pair in row.names.items() if pair in self._moved}
            if row.kind.type == "reference" and item.column in {"", "value"}:
                found.add((row.kind.choices[0], row.text))
            if row.versus and item.column in {"", "versus"}:
                found.add(("strategy", row.versus))
            if row.kind.pattern == "strategy.{strategy}.role" and item.kind == CELL:
                found.add((COMPARATOR,))
            if row.kind.group == "subsequent" and "share." in row.kind.pattern and item.column in {"", "value"}:
                found.add((SHARES, row.names["strategy"]))
        return {token for token in found if token in self._moved or token[0] in {COMPARATOR, SHARES}}


def _subject(id_: str) -> Token:
    """Return what a row is about: a drug, a regimen, the curve of a strategy, the utilities."""
    parts = id_.split(".")
    group = parts[0]
    if group in _BY_CURVE:
        return ("curve", *parts[1:3])
    if group in {"survival", "external"}:
        return ("survival", *parts[1:3])
    if id_ == "settings.utilities_by":
        return ("utility",)
    if group in {"settings", "strategy"}:
        return tuple(parts) if group == "settings" else (group,)
    return tuple(parts[: 1 + len(member_fields().get(group, ()))])


def _endpoint(item: ChangedItem) -> str:
    found = match(item.id) if item.kind in {CELL, ROW} else None
    return "" if found is None else found[1].get("endpoint", "")


MOVES = "moves the base case"
STAYS = "no effect on the base case"
UNCERTAINTY = "uncertainty only"
WORDS = "text only"
COSTS_ONLY = "moves costs alone, which are in two currencies"
NOT_COMPARED = "not compared"
WITH_OTHERS = "only with others"
NOT_ALONE = "not tried alone"
_ONE_NAME = "The file has the same name in both; what it does is part of all changes together."


class Compared(Entry):
    """Increments of one comparison: intervention minus comparator, discounted."""

    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    life_years: float = Field(description="[years]")
    qalys: float = Field(description="[QALY]")
    costs: float | None = Field(description="[currency]; null of a change where the workbooks are in two currencies")
    icer: float | None = Field(description="[currency per QALY]; null where it means nothing")
    verdict: str = Field(description="what the signs of costs and QALYs mean")


class Move(Entry):
    """How far increments are from those of the first workbook; null where that has no such comparison."""

    qalys: float | None = Field(description="[QALY]")
    costs: float | None = Field(description="[currency]; null also where the workbooks are in two currencies")
    icer: float | None = Field(description="[currency per QALY]; null also where either workbook has none")


class Effect(Compared):
    """Increments with a change made."""

    move: Move = Field(description="from the increments of the first workbook")


class Difference(Entry):
    """One difference and what it does alone; `acts` is one of the constants of this module."""

    kind: str = Field(description="cell, row, sheet of data, file or list of sources")
    what: str = Field(description="added, removed or changed")
    id: str = Field(description="of the row; of a sheet or file its name")
    column: str | None = Field(description="of the cell; null where the difference is no cell")
    cell: str = Field(description="sheet and cell, in the later workbook unless the row is only in the earlier one")
    label: str = Field(description="of the row")
    unit: str = Field(description="of the row")
    before: Scalar = Field(serialization_alias="from", description="value, in the unit of the row, or sha256; or null")
    after: Scalar = Field(serialization_alias="to", description="value, in the unit of the row, or sha256; or null")
    acts: str = Field(description="whether it moves the base case")
    reason: str = Field(description="why it does not work alone; empty where it does")
    group: str | None = Field(description="name of the group it was tried with; null where it was tried with none")
    effects: list[Effect] = Field(description="of the change alone, by comparison")

    @property
    def name(self) -> str:
        """What changes and messages call it."""
        return name_of(self.id, self.column)


class LinkedDifferences(Entry):
    """Changes that only work together, and what they do."""

    name: str = Field(description="what they are about")
    members: list[str] = Field(description="names of the differences")
    effects: list[Effect] = Field(description="of all of them together, by comparison")


class Remainder(Entry):
    """What the changes one by one do not add up to: the whole move less the sum of the single ones."""

    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    costs: float | None = Field(description="[currency]; null where the workbooks are in two currencies")
    qalys: float = Field(description="[QALY]")
    icer: float | None = Field(description="[currency per QALY]; null where a move has none")


class SideEntry(Entry):
    """One of the two workbooks."""

    workbook: str = Field(description="name of the file")
    sha256: str = Field(description="of the file")
    incremental: list[Compared] = Field(description="of its base case")


class Differences(Entry):
    """Everything that differs between two workbooks, alone, in groups and all together: differences.json."""

    currency: str = Field(description="of the first workbook")
    currency_b: str = Field(description="of the second workbook; where it is another, no amounts are compared")
    scenarios: list[str] = Field(description="under which both are compared")
    a: SideEntry = Field(description="the earlier workbook")
    b: SideEntry = Field(description="the later workbook")
    differences: list[Difference] = Field(description="in the order of the sheets")
    groups: list[LinkedDifferences] = Field(description="changes that only work together")
    together: list[Effect] = Field(description="of all changes: the base case of the later workbook")
    not_additive: list[Remainder] = Field(description="by comparison")


@dataclass(frozen=True)
class Side:
    """One of the two workbooks, as it was read."""

    path: Path
    sha256: str
    inputs: ModelInputs
    increments: tuple[Increment, ...]
    scenarios: tuple[Scenario, ...]


@dataclass(frozen=True)
class ComparedWorkbooks:
    """Two workbooks, and what differs between them."""

    first: Side
    second: Side
    found: Differences


def differences(a: str | Path, b: str | Path, scenarios: Sequence[str] = ()) -> ComparedWorkbooks:
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
    ComparedWorkbooks
        Increments are intervention minus comparator, discounted. All together is the second
        workbook's own base case. Costs are compared where both are in one currency.

    Raises
    ------
    InputError
        With every problem of both workbooks.
    """
    first, second = _load_both((Path(a), Path(b)), scenarios)
    old, new = first.inputs, second.inputs
    items = compare(old, new)
    trial = _Trial(first, second, items)
    tried = tuple(trial.single(item) for item in items)
    groups = _merged(trial, tried)
    in_groups = {item: name for name, members, _ in groups for item in members}
    found = [_difference(trial, each, in_groups.get(each.item)) for each in tried]
    linked = [
        LinkedDifferences(name=name, members=[item.name for item in members], effects=effects)
        for name, members, effects in groups
    ]
    together = trial.comparable(trial.moved(second.increments))
    whole = Differences(
        currency=old.settings.currency,
        currency_b=new.settings.currency,
        scenarios=[scenario.name for scenario in first.scenarios],
        a=_side(first),
        b=_side(second),
        differences=found,
        groups=linked,
        together=together,
        not_additive=_remainder(together, [*linked, *(each for each in found if each.group is None)]),
    )
    return ComparedWorkbooks(first, second, whole)


def _side(side: Side) -> SideEntry:
    incremental = [Compared(**_compared(each)) for each in side.increments]
    return SideEntry(workbook=side.path.name, sha256=side.sha256, incremental=incremental)


def _compared(found: Increment) -> dict[str, Any]:
    given = {name: getattr(found, name) for name in ("intervention", "comparator", "life_years", "qalys", "costs")}
    return given | {"icer": found.verdict.icer, "verdict": found.verdict.word}


def _difference(trial: _Trial, tried: _Tried, group: str | None) -> Difference:
    item = tried.item
    place = where((trial.first if item.what == REMOVED else trial.second).inputs, item)
    return Difference(
        **{name: getattr(item, name) for name in ("kind", "what", "id", "label", "unit", "before", "after")},
        column=item.column or None,
        cell=str(place).partition(", ")[2] if place.cell else str(place.sheet or place.file),
        acts=tried.acts,
        reason=tried.reason,
        group=group,
        effects=tried.effects,
    )


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


@dataclass(frozen=True)
class _Tried:
    """A change that was tried alone."""

    item: ChangedItem
    acts: str
    effects: list[Effect] = field(default_factory=list)
    reason: str = ""


class _Trial:
    """The first workbook, tried with some of the changes; each set of changes is tried once."""

    def __init__(self, first: Side, second: Side, items: Items) -> None:
        self.first, self.second, self.items = first, second, items
        self.links = Links(items, [dict(side.inputs.rows) for side in (first, second)])
        self._tried: dict[Items, list[Effect] | str] = {}

    def single(self, item: ChangedItem) -> _Tried:
        """Try one change alone; where it makes no valid model, with the smallest group that does."""
        row = self.second.inputs.rows.get(item.id) or self.first.inputs.rows.get(item.id)
        if words_only(item, row):
            return _Tried(item, WORDS)
        if spread_only(item, row):
            return _Tried(item, UNCERTAINTY)
        if item.kind == FILE:
            return _Tried(item, NOT_ALONE, reason=_ONE_NAME)
        alone = self.effects((item,))
        if not isinstance(alone, str):
            acts = MOVES if _moves(self.comparable(alone)) else COSTS_ONLY if _moves(alone) else STAYS
            return _Tried(item, acts, self.comparable(alone))
        return _Tried(item, WITH_OTHERS, reason=alone)

    def comparable(self, effects: list[Effect]) -> list[Effect]:
        """Return effects without costs and ICER where these would be of two currencies."""
        one, other = (side.inputs.settings.currency.strip().casefold() for side in (self.first, self.second))
        if one == other:
            return effects
        gone = {"costs": None, "icer": None}
        return [
            each.model_copy(update={**gone, "verdict": NOT_COMPARED, "move": each.move.model_copy(update=gone)})
            for each in effects
        ]

    def group(self, item: ChangedItem) -> Items | None:
        """Return the smallest group that makes a valid model with the item; None where only all changes do."""
        tried = self.links.candidates(item)
        return next((group for group in tried if not isinstance(self.effects(group), str)), None)

    def effects(self, group: Items) -> list[Effect] | str:
        """Return what a group of changes does, or the first reason why it makes no valid model."""
        if group not in self._tried:
            self._tried[group] = self._evaluated(group)
        return self._tried[group]

    def _evaluated(self, group: Items) -> list[Effect] | str:
        old = self.first.inputs
        try:
            return self.moved(_base(load_rows(old.path, with_items(old, self.second.inputs, group))))
        except InputError as error:
            return _first_reason(error.problems)

    def moved(self, found: Iterable[Increment]) -> list[Effect]:
        """Set increments beside the first workbook's."""
        before = {(i.intervention, i.comparator): i for i in self.first.increments}
        return [_effect(i, before.get((i.intervention, i.comparator))) for i in found]


def _first_reason(problems: Sequence[Problem]) -> str:
    more = len(problems) - 1
    return problems[0].what + (f" (and {more} more problem{'' if more == 1 else 's'})" if more else "")


def _effect(after: Increment, before: Increment | None) -> Effect:
    if before is None:
        return Effect(**_compared(after), move=Move(qalys=None, costs=None, icer=None))
    costs, qalys = change(before.costs, after.costs), change(before.qalys, after.qalys)
    move = Move(qalys=qalys, costs=costs, icer=change(before.verdict.icer, after.verdict.icer))
    return Effect(**_compared(after), move=move)


def _moves(effects: Sequence[Effect]) -> bool:
    moves = [(effect.move.costs or 0.0, effect.move.qalys) for effect in effects]
    return any(qalys is None or abs(costs) > COST_TOLERANCE or abs(qalys) > EFFECT_TOLERANCE for costs, qalys in moves)


def _merged(trial: _Trial, found: Sequence[_Tried]) -> list[tuple[str, Items, list[Effect]]]:
    """Return name, members and effects of the groups that are needed, those with a member in common as one."""
    groups: list[set[ChangedItem]] = []
    for tried in found:
        own = trial.group(tried.item) if tried.acts == WITH_OTHERS else None
        if own is None:
            continue
        touching = [group for group in groups if group & set(own)]
        groups = [group for group in groups if group not in touching] + [set(own).union(*touching)]
    made = []
    for members in groups:
        ordered = tuple(item for item in trial.items if item in members)
        effects = trial.effects(ordered)
        if not isinstance(effects, str):
            made.append((trial.links.name(ordered), ordered, trial.comparable(effects)))
    return made


def _remainder(together: Sequence[Effect], parts: Sequence[LinkedDifferences | Difference]) -> list[Remainder]:
    """Return the move of all together less those of the groups and of the changes outside them."""
    made = []
    for whole in together:
        if whole.move.qalys is None:
            continue
        pair = (whole.intervention, whole.comparator)
        own = [e.move for part in parts for e in part.effects if (e.intervention, e.comparator) == pair]
        ratios = [move.icer for move in (whole.move, *own)]
        made.append(
            Remainder(
                intervention=whole.intervention,
                comparator=whole.comparator,
                costs=change(sum(move.costs or 0.0 for move in own), whole.move.costs),
                qalys=whole.move.qalys - sum(move.qalys or 0.0 for move in own),
                icer=None if None in ratios else (whole.move.icer or 0.0) - sum(move.icer or 0.0 for move in own),
            )
        )
    return made
