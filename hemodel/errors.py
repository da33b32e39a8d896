"""The exceptions of the package and the problems they carry.

Every mistake in what a user supplies becomes a `Problem`: where it is, what is
wrong, why that matters and what to do. Problems are collected and raised
together in one `InputError`, so that one run shows them all.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Location:
    """Where a value stands: a file, and a sheet and cell of it where there is one.

    In a file without sheets the cell is in words, as ``row 7, column time``.
    """

    file: str
    sheet: str | None = None
    cell: str | None = None

    def __str__(self) -> str:
        """Return for example ``model.xlsx, Utilities!C7`` or ``patients.csv, row 7, column time``."""
        if self.sheet is None:
            return self.file if self.cell is None else f"{self.file}, {self.cell}"
        cell = "" if self.cell is None else f"!{self.cell}"
        return f"{self.file}, {self.sheet}{cell}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, what, why, and what to do about it.

    Attributes
    ----------
    name : str
        Of a warning, by which the note of a row can accept it; empty where none can.
    """

    where: Location
    what: str
    why: str = ""
    todo: str = ""
    name: str = ""

    def __str__(self) -> str:
        """Return the whole message as one line."""
        sentences = [f"{self.where}: {_sentence(self.what)}"]
        sentences += [_sentence(part) for part in (self.why, self.todo) if part]
        return " ".join(sentences)


MOST_ALIKE, CELLS_SHOWN = 3, 5
"""Warnings of which only the cells differ, and more than these, are one; it names so many further cells."""


def together(found: Iterable[Problem], always: str = "") -> list[Problem]:
    """Return warnings in their order, many of which only place and subject differ as one.

    Parameters
    ----------
    always : str, optional
        Name of warnings of which two are one already.
    """
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for problem in found:
        about = "" if problem.why else problem.what
        groups.setdefault((problem.where.file, problem.name, problem.why, problem.todo, about), []).append(problem)
    return [one for group in groups.values() for one in ([_as_one(group)] if _many(group, always) else group)]


def _many(alike: list[Problem], always: str) -> bool:
    return len(alike) > (1 if alike[0].name and alike[0].name == always else MOST_ALIKE)


def _as_one(alike: list[Problem]) -> Problem:
    first, *others = alike
    cells, sheet = [], first.where.sheet
    for where in (problem.where for problem in others[:CELLS_SHOWN]):
        beside = where.cell if where.sheet == sheet else None
        cells.append(beside or str(where).removeprefix(f"{where.file}, "))
        sheet = where.sheet
    more = f" and {len(others) - CELLS_SHOWN} more" if len(others) > CELLS_SHOWN else ""
    count = f"{len(others)} other place{'' if len(others) == 1 else 's'}"
    what = f"{first.what.removesuffix('.')}; the same in {count}: {', '.join(cells)}{more}"
    return replace(first, what=what)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


class HemodelError(Exception):
    """Anything that hemodel refuses to do, with a message for the user."""


@dataclass(eq=False)
class InputError(HemodelError):
    """Inputs that cannot be used, with every problem that was found."""

    problems: tuple[Problem, ...] = field(default_factory=tuple)

    def __str__(self) -> str:
        """Return the problems, one a line."""
        return "\n".join(str(problem) for problem in self.problems)


class OutputError(HemodelError):
    """Results that cannot be written, for example because the folder is locked."""


class UsageError(HemodelError):
    """A request that makes no sense, whatever the inputs hold."""


def raise_if_any(problems: Iterable[Problem]) -> None:
    """Raise one `InputError` with all problems; do nothing where there are none."""
    found = tuple(problems)
    if found:
        raise InputError(found)
