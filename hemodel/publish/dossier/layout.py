"""Layouts: which sections a dossier has, in whose terms, and which texts, tables and figures each holds.

A layout is a TOML file; adding one needs no code.

    kind = "Cost-effectiveness analysis"
    table_set = "generic"
    language = "en-GB"

    [[section]]
    id = "base_case"
    heading = "Base-case results"
    level = 1
    holds = [
      { text = "key_results" },
      { table = "base_case", caption = "Base-case results" },
      { note = "Costs by category are in [table disaggregated_costs]." },
      { figure = "occupancy" },
    ]
    absent = "What to say where the run has none of these."

Names that a layout may use are those that tables, charts and texts are declared by.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemodel.errors import InputError, Location, Problem, UsageError
from hemodel.inputs.dictionary import nearest
from hemodel.publish.dossier.document import REFERENCE
from hemodel.publish.dossier.prose import texts
from hemodel.views.evidence.charts import evidence_chart_names
from hemodel.views.registry import CHARTS, TABLES
from hemodel.views.report import EVIDENCE, REPORT_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable


TABLE, FIGURE, TEXT = "table", "figure", "text"


CHEERS = "cheers"
"""The table of the checklist, which is made of the document."""


@cache
def known(kind: str) -> tuple[str, ...]:
    """Return the names of a kind: table, figure or text."""
    names = {
        TABLE: [*(entry.name for entry in TABLES), *REPORT_TABLES, *EVIDENCE, CHEERS],
        FIGURE: [*(entry.name for entry in CHARTS), *evidence_chart_names()],
        TEXT: texts(),
    }
    return tuple(names[kind])


GENERIC = "generic"
_KINDS = ("text", "table", "figure")


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SectionPart(_Entry):
    """One thing that a section holds: a text, table or figure by name, or a note in the layout's own words."""

    text: str | None = None
    table: str | None = None
    figure: str | None = None
    note: str | None = None
    caption: str | None = None

    @property
    def names(self) -> list[tuple[str, str]]:
        """What is given, as pairs of kind and name."""
        pairs = ((kind, getattr(self, kind)) for kind in (*_KINDS, "note"))
        return [(kind, name) for kind, name in pairs if name is not None]


class LayoutSection(_Entry):
    """A section of a layout; `absent` is said where the run has nothing that it holds."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    heading: Annotated[str, Field(min_length=1)]
    level: Annotated[int, Field(ge=1, le=3)] = 1
    holds: tuple[SectionPart, ...] = ()
    absent: str = ""


class Layout(_Entry):
    """A whole layout.

    `table_set` is what the profiles of payers call it; `source` says where its headings are from and what
    was not checked against that.
    """

    kind: Annotated[str, Field(min_length=1)]
    table_set: str = ""
    language: Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
    source: str = ""
    prefix: str = ""
    first: Annotated[int, Field(ge=1)] = 1
    section: tuple[LayoutSection, ...]


def layout_names() -> list[str]:
    """Return the names of the layouts, the generic one first."""
    folder = files("hemodel.publish.dossier").joinpath("layouts")
    names = sorted(path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml"))
    return [GENERIC, *(name for name in names if name != GENERIC)]


def read_layout(name: str) -> Layout:
    """Read a layout by name.

    Raises
    ------
    UsageError
        Where there is none of that name.
    InputError
        With every mistake in its file.
    """
    if name not in layout_names():
        near = nearest(name, layout_names())
        raise UsageError(f"there is no layout {name}; there are {', '.join(layout_names())}. {near}".rstrip())
    return read_layout_file(files("hemodel.publish.dossier").joinpath("layouts", f"{name}.toml"))


def layout_for(table_set: str) -> str:
    """Return the name of the layout that a payer's table set stands for; the generic one where none does."""
    return next((name for name in layout_names() if read_layout(name).table_set == table_set), GENERIC)


def read_layout_file(path: Traversable) -> Layout:
    """Read and check one layout file.

    Raises
    ------
    InputError
        With every mistake: what is missing or unknown, and names of texts, tables and
        figures that do not exist, each with the nearest one that does.
    """
    where = Location(path.name)
    try:
        layout = Layout.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError((Problem(where, f"this is not valid TOML: {error}"),)) from error
    except ValidationError as error:
        found = [(".".join(str(part) for part in e["loc"]) or "the file", e["msg"]) for e in error.errors()]
        raise InputError(tuple(Problem(where, f"{place}: {text}") for place, text in found)) from error
    problems = tuple(dict.fromkeys(_problems(layout, where)))
    if problems:
        raise InputError(problems)
    return layout


def _problems(layout: Layout, where: Location) -> Iterator[Problem]:
    ids = [section.id for section in layout.section]
    seen: set[tuple[str, str]] = set()
    level = 0
    if not ids:
        yield Problem(where, "it has no section", todo="Add at least one [[section]].")
    for section in layout.section:
        here = f"section {section.id}"
        if ids.count(section.id) > 1:
            yield Problem(where, f"{here}: the id is used {ids.count(section.id)} times", todo="Give each its own id.")
        if section.level > level + 1:
            yield Problem(where, f"{here}: level {section.level} follows level {level}", todo="Do not skip a level.")
        level = section.level
        for held in section.holds:
            yield from _held_problems(held, here, where, ids)
            for pair in held.names:
                if pair in seen and pair[0] in {"table", "figure"}:
                    yield Problem(where, f"{here}: the {pair[0]} {pair[1]} is in the layout twice", todo="Keep one.")
                seen.add(pair)


def _held_problems(held: SectionPart, here: str, where: Location, ids: list[str]) -> Iterator[Problem]:
    if len(held.names) != 1:
        todo = "Give exactly one of text, table, figure and note in each entry."
        yield Problem(where, f"{here}: an entry holds {len(held.names)} things", todo=todo)
    for kind, name in held.names:
        if kind in _KINDS and name not in known(kind):
            yield Problem(where, f"{here}: there is no {kind} {name}", todo=nearest(name, known(kind)))
        if kind == "note":
            yield from _reference_problems(name, here, where, ids)


def _reference_problems(text: str, here: str, where: Location, ids: list[str]) -> Iterator[Problem]:
    for hit in REFERENCE.finditer(text):
        options = ids if hit[1] == "section" else known(hit[1])
        if hit[2] not in options:
            yield Problem(
                where, f"{here}: a note refers to {hit[0]}, which there is not", todo=nearest(hit[2], options)
            )
