"""Workbooks to begin with: blank, or filled in from another workbook.

The names of strategies that a person gives, and the ids made from them.

Rows of an input workbook that are still to be filled in.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import groupby, product
from typing import TYPE_CHECKING

from hemodel.errors import Problem, UsageError, raise_if_any
from hemodel.inputs.cells import read_cells
from hemodel.inputs.checks import missing_ids
from hemodel.inputs.dictionary import NAME, columns, kinds, match, sheets
from hemodel.inputs.labels import word
from hemodel.inputs.listing import listing_columns, to_listing
from hemodel.inputs.scenario_sheet import sheet_rows
from hemodel.inputs.writing import Cover, write_workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from hemodel.inputs.cells import RawWorkbook, Scalar
    from hemodel.inputs.dictionary import Kind

    Row = dict[str, Scalar]

LONGEST = 31
"""Characters of a strategy's name: what the name of a sheet holds."""
_FEWEST = 2


def strategy_ids(names: Iterable[str], existing: Mapping[str, str]) -> dict[str, str]:
    """Return the name of each strategy by its id, in the order given.

    Parameters
    ----------
    names : iterable of str
        Names as a person wrote them. One that is the id or the name of an existing
        strategy means that strategy, which keeps both.
    existing : mapping
        Names of strategies that there are, by id; may be empty.

    Returns
    -------
    dict
        The ids of new strategies are their names in lower case with underscores
        and without accents.

    Raises
    ------
    UsageError
        With everything that is wrong with the names.
    """
    given = [" ".join(name.split()) for name in names]
    found: dict[str, str] = {}
    problems = (
        [] if len(given) >= _FEWEST else [f"a comparison needs at least two strategies, and here is {len(given)}"]
    )
    for name in given:
        known = _known(name, existing)
        id_ = known or _id(name)
        refusal = None if known else _refusal(name, id_)
        if refusal is not None:
            problems.append(refusal)
        elif id_ in found:
            problems.append(f"{name!r} and {found[id_]!r} would have the same id {id_!r}: name one of them differently")
        else:
            found[id_] = existing[known] if known else name
    if problems:
        raise UsageError("--strategies: " + "; ".join(problems) + ".")
    return found


def _known(name: str, existing: Mapping[str, str]) -> str | None:
    """Return the id of the existing strategy that a name means."""
    if name in existing:
        return name
    return next((id_ for id_, own in existing.items() if own.casefold() == name.casefold()), None)


