"""The dictionary: every kind of input a workbook can hold, read from tables.

`data/dictionary.csv` has one row per kind of input, `data/sheets.csv` one per
sheet, `data/columns.csv` one per column and `data/scenario_columns.csv` one per
column of the sheet of scenarios. They are the only source of the
reader's checks, the workbook's layout, its comments and drop-downs, the blank
template, and the documentation of the inputs in docs and report.
"""

from __future__ import annotations

import csv
import difflib
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from hemodel.distributions import MEAN, MEDIAN, ValueIs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


NAME = r"[a-z][a-z0-9_]*"


@dataclass(frozen=True)
class Kind:
    """One kind of input: a pattern of ids and the rules its rows obey.

    `usual` is what a new template begins with, where there is a usual choice.
    `value_is` says what the value is where the distribution is log-normal: the median
    of a ratio, which is symmetric on the log scale, or the mean of an amount.
    """

    pattern: str
    sheet: str
    label: str
    type: str
    unit: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    distributions: tuple[str, ...]
    required: str
    varies: str
    definition: str
    in_template: bool
    usual: str
    guideline: str
    value_is: ValueIs = MEAN

    @property
    def group(self) -> str:
        """First part of the id."""
        return self.pattern.split(".", maxsplit=1)[0]

    @property
    def fields(self) -> tuple[str, ...]:
        """Names that the pattern leaves open, in order."""
        return tuple(re.findall(r"{(\w+)}", self.pattern))

    @property
    def numeric(self) -> bool:
        """Whether the value is a number."""
        return self.type in {"number", "integer"}

    @property
    def allowed(self) -> str:
        """What the value may be, in words."""
        if self.type == "choice":
            return ", ".join(self.choices)
        if self.type == "formula":
            return ", ".join([*self.choices, "or a formula"])
        if self.type == "reference":
            return f"the name of a row of kind {self.choices[0]}"
        if not self.numeric:
            return "text"
        whole = "whole " if self.type == "integer" else ""
        if self.minimum is not None and self.maximum is not None:
            return f"{whole}{self.minimum:.12g} to {self.maximum:.12g}"
        return f"{whole}{self.minimum:.12g} or more" if self.minimum is not None else f"{whole}any number"

    def id(self, **names: str) -> str:
        """Return the id with the open names filled in."""
        return self.pattern.format(**names)


@dataclass(frozen=True)
class InputColumn:
    """One column of the input sheets."""

    name: str
    header: str
    type: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    definition: str


@dataclass(frozen=True)
class InputSheet:
    """One input sheet and the columns it has; a workbook need not have an optional one."""

    name: str
    purpose: str
    columns: tuple[str, ...]
    optional: bool


@dataclass(frozen=True)
class ScenarioColumn:
    """One column of the sheet `SCENARIOS`: whether the sheet must have it, its width in Excel, and what it holds."""

    name: str
    needed: bool
    width: float
    definition: str


LISTS = "Lists"
"""The sheet that holds the choices of a drop-down where they are too many for a cell."""
UNREAD_SHEETS = ("Cover", "Sources", LISTS)
SCENARIOS = "Scenarios"
"""The sheet of scenarios, which a workbook need not have."""
MODEL_SHEET = "Model"
"""Sheets whose names begin with this are calculations and are never read."""
_EXTRA = ("time", "time_origin", "versus", "p_value", "events", "bound", "weight", "first", "second", "use_in_fit")


@cache
def kinds() -> tuple[Kind, ...]:
    """Return every kind of input, in the order of the dictionary."""
    return tuple(
        Kind(
            pattern=row["pattern"],
            sheet=row["sheet"],
            label=row["label"],
            type=row["type"],
            unit=row["unit"],
            minimum=_number(row["minimum"]),
            maximum=_number(row["maximum"]),
            choices=_split(row["choices"]),
            distributions=tuple(name.partition(":")[0] for name in _split(row["distributions"])),
            required=row["required"],
            varies=row["varies"],
            definition=row["definition"],
            in_template=bool(row["template"]),
            usual=row["template"].removeprefix("yes"),
            guideline=row["guideline"],
            value_is=MEDIAN if "lognormal:median" in _split(row["distributions"]) else MEAN,
        )
        for row in _table("dictionary.csv")
    )


@cache
def columns() -> dict[str, InputColumn]:
    """Return every column by its machine name."""
    return {
        row["column"]: InputColumn(
            name=row["column"],
            header=row["header"],
            type=row["type"],
            minimum=_number(row["minimum"]),
            maximum=_number(row["maximum"]),
            choices=_split(row["choices"]),
            definition=row["definition"],
        )
        for row in _table("columns.csv")
    }


