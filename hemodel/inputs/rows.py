"""Rows with meaning: each cell checked against the dictionary."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hemodel.distributions import distribution
from hemodel.errors import MOST_ALIKE, Location, Problem
from hemodel.inputs.cells import Cell, RawRow, Scalar, has_no_stored_value, why_no_number
from hemodel.inputs.dictionary import InputColumn, Kind, columns, kinds, match, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.distributions import Distribution


_NUMBERS = ("low", "high", "se", "n", "time", "time_origin", "p_value", "events", "weight")
_TEXTS = ("label", "unit", "distribution", "versus", "bound", "first", "second", "range_basis", "source", "note")


FEWEST_WORDS = 3
"""A reason in fewer words is none."""
_NOT_REACHED = re.compile(
    r"n\.?\s?y?\s?[aecr]\.?|n/[aecr]|[-\u2010-\u2015\u2212]+|[+-]?(\u221e|inf(inity)?|infinite)"
    r"|(upper |lower )?(limit |bound )?(not|non|un)[ -]?(yet )?"
    r"(reached|est(im(able|ated))?\.?|estimatable|evaluable|available|applicable|calcul(able|ated)|computable|attained"
    r"|defined|bounded)( yet)?",
    re.IGNORECASE,
)
_ACCEPTED = re.compile(r"(?:^|[.;\n])\s*accepted (?P<name>[a-z_]+):\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """One checked input. Numbers are None where the cell is empty."""

    id: str
    kind: Kind
    names: Mapping[str, str]
    value: Scalar
    where: Mapping[str, Location]
    label: str = ""
    unit: str = ""
    distribution: str = ""
    versus: str = ""
    bound: str = ""
    first: str = ""
    second: str = ""
    range_basis: str = ""
    source: str = ""
    note: str = ""
    low: float | None = None
    high: float | None = None
    se: float | None = None
    n: float | None = None
    time: float | None = None
    time_origin: float | None = None
    p_value: float | None = None
    events: float | None = None
    weight: float | None = None
    use_in_fit: bool = False
    borrowed: bool = False

    @property
    def cell(self) -> Scalar:
        """What the cell of the value holds: nothing where the value is borrowed from another row."""
        return None if self.borrowed else self.value

    @property
    def number(self) -> float:
        """Value as a number; only for rows of a numeric kind that hold one."""
        if not isinstance(self.value, (int, float)):
            message = f"{self.id} holds no number"
            raise TypeError(message)
        return float(self.value)

    @property
    def text(self) -> str:
        """Value as text, empty where there is none."""
        return "" if self.value is None else str(self.value)

    @property
    def is_assumption(self) -> bool:
        """Whether the value rests on a judgement rather than on a source."""
        return self.source.lower().startswith("assumption:")

    @property
    def has_uncertainty(self) -> bool:
        """Whether an interval or a standard error is given."""
        ends = (self.low is not None, self.high is not None)
        return self.se is not None or (any(ends) if reported(self.kind) else all(ends))

    def declared(self) -> Distribution | None:
        """Return the distribution of a row that holds a number, or None where it does not vary.

        Raises
        ------
        DistributionError
            Where the uncertainty is missing or does not fit the distribution.
        """
        error = {"low": self.low, "high": self.high, "se": self.se, "n": self.n}
        return distribution(self.distribution, self.number, **error, value_is=self.kind.value_is)

    @property
    def accepted(self) -> dict[str, str]:
        """Warnings that the note accepts, by name, and the reason for each.

        They are written `accepted NAME: reason`, at the beginning of the note or after a full stop, a semicolon or
        a new line. The reason ends with the next one, or with the note; one of fewer than three words accepts nothing.
        """
        found = list(_ACCEPTED.finditer(self.note))
        ends = [*(each.start() for each in found[1:]), len(self.note)][: len(found)]
        reasons = {
            each["name"].lower(): self.note[each.end() : end].strip(" .;\n")
            for each, end in zip(found, ends, strict=True)
        }
        return {name: reason for name, reason in reasons.items() if len(reason.split()) >= FEWEST_WORDS}

    @property
    def sheet(self) -> str:
        """Sheet the row stands on."""
        return self.kind.sheet


def parse_rows(raw: Sequence[RawRow]) -> tuple[dict[str, Row], list[Problem]]:
    """Check every row on its own; return the good ones by id, and all problems."""
    problems: list[Problem] = []
    rows: dict[str, Row] = {}
    seen: dict[str, Location] = {}
    for raw_row in raw:
        id_ = raw_row.id
        if id_ in seen:
            problems.append(
                Problem(raw_row.where(), f"the id {id_} stands twice", f"It is also at {seen[id_]}", "Remove one.")
            )
            continue
        seen[id_] = raw_row.where()
        row = _parse(raw_row, problems)
        if row is not None:
            rows[id_] = row
    return rows, problems


def _parse(raw: RawRow, problems: list[Problem]) -> Row | None:
    found = match(raw.id)
    if found is None:
        problems.append(_unknown_id(raw, len(problems)))
        return None
    kind, names = found
    before = len(problems)
    if kind.sheet != raw.sheet:
        problems.append(
            Problem(raw.where(), f"{raw.id} stands on the wrong sheet", todo=f"Move the row to the sheet {kind.sheet}.")
        )
    value = _value(raw, kind, problems)
    numbers = {name: _column_number(raw, kind, columns()[name], problems) for name in _NUMBERS if name in raw.cells}
    texts = {name: _text(raw.cells[name]) for name in _TEXTS if name in raw.cells}
    _check_range(raw, kind, value, numbers, problems)
    _check_choices(raw, kind, texts, problems)
    if value is not None and not texts.get("source") and not _column_is_missing(raw, "source"):
        problems.append(
            Problem(
                raw.where("source"),
                f"{raw.id} has a value but no source",
                "A value without a source does not load",
                "Say where it comes from, or write assumption: and why.",
            )
        )
    use = _text(raw.cells["use_in_fit"]) if "use_in_fit" in raw.cells else ""
    if len(problems) > before:
        return None
    where = {name: cell.where for name, cell in raw.cells.items()}
    cells: dict[str, Any] = {**texts, **numbers}
    return Row(raw.id, kind, names, value, where, use_in_fit=use == "yes", **cells)


def _column_is_missing(raw: RawRow, column: str) -> bool:
    """Whether the sheet lacks the column, which is reported once for the sheet."""
    where = raw.where(column)
    return where.sheet is not None and where.cell is None


LARGEST = 1e15
"""Of all numbers; a program of tables holds no more digits of a whole one."""
SMALLEST = 1e-60
"""Beside 0: the square of a smaller number is soon 0."""
LONGEST_SHOWN = 80
"""Letters of a cell that a message repeats."""


def shortened(text: str) -> str:
    """Return a text as a message repeats it."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _unknown_id(raw: RawRow, before: int) -> Problem:
    """Return the problem of an id that nothing reads; suggestions take time and are for the first of many."""
    near = nearest(raw.id, _example_ids(raw)) if before < MOST_ALIKE and len(raw.id) <= LONGEST_SHOWN else ""
    return Problem(
        raw.where(),
        f"unknown id {shortened(raw.id)}",
        "Nothing reads it",
        near or f"See the ids of the sheet {raw.sheet} in docs/inputs.md.",
    )