def _id(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def _refusal(name: str, id_: str) -> str | None:
    """Say why a name cannot be used, or return None where it can."""
    if not name:
        return "a name is empty: write the names between commas, as in --strategies 'A,B'"
    if len(name) > LONGEST:
        return (
            f"{name!r} has {len(name)} characters, and at most {LONGEST} fit: shorten it here and give the long name "
            "in the workbook"
        )
    if not re.search("[a-z]", id_):
        return f"{name!r} holds no letter from a to z, of which ids are made: name it in Latin letters here"
    if not re.fullmatch(NAME, id_):
        return f"{name!r} would have the id {id_!r}, and an id begins with a letter: put a letter first"
    if id_ in columns():
        return f"{name!r} would have the id {id_!r}, which is the name of a column: add a word to it"
    return None


_ENDPOINTS = ("pfs", "os", "time_on_treatment")


def blank_rows(strategies: Mapping[str, str]) -> list[Row]:
    """Return every row of a blank workbook, in the order of the dictionary.

    Rows that describe one thing (a drug, a regimen, a curve) stand together.

    Parameters
    ----------
    strategies : mapping
        Names by id; ratios are left out for the first.
    """
    names = {"strategy": tuple(strategies), "endpoint": _ENDPOINTS}
    first = next(iter(strategies))
    shown = (kind for kind in kinds() if kind.in_template)
    rows = []
    for _, members in groupby(shown, key=lambda kind: (kind.sheet, kind.group)):
        for kind, own in _of_one_group(list(members), names):
            if kind.unit != "ratio" or own["strategy"] != first:
                rows.append(blank_row(kind.id(**own), strategies))
    return rows


def _of_one_group(group: Sequence[Kind], names: Mapping[str, Sequence[str]]) -> list[tuple[Kind, dict[str, str]]]:
    """Return kinds with names, by the names that all kinds of the group have, then by kind."""
    common = [field for field in group[0].fields if all(field in kind.fields for kind in group)]
    found = []
    for outer in _combinations(common, names):
        for kind in group:
            rest = [field for field in kind.fields if field not in common]
            found += [(kind, {**outer, **inner}) for inner in _combinations(rest, names)]
    return found


def _combinations(fields: Sequence[str], names: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    own = (names.get(field, (f"{field}_1",)) for field in fields)
    return [dict(zip(fields, values, strict=True)) for values in product(*own)]


def blank_row(id_: str, strategies: Mapping[str, str]) -> Row:
    """Return a row with id, label and unit from the dictionary, and the usual choice where there is one.

    Parameters
    ----------
    id_ : str
        An id of a known kind.
    strategies : mapping
        Names by id, for the label.
    """
    found = match(id_)
    if found is None:
        message = f"no kind of input has the id {id_}"
        raise ValueError(message)
    kind, names = found
    empty: Row = dict.fromkeys(listing_columns())
    known = {_NAME.format(strategy=strategy): own for strategy, own in strategies.items()}
    words = [word(field, name, known) for field, name in names.items()]
    return {
        **empty,
        "sheet": kind.sheet,
        "id": id_,
        "label": ", ".join([kind.label, *words]),
        "unit": kind.unit or None,
        **({"value": int(kind.usual) if kind.numeric else kind.usual, "source": _USUAL} if kind.usual else {}),
    }


def place(rows: list[Row], row: Row) -> None:
    """Put a row after the last one on its sheet whose id begins most like its own."""
    parts = str(row["id"]).split(".")
    likeness = [_likeness(other, row["sheet"], parts) for other in rows]
    most = max(likeness, default=-1)
    at = len(rows) if most < 0 else len(rows) - likeness[::-1].index(most)
    rows.insert(at, row)


def _likeness(row: Row, sheet: Scalar, parts: Sequence[str]) -> int:
    """Return how many of the first parts of an id agree; -1 on another sheet."""
    if row["sheet"] != sheet:
        return -1
    own = str(row["id"]).split(".")
    return next(
        (i for i, pair in enumerate(zip(own, parts, strict=False)) if pair[0] != pair[1]), min(len(own), len(parts))
    )


STRATEGIES = ("Comparator", "Intervention")
"""Names of the strategies of a blank workbook where none are given."""
_NAME, _ROLE = "strategy.{strategy}.name", "strategy.{strategy}.role"
_GIVEN = "assumption: as named when this workbook was made"
_USUAL = "assumption: the usual choice, which a new workbook begins with"
_SOURCES = (("source", "citation", "link", "status"),)
_BLANK = (
    (
        "This workbook is blank: nothing in it is a default. Fill in the yellow cells, each value with its source, and "
        "run hemodel check to see what is still missing."
    ),
    (
        "Names such as drug_1 or event_1 are placeholders. Change the name in every id that holds it; copy the rows "
        "for a second one. Rows that the analysis does not need, such as those of the curve time_on_treatment, can be "
        "deleted."
    ),
)


@dataclass(frozen=True)
class Template:
    """What was written: the strategies by id, comparator first, and what differs from the workbook it was made from."""

    path: Path
    strategies: Mapping[str, str]
    source: Path | None = None
    added: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    new_roles: tuple[str, ...] = ()
    new_rows: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """What was written and what to do next, in a few lines."""
        made = "blank" if self.source is None else f"with the rows of {self.source.name}"
        lines = [f"Wrote {self.path}, {made}: {', '.join(self.strategies.values())}."]
        for what, names in (
            ("Added with blank rows", self.added),
            ("Left out with all their rows", self.left_out),
            ("With another role than before, since the first strategy named is the comparator", self.new_roles),
            ("Rows that were missing and are blank", self.new_rows),
        ):
            lines += [f"{what}: {', '.join(names)}."] if names else []
        return "\n".join(
            [
                *lines,
                "Next: fill in the yellow cells, each value with its source, and save the file.",
                f"Then: hemodel check {self.path} lists what is still missing; hemodel run {self.path} runs the model.",
            ]
        )


def template(path: Path, strategies: Sequence[str] | None = None, source: Path | None = None) -> Template:
    """Write a workbook to begin with, whole or not at all.

    Parameters
    ----------
    path : Path
        The workbook to write (.xlsx); one that exists is never touched.
    strategies : sequence of str, optional
        Names; the first is the comparator. Without them: `STRATEGIES`, or those of the source.
    source : Path, optional
        A workbook whose rows, values, sources and sheets of data are taken over. Strategies
        that it does not have get blank rows of the kinds that its comparator has; those not
        named are left out with all their rows. A row that is missing is added blank.

    Returns
    -------
    Template
        What was written.

    Raises
    ------
    UsageError
        Where the file exists, is not an .xlsx, or a name cannot be used.
    InputError
        Where the source cannot be read, or holds what would be lost.
    OutputError
        Where the file cannot be written.
    """
    if path.suffix.lower() != ".xlsx":
        raise UsageError(f"{path}: a workbook ends in .xlsx, for example {path.stem or 'model'}.xlsx")
    if path.exists():
        raise UsageError(f"{path} exists already and was left as it is: choose another name, or move the file away.")
    if source is None:
        return _blank(path, STRATEGIES if strategies is None else strategies)
    return _filled(path, strategies, source)


def _blank(path: Path, given: Sequence[str]) -> Template:
    names = strategy_ids(given, {})
    rows = blank_rows(names)
    for id_, name in names.items():
        _fill(rows, _NAME.format(strategy=id_), name)
    _assign_roles(rows, names)
    write_workbook(path, rows, _SOURCES, Cover("Input workbook", _versus(names), _BLANK), scenarios=())
    return Template(path, names)


def _filled(path: Path, given: Sequence[str] | None, source: Path) -> Template:
    raw = read_cells(source)
    raise_if_any(problem for problem in raw.problems if not _is_absence(problem))
    rows = to_listing(raw)
    before = _strategies_of(rows)
    names = before if given is None else strategy_ids(given, before)
    left_out = {id_: name for id_, name in before.items() if id_ not in names}
    added = {id_: name for id_, name in names.items() if id_ not in before}
    _add_strategies(rows, added, before)
    rows = [row for row in rows if _strategy(row) not in left_out]
    roles = () if given is None else _assign_roles(rows, names)
    missing = missing_ids(str(row["id"]) for row in rows)
    for id_ in missing:
        place(rows, blank_row(id_, names))
    _write(path, rows, raw, names)
    return Template(
        path,
        names,
        source,
        added=tuple(added.values()),
        left_out=tuple(left_out.values()),
        new_roles=tuple(names[id_] for id_ in roles if id_ not in added),
        new_rows=tuple(missing),
    )


def _write(path: Path, rows: Sequence[Row], raw: RawWorkbook, names: Mapping[str, str]) -> None:
    title = next((row["value"] for row in rows if row["id"] == "settings.title"), None)
    has_header = bool(raw.sources) and raw.sources[0][0] == "source"
    cover = Cover(str(title or "Input workbook"), _versus(names))
    scenarios = None if raw.scenarios is None else sheet_rows(raw.scenarios)
    write_workbook(path, rows, raw.sources if has_header else _SOURCES, cover, raw.tables.values(), scenarios)


def _is_absence(problem: Problem) -> bool:
    """Whether a sheet or a column is missing, which the current layout supplies."""
    where = problem.where
    return where.sheet in sheets() and (where.cell is None or ":" in where.cell)


def _versus(names: Mapping[str, str]) -> str:
    first, *others = names.values() or ("",)
    return f"{' and '.join(others)} against {first}" if others else first


def _strategies_of(rows: Iterable[Row]) -> dict[str, str]:
    """Return the names of the strategies by id, the comparator first."""
    values = {str(row["id"]): row["value"] for row in rows}
    ids = [id_.split(".")[1] for id_ in values if (hit := match(id_)) is not None and hit[0].pattern == _NAME]
    ids.sort(key=lambda id_: values.get(_ROLE.format(strategy=id_)) != "comparator")
    return {id_: str(values[_NAME.format(strategy=id_)] or id_) for id_ in ids}


def _strategy(row: Row) -> str | None:
    """Return the strategy that a row is about."""
    hit = match(str(row["id"]))
    return None if hit is None else hit[1].get("strategy")


def _add_strategies(rows: list[Row], added: Mapping[str, str], before: Mapping[str, str]) -> None:
    """Add blank rows for each new strategy, of the kinds that the first strategy has."""
    first = next(iter(before), None)
    pattern = [row for row in rows if first is not None and _strategy(row) == first]
    for id_, name in added.items():
        for row in pattern:
            hit = match(str(row["id"]))
            if hit is not None:
                new = blank_row(hit[0].id(**{**hit[1], "strategy": id_}), added)
                place(rows, {**new, "unit": row["unit"]})
        _fill(rows, _NAME.format(strategy=id_), name)


def _assign_roles(rows: Sequence[Row], names: Mapping[str, str]) -> list[str]:
    """Make the first strategy the comparator and the others interventions; return those whose role changed."""
    changed = []
    for number, id_ in enumerate(names):
        role = "intervention" if number else "comparator"
        if _fill(rows, _ROLE.format(strategy=id_), role):
            changed.append(id_)
    return changed


def _fill(rows: Sequence[Row], id_: str, value: str) -> bool:
    """Put a value that was given on the command line into its row; return whether it was another."""
    row = next((row for row in rows if row["id"] == id_), None)
    if row is None or row["value"] == value:
        return False
    row |= {"value": value, "source": _GIVEN}
    return True