@cache
def sheets() -> dict[str, InputSheet]:
    """Return every input sheet by name, in workbook order."""
    common = [name for name in columns() if name not in _EXTRA]
    tail = ["range_basis", "source", "note"]
    head = [name for name in common if name not in tail]
    return {
        row["sheet"]: InputSheet(
            name=row["sheet"],
            purpose=row["purpose"],
            columns=(*head, *(c for c in row["extra_columns"].split(",") if c), *tail),
            optional=row["optional"] == "yes",
        )
        for row in _table("sheets.csv")
    }


@cache
def scenario_columns() -> dict[str, ScenarioColumn]:
    """Return the columns of the sheet `SCENARIOS` by name, in order."""
    return {
        row["column"]: ScenarioColumn(row["column"], row["needed"] == "yes", float(row["width"]), row["definition"])
        for row in _table("scenario_columns.csv")
    }


def sheets_for(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the input sheets that a workbook with these rows (each with its `sheet`) has, in order."""
    held = {row["sheet"] for row in rows}
    return [name for name, sheet in sheets().items() if name in held or not sheet.optional]


@cache
def match(id_: str) -> tuple[Kind, dict[str, str]] | None:
    """Return the kind an id belongs to and its names, or None where there is none.

    A pattern that leaves fewer names open wins (`subsequent.none.share.a` is
    not a treatment called "none").
    """
    found = [
        (kind, hit.groupdict()) for kind, expression in _expressions() if (hit := expression.fullmatch(id_)) is not None
    ]
    return min(found, key=lambda pair: len(pair[0].fields)) if found else None


def kind_of(pattern: str) -> Kind:
    """Return the kind with exactly this pattern."""
    return next(kind for kind in kinds() if kind.pattern == pattern)


LIKE = 0.7
"""Share of letters that two words have in common, in order, from which one may be a misspelling of the other."""
SHORTEST_BEGINNING = 3
"""Letters from which the beginning of a word may stand for the word."""


def nearest(name: str, options: Iterable[str]) -> str:
    """Return a sentence that suggests the option most like a name, or nothing where none is like it."""
    return nearest_few(name, options, 1)


def nearest_few(name: str, options: Iterable[str], most: int) -> str:
    """Return a sentence that suggests the few options most like a name, or nothing where none is like it.

    Ids are compared part by part, so that what is suggested is of the same kind: each part between dots must be like
    its own, and one part may be missing or too many. What was typed is not suggested.
    """
    others = [option for option in dict.fromkeys(options) if option != name]
    likeness = {option: _likeness(name, option) for option in others}
    first = _folded(name)[:1]
    close = [option for option in others if likeness[option] > 0]
    close.sort(key=lambda option: (-likeness[option], _folded(option)[:1] != first))
    return f"Did you mean {' or '.join(close[:most])}?" if close else ""


def _likeness(name: str, option: str) -> float:
    """Return how like an option is to a name, from 0 (not at all) to 1."""
    typed, known = _folded(name).split("."), _folded(option).split(".")
    if len(typed) == len(known):
        return _of_parts(typed, known)
    shorter, longer = sorted((typed, known), key=len)
    if len(longer) - len(shorter) > 1:
        return 0.0
    best = max(_of_parts(shorter, longer[:i] + longer[i + 1 :]) for i in range(len(longer)))
    return best * len(shorter) / len(longer)


def _of_parts(typed: Sequence[str], known: Sequence[str]) -> float:
    found = [_of_words(one, other) for one, other in zip(typed, known, strict=True)]
    return sum(found) / len(found) if all(found) else 0.0


@lru_cache(maxsize=50_000)
def _of_words(typed: str, known: str) -> float:
    """Return the share of letters in common; 0 below `LIKE`, unless one word begins the other."""
    if typed == known:
        return 1.0
    ratio = difflib.SequenceMatcher(None, typed, known, autojunk=False).ratio()
    begins = len(typed) >= SHORTEST_BEGINNING and known.startswith(typed)
    return ratio if ratio >= LIKE or begins else 0.0


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


@cache
def _expressions() -> tuple[tuple[Kind, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(_expression(kind.pattern))) for kind in kinds())


def _expression(pattern: str) -> str:
    parts = re.split(r"({\w+})", pattern)
    return "".join(_group(part[1:-1]) if part.startswith("{") else re.escape(part) for part in parts)


def _group(field: str) -> str:
    inner = r"[1-9][0-9]*" if field == "year" else r"[a-z0-9_]+" if field in _LOOSE else NAME
    return f"(?P<{field}>{inner})"


_LOOSE = {"threshold", "landmark", "period", "item", "size", "band"}


def _table(name: str) -> list[dict[str, str]]:
    text = files("hemodel.inputs").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _number(text: str) -> float | None:
    return float(text) if text else None


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split("|") if part)
