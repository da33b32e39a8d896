"""Layouts: which sections a document has, in whose terms, and which texts, tables and figures each holds.

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

`front` holds what stands before the contents: texts and tables on the first page, figures side by side on a page. A
section with `folded = true` is closed on a page until it is opened; one with `appendix = true` ends the body. A section
with `each = "endpoint"` is repeated for every endpoint: `{endpoint}` stands for its id, `{name}` for its name. A part
with `strategies = 3` is shown where so many are compared.

Names that a layout may use are those that tables, charts and texts are declared by.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemodel.errors import InputError, Location, Problem, UsageError
from hemodel.inputs.dictionary import nearest
from hemodel.inputs.files import read_text, toml_of
from hemodel.publish.document.evidence import EVIDENCE_TEXTS
from hemodel.publish.document.parts import REFERENCE
from hemodel.publish.document.texts import texts
from hemodel.views.evidence.charts import evidence_chart_names
from hemodel.views.evidence.tables import EVIDENCE_TABLES
from hemodel.views.registry import CHARTS, COMMAND_TABLES, EVIDENCE, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable


TABLE, FIGURE, TEXT = "table", "figure", "text"


CHEERS = "cheers"
"""The table of the checklist, which is made of the document."""


@cache
def known(kind: str, subject: str = "run") -> tuple[str, ...]:
    """Return the names of a kind (table, figure or text) that a document on a run, or on evidence, may hold."""
    of_run = {
        TABLE: [*(e.name for e in TABLES), *(e.name for e in COMMAND_TABLES["report"]), *EVIDENCE, CHEERS],
        FIGURE: [*(entry.name for entry in CHARTS), *evidence_chart_names()],
        TEXT: texts(),
    }
    of_evidence = {
        TABLE: [name for table in EVIDENCE_TABLES for name in (table, f"{table}_{ENDPOINT}")],
        FIGURE: evidence_chart_names((ENDPOINT,)),
        TEXT: EVIDENCE_TEXTS,
    }
    return tuple((of_run if subject == "run" else of_evidence)[kind])


GENERIC = "generic"
PAGES = ("report", "evidence")
"""Layouts of what other commands write; the others are dossiers."""
ENDPOINT, NAME = "{endpoint}", "{name}"
"""Stand for the id and the name of an endpoint in a section that is repeated for each."""
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
    strategies: Annotated[int, Field(ge=0)] = 0

    @property
    def names(self) -> list[tuple[str, str]]:
        """What is given, as pairs of kind and name."""
        pairs = ((kind, getattr(self, kind)) for kind in (*_KINDS, "note"))
        return [(kind, name) for kind, name in pairs if name is not None]


class LayoutSection(_Entry):
    """A section of a layout; `absent` is said where the run has nothing that it holds.

    An `appendix` ends the body: it and all sections after it are for those who check.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\{endpoint\})?$")]
    each: Literal["", "endpoint"] = ""
    heading: Annotated[str, Field(min_length=1)]
    level: Annotated[int, Field(ge=1, le=3)] = 1
    holds: tuple[SectionPart, ...] = ()
    absent: str = ""
    folded: bool = False
    appendix: bool = False


class Layout(_Entry):
    """A whole layout.

    `table_set` is what the profiles of payers call it; `source` says where its headings are from and what
    was not checked against that. `lists` says whether tables and figures are listed after the contents.
    """

    kind: Annotated[str, Field(min_length=1)]
    subject: Literal["run", "evidence"] = "run"
    table_set: str = ""
    language: Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
    source: str = ""
    lists: bool = False
    prefix: str = ""
    first: Annotated[int, Field(ge=1)] = 1
    front: tuple[SectionPart, ...] = ()
    section: tuple[LayoutSection, ...]

    @property
    def figures(self) -> list[str]:
        """Names of the figures, in order."""
        held = [*self.front, *(each for section in self.section for each in section.holds)]
        return [each.figure for each in held if each.figure is not None]


