"""What the cells of an input workbook accept while a person edits them."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hemodel.inputs.dictionary import LISTS, Kind, columns, match

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.inputs.cells import Scalar


@dataclass(frozen=True)
class Names:
    """The names that rows give to strategies, endpoints and kinds of administration."""

    strategy: tuple[str, ...]
    endpoint: tuple[str, ...]
    administration: tuple[str, ...]


def names_in(rows: Iterable[dict[str, Scalar]]) -> Names:
    """Return the names that a reference can point to, in the order of the rows."""
    found: dict[str, dict[str, None]] = {"strategy": {}, "endpoint": {}, "administration": {}}
    groups = {"strategy": "strategy", "curve": "endpoint", "administration": "administration"}
    for row in rows:
        hit = match(str(row["id"]))
        if hit is not None and hit[0].group in groups:
            name = groups[hit[0].group]
            found[name][hit[1][name]] = None
    return Names(**{name: tuple(values) for name, values in found.items()})


@dataclass(frozen=True)
class Choices:
    """What the drop-downs of one workbook offer."""

    names: Names
    long: tuple[tuple[str, ...], ...] = ()
    """Lists too long for a cell, each in a column of the sheet `LISTS`, headers in row 1."""

    def source(self, choices: tuple[str, ...]) -> list[str] | str:
        """Return the choices themselves, or the range that holds them."""
        if choices not in self.long:
            return list(choices)
        column = chr(ord("A") + self.long.index(choices))
        return f"={LISTS}!${column}$2:${column}${len(choices) + 1}"


def choices_in(rows: Iterable[dict[str, Scalar]]) -> Choices:
    """Return what the drop-downs of these rows offer."""
    names = names_in(rows)
    lists = (names.strategy, names.endpoint, names.administration)
    return Choices(names, tuple(choices for choices in lists if _too_long(choices)))


def _too_long(choices: tuple[str, ...]) -> bool:
    return len(",".join(choices)) > _LONGEST


def validation(kind: Kind, column: str, offered: Choices) -> dict[str, Any]:
    """Return the XlsxWriter options of the check that Excel makes while a cell is edited."""
    title = kind.label if column == "value" else columns()[column].header
    meaning = (kind.definition if column == "value" else columns()[column].definition).rstrip(".") + "."
    choices, (minimum, maximum) = _choices(kind, column, offered.names), _bounds(kind, column)
    rule: dict[str, Any] = {"validate": "any"}
    if choices:
        rule = {"validate": "list", "source": offered.source(choices)}
        if column == "value" and kind.type == "formula":
            rule["error_type"] = "information"
    elif columns()[column].type == "number" or (column == "value" and kind.numeric):
        whole = column == "value" and kind.type == "integer"
        rule = {"validate": "integer" if whole else "decimal", **_limits(minimum, maximum)}
    expected = _expected(rule)
    return {
        **rule,
        "input_title": textwrap.shorten(title, 32, placeholder="..."),
        "input_message": textwrap.shorten(f"{meaning} {expected}", _LONGEST, placeholder="..."),
        "error_title": "This cannot be used",
        "error_message": textwrap.shorten(f"{expected} {title}: {meaning}", _LONGEST, placeholder="..."),
    }


_LONGEST = 255
_HUGE = 1e12


def _choices(kind: Kind, column: str, names: Names) -> tuple[str, ...]:
    if column == "distribution":
        return kind.distributions
    if column == "versus":
        return names.strategy
    if column != "value":
        return columns()[column].choices
    if kind.type == "reference":
        lists = {"strategy": names.strategy, "endpoint": names.endpoint, "administration": names.administration}
        return lists[kind.choices[0]]
    return kind.choices


def _bounds(kind: Kind, column: str) -> tuple[float | None, float | None]:
    if column in {"value", "low", "high"}:
        return kind.minimum, kind.maximum
    return columns()[column].minimum, columns()[column].maximum


def _limits(minimum: float | None, maximum: float | None) -> dict[str, Any]:
    if maximum is None:
        return {"criteria": ">=", "value": _plain(-_HUGE if minimum is None else minimum)}
    return {
        "criteria": "between",
        "minimum": _plain(-_HUGE if minimum is None else minimum),
        "maximum": _plain(maximum),
    }


def _expected(rule: dict[str, Any]) -> str:
    """Say in words what a check accepts."""
    if rule["validate"] == "any":
        return ""
    if isinstance(rule.get("source"), str):
        return "Choose a name from the list."
    if rule["validate"] == "list":
        return f"Choose one of: {', '.join(rule['source'])}."
    noun = "a whole number" if rule["validate"] == "integer" else "a number"
    if rule["criteria"] == "between":
        return f"Enter {noun} from {rule['minimum']} to {rule['maximum']}."
    return f"Enter {noun}." if rule["value"] == _plain(-_HUGE) else f"Enter {noun}, {rule['value']} or more."


def _plain(number: float) -> float | int:
    return int(number) if number.is_integer() else number