def _example_ids(raw: RawRow) -> list[str]:
    """Return ids of the same shape as the unknown one, those of its sheet first, with its own names as names may be."""
    parts = [re.sub(r"[^a-z0-9_]+", "_", part.strip().lower()) for part in raw.id.split(".")]
    ids = []
    for kind in sorted(kinds(), key=lambda kind: kind.sheet != raw.sheet):
        pieces = kind.pattern.split(".")
        if len(pieces) == len(parts):
            ids.append(".".join(own if "{" in piece else piece for piece, own in zip(pieces, parts, strict=True)))
    return ids


def _value(raw: RawRow, kind: Kind, problems: list[Problem]) -> Scalar:
    cell = raw.cells["value"]
    if cell.value is None or has_no_stored_value(cell):
        return None
    if kind.numeric:
        return _number(raw.id, cell, kind, problems)
    text = _text(cell)
    if kind.type == "choice" and text not in kind.choices:
        problems.append(
            Problem(
                cell.where,
                f"{raw.id} is {shortened(text)!r}",
                f"It must be one of: {', '.join(kind.choices)}",
                nearest(shortened(text), kind.choices),
            )
        )
    return text


def _number(id_: str, cell: Cell, rule: Kind | InputColumn, problems: list[Problem]) -> float | None:
    value = cell.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        problems.append(_not_a_number(id_, cell))
        return None
    if not math.isfinite(value):
        problems.append(Problem(cell.where, f"{id_} is {value}", "It must be a finite number"))
        return None
    if abs(value) > LARGEST:
        why = f"No number of a model is larger than {LARGEST:g}"
        problems.append(Problem(cell.where, f"{id_} is {value:g}", why, "Enter the number that is meant."))
        return None
    if 0 < abs(value) < SMALLEST:
        problems.append(
            Problem(cell.where, f"{id_} is {value:g}", f"Nothing is so near to 0 ({SMALLEST:g})", "Enter 0.")
        )
        return None
    if rule.type == "integer" and value != int(value):
        problems.append(Problem(cell.where, f"{id_} is {value:g}", "It must be a whole number"))
    low, high = rule.minimum, rule.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        problems.append(Problem(cell.where, f"{id_} is {value:g}", bounds(rule), hint(rule, value)))
    return float(value)