def layout_names() -> list[str]:
    """Return the names of the layouts of dossiers, the generic one first."""
    folder = files("hemodel.publish").joinpath("layouts")
    names = sorted(path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml"))
    return [GENERIC, *(name for name in names if name not in (GENERIC, *PAGES))]


def read_layout(name: str) -> Layout:
    """Read the layout of a dossier by name.

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
    return shipped_layout(name)


def shipped_layout(name: str) -> Layout:
    """Read a layout that is in the package."""
    return read_layout_file(files("hemodel.publish").joinpath("layouts", f"{name}.toml"))


def expanded(layout: Layout, endpoints: Mapping[str, str], figures: Iterable[str] = ()) -> Layout:
    """Return a layout with the sections that are repeated for endpoints, whose names are given by id.

    Parameters
    ----------
    figures : iterable of str
        Those of a run. After a chart that is drawn for each intervention come those of the others.
    """
    found: list[LayoutSection] = []
    for section in layout.section:
        if section.each:
            found += [_of_endpoint(section, id_, name) for id_, name in endpoints.items()]
        else:
            found.append(section)
    found = [section.model_copy(update={"holds": _of_interventions(section.holds, figures)}) for section in found]
    return layout.model_copy(update={"section": tuple(found)})


def _of_interventions(holds: tuple[SectionPart, ...], figures: Iterable[str]) -> tuple[SectionPart, ...]:
    each = {entry.name for entry in CHARTS if entry.each is not None}
    found: list[SectionPart] = []
    for held in holds:
        found.append(held)
        if held.figure in each:
            found += [SectionPart(figure=name) for name in figures if name.startswith(f"{held.figure}_")]
    return tuple(found)


def _of_endpoint(section: LayoutSection, id_: str, name: str) -> LayoutSection:
    holds = tuple(
        held.model_copy(update={kind: told.replace(ENDPOINT, id_) for kind, told in held.names})
        for held in section.holds
    )
    heading = section.heading.replace(NAME, name)
    return section.model_copy(update={"id": section.id.replace(ENDPOINT, id_), "heading": heading, "holds": holds})


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
        text = read_text(path, where=where) if isinstance(path, Path) else path.read_text(encoding="utf-8")
        layout = Layout.model_validate(toml_of(text, where))
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
    for held in layout.front:
        yield from _held_problems(held, "front", where, layout)
        seen.update(held.names)
    for section in layout.section:
        here = f"section {section.id}"
        if ids.count(section.id) > 1:
            yield Problem(where, f"{here}: the id is used {ids.count(section.id)} times", todo="Give each its own id.")
        if section.level > level + 1:
            yield Problem(where, f"{here}: level {section.level} follows level {level}", todo="Do not skip a level.")
        level = section.level
        for held in section.holds:
            yield from _held_problems(held, here, where, layout)
            for pair in held.names:
                if pair in seen and pair[0] in {"table", "figure"}:
                    yield Problem(where, f"{here}: the {pair[0]} {pair[1]} is in the layout twice", todo="Keep one.")
                seen.add(pair)


def _held_problems(held: SectionPart, here: str, where: Location, layout: Layout) -> Iterator[Problem]:
    if len(held.names) != 1:
        todo = "Give exactly one of text, table, figure and note in each entry."
        yield Problem(where, f"{here}: an entry holds {len(held.names)} things", todo=todo)
    for kind, name in held.names:
        options = () if kind == "note" else known(kind, layout.subject)
        if kind != "note" and name not in options:
            yield Problem(where, f"{here}: there is no {kind} {name}", todo=nearest(name, options))
        if kind == "note":
            yield from _reference_problems(name, here, where, layout)


def _reference_problems(text: str, here: str, where: Location, layout: Layout) -> Iterator[Problem]:
    for hit in REFERENCE.finditer(text):
        ids = tuple(section.id for section in layout.section)
        options = ids if hit[1] == "section" else known(hit[1], layout.subject)
        if hit[2] not in options:
            yield Problem(
                where, f"{here}: a note refers to {hit[0]}, which there is not", todo=nearest(hit[2], options)
            )
