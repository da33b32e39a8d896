"""The frozen inputs of a model, read from a workbook and any changes to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel.errors import InputError, Problem, raise_if_any
from hemodel.inputs import structure
from hemodel.inputs.budget import check_budget
from hemodel.inputs.cells import RawWorkbook, read_cells
from hemodel.inputs.changes import Change, apply_changes
from hemodel.inputs.checks import (
    borrowed_families,
    check_completeness,
    check_together,
    member_fields,
    members_of,
    select,
    too_many_strategies,
)
from hemodel.inputs.checks_research import check_research
from hemodel.inputs.correlations import check_correlations, drawn_together
from hemodel.inputs.labels import labelled
from hemodel.inputs.rows import Row, parse_rows
from hemodel.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.sampling import Dependence


_CHECKS = (check_completeness, check_budget, check_research)
"""Checks of which rows there must be."""


@dataclass(frozen=True)
class ModelInputs:
    """Everything a model needs to know, frozen.

    Structure (strategies, regimens, ...) and settings are plain values; numbers
    that can vary are `parameters` and are looked up by id in the draws.
    """

    path: Path
    raw: RawWorkbook
    rows: Mapping[str, Row]
    changes: tuple[Change, ...]
    settings: structure.Settings
    strategies: tuple[structure.Strategy, ...]
    drugs: tuple[structure.Drug, ...]
    regimens: tuple[structure.Regimen, ...]
    treatments: tuple[structure.Treatment, ...]
    bands: tuple[structure.Band, ...]
    members: Mapping[str, tuple[str, ...]]
    endpoints: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    dependence: Dependence

    def drug(self, id_: str) -> structure.Drug:
        """Return a drug by id."""
        return next(drug for drug in self.drugs if drug.id == id_)

    def has(self, id_: str) -> bool:
        """Whether the workbook holds a value under this id."""
        return id_ in self.rows and self.rows[id_].value is not None


@dataclass(frozen=True)
class Reading:
    """What was read: the checked rows and all problems found on the way."""

    path: Path
    raw: RawWorkbook
    rows: Mapping[str, Row]
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]


def read_workbook(path: str | Path, changes: Iterable[Change] = ()) -> Reading:
    """Read a workbook, make the changes and check every row.

    Raises
    ------
    InputError
        Where the file cannot be opened; other problems are in the result.
    """
    path = Path(path)
    return check_rows(path, read_cells(path), changes)


def check_rows(path: Path, raw: RawWorkbook, changes: Iterable[Change] = ()) -> Reading:
    """Make changes to a workbook already read, and check every row."""
    raw, made = apply_changes(raw, changes)
    rows, problems = parse_rows(raw.rows)
    rows |= borrowed_families(rows)
    ids = [row.id for row in raw.rows]
    raise_if_any(too_many_strategies(rows))
    missing = [p for check in _CHECKS for p in check(raw.file, ids, rows)]
    absent_sheets = {p.where.sheet for p in raw.problems if p.where.cell is None}
    missing = [p for p in missing if p.where.cell or p.where.sheet not in absent_sheets]
    found = [*raw.problems, *problems, *missing, *check_together(rows), *check_correlations(ids, rows)]
    return Reading(path, raw, labelled(rows, raw.rows), tuple(made), tuple(found))


def check_changes(inputs: ModelInputs, changes: Iterable[Change]) -> Reading:
    """Make further changes to inputs without problems, and check what they touch.

    The same as `check_rows` of the inputs' own cells, without reading again the rows that stay as they are.
    """
    raw, made = apply_changes(inputs.raw, changes)
    before = {row.id: row.cells for row in inputs.raw.rows}
    touched = [row for row in raw.rows if row.cells != before.get(row.id)]
    parsed, problems = parse_rows(touched)
    parsed |= borrowed_families({**inputs.rows, **parsed})
    ids = {row.id for row in touched}
    rows = {
        row.id: parsed[row.id] if row.id in ids else inputs.rows[row.id]
        for row in raw.rows
        if row.id not in ids or row.id in parsed
    }
    stays = not problems and all(id_ in inputs.rows and inputs.has(id_) == (rows[id_].value is not None) for id_ in ids)
    missing = [] if stays else check_completeness(raw.file, [row.id for row in raw.rows], rows)
    found = [*raw.problems, *problems, *missing, *check_together(rows)]
    found += check_correlations([row.id for row in raw.rows], rows)
    return Reading(inputs.path, raw, labelled(rows, raw.rows), tuple(made), tuple(found))


def build_inputs(reading: Reading) -> ModelInputs:
    """Return the frozen inputs of a reading without problems.

    Raises
    ------
    InputError
        With every problem of the reading.
    """
    if reading.problems:
        raise InputError(reading.problems)
    rows = reading.rows
    curves = select(rows, "curve.{endpoint}.{strategy}.family")
    return ModelInputs(
        path=reading.path,
        raw=reading.raw,
        rows=rows,
        changes=reading.changes,
        settings=structure.settings(rows),
        strategies=structure.strategies(rows),
        drugs=structure.drugs(rows),
        regimens=structure.regimens(rows),
        treatments=structure.treatments(rows),
        bands=structure.bands(rows),
        members=_members(rows),
        endpoints=tuple(dict.fromkeys(row.names["endpoint"] for row in curves)),
        parameters=_parameters(rows),
        dependence=drawn_together(rows),
    )


def _members(rows: Mapping[str, Row]) -> dict[str, tuple[str, ...]]:
    """Return the names of the members of each group of rows, such as adverse events; one without a name for others."""
    single = {row.kind.group: ("",) for row in rows.values() if row.value is not None}
    groups = [group for group, fields in member_fields().items() if len(fields) == 1]
    return single | {group: tuple(name for (name,) in members_of(group, rows)) for group in groups}


def _parameters(rows: Mapping[str, Row]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            id=row.id,
            label=row.label,
            value=row.number,
            unit=row.unit,
            distribution=row.declared(),
            low=row.low,
            high=row.high,
            group=_group(row),
        )
        for row in rows.values()
        if row.kind.varies == "yes" and row.value is not None
    )


def _group(row: Row) -> str:
    is_share = row.kind.group == "subsequent" and row.kind.pattern.endswith("share.{strategy}")
    return f"subsequent.share.{row.names['strategy']}" if is_share else ""