def _not_a_number(id_: str, cell: Cell) -> Problem:
    why, todo = why_no_number(str(cell.value))
    return Problem(cell.where, f"{id_} is the text {shortened(str(cell.value))!r}", why, todo)


def bounds(rule: Kind | InputColumn) -> str:
    """Say between which numbers a value must lie."""
    unit = f" ({rule.unit})" if isinstance(rule, Kind) and rule.unit else ""
    if rule.minimum is not None and rule.maximum is not None:
        return f"It must lie between {rule.minimum:g} and {rule.maximum:g}{unit}"
    if rule.minimum is not None:
        return f"It cannot be below {rule.minimum:g}{unit}"
    return f"It cannot be above {rule.maximum:g}{unit}"


def hint(rule: Kind | InputColumn, value: float) -> str:
    """Say what may have been meant by a value out of range, or nothing."""
    unit = rule.unit if isinstance(rule, Kind) else ""
    if unit == "utility" and rule.minimum == 0 and value < 0:
        return "Enter the loss as a positive number."
    least = 1 if unit == "per year" else 2
    if rule.maximum is not None and rule.maximum >= 1 and least <= value <= 100:
        return f"Was a percentage entered? {value:g}% is {value / 100:g}."
    return ""


def reported(kind: Kind) -> bool:
    """Whether a row holds a statistic that a study reports, of whose interval one end may not be reached."""
    return kind.group in {"survival", "external"} and "fit" in kind.distributions


def is_not_reached(value: Scalar) -> bool:
    """Whether a cell says that an end of an interval was not reached, as publications write it."""
    if isinstance(value, float):
        return math.isinf(value)
    return isinstance(value, str) and _NOT_REACHED.fullmatch(value.strip()) is not None


def _column_number(raw: RawRow, kind: Kind, column: InputColumn, problems: list[Problem]) -> float | None:
    cell = raw.cells[column.name]
    if cell.value is None or has_no_stored_value(cell):
        return None
    if column.name in {"low", "high"} and reported(kind) and is_not_reached(cell.value):
        return None
    return _number(f"{raw.id}.{column.name}", cell, column, problems)


def _check_range(
    raw: RawRow, kind: Kind, value: Scalar, numbers: Mapping[str, float | None], problems: list[Problem]
) -> None:
    low, high = numbers.get("low"), numbers.get("high")
    for name, bound in (("low", low), ("high", high)):
        if bound is None:
            continue
        if kind.numeric and kind.varies != "no":
            _number(f"{raw.id}.{name}", Cell(bound, raw.where(name)), kind, problems)
        other, which = (high, "high") if name == "low" else (low, "low")
        if other is None and not reported(kind):
            problems.append(
                Problem(
                    raw.where(which), f"{raw.id} has a {name} value but no {which} value", todo="Give both or neither."
                )
            )
    if not isinstance(value, (int, float)):
        return
    if low is not None and low > value:
        problems.append(
            Problem(
                raw.where("low"),
                f"{raw.id}: low is {low:g}, above the value {value:g}",
                todo="Low cannot exceed the value.",
            )
        )
    if high is not None and high < value:
        problems.append(
            Problem(
                raw.where("high"),
                f"{raw.id}: high is {high:g}, below the value {value:g}",
                todo="High cannot be less than the value.",
            )
        )


def _check_choices(raw: RawRow, kind: Kind, texts: Mapping[str, str], problems: list[Problem]) -> None:
    distribution = texts.get("distribution", "")
    if distribution and distribution not in kind.distributions:
        allowed = ", ".join(kind.distributions) or "none: leave the cell empty"
        problems.append(
            Problem(
                raw.where("distribution"),
                f"{raw.id}: the distribution is {shortened(distribution)!r}",
                f"Allowed here: {allowed}",
                nearest(shortened(distribution), kind.distributions),
            )
        )
    for name in ("use_in_fit", "bound"):
        cell, column = raw.cells.get(name), columns()[name]
        if cell is not None and cell.value is not None and cell.value not in column.choices:
            allowed = f"It must be {' or '.join(column.choices)}"
            what = f"{raw.id}: {column.header} is {shortened(str(cell.value))!r}"
            problems.append(Problem(cell.where, what, allowed))


def _text(cell: Cell) -> str:
    return "" if cell.value is None or has_no_stored_value(cell) else str(cell.value)
