"""Checks of the sheet Research: studies that are complete, and that the model can express."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hemodel.errors import Location, Problem
from hemodel.inputs.checks import absent, number_of, select, text_of
from hemodel.inputs.dictionary import nearest
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hemodel.inputs.rows import Row

    Rows = Mapping[str, Row]

SHEET = "Research"
NEEDED = ("research.patients_per_year", "research.horizon")
EACH = ("name", "kind", "sizes", "fixed_cost", "cost_per_patient", "reports_after", "method")
"""What every study needs."""
BY_KIND = {
    "binary": ("informs",),
    "continuous": ("informs", "sd"),
    "time_to_event": ("endpoint", "strategies", "follow_up"),
}
"""What else a study needs, by what is seen of its patients."""
ONLY_EVENTS = ("follow_up_from", "dropout")
MOST_ARMS = 2
"""Inputs that a study of a probability or a mean may be about, one an arm."""


def has_research(rows: Rows) -> bool:
    """Whether the workbook holds any value for studies."""
    return any(row.kind.sheet == SHEET and row.value is not None for row in rows.values())


def parts(text: str) -> tuple[str, ...]:
    """Return what stands between the commas of a cell."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def study_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the studies that rows are about, in workbook order."""
    split = [id_.split(".") for id_ in ids]
    return tuple(dict.fromkeys(names[1] for names in split if names[0] == "study" and len(names) > 2))


def check_research(file: str, ids: Iterable[str], rows: Rows) -> list[Problem]:
    """Return every problem of the rows on studies together; none where the workbook has no such values.

    Parameters are those of `check_completeness`.
    """
    if not has_research(rows):
        return []
    present = dict.fromkeys(ids)
    studies = study_ids(present)
    problems = [problem for id_ in NEEDED for problem in absent(file, id_, present, rows)]
    problems += [p for id_ in NEEDED for p in _zero(rows, id_, "Nobody would profit from a study")]
    if not studies:
        problems.append(
            Problem(Location(file, SHEET), "there is no study", "The sheet is about studies", "Add the rows of one.")
        )
    for study in studies:
        problems += _study(file, study, present, rows)
    return problems


def _study(file: str, study: str, present: Mapping[str, None], rows: Rows) -> Iterable[Problem]:
    start = f"study.{study}."
    kind = text_of(rows, start + "kind")
    needed = (*EACH, *BY_KIND.get(kind, ()))
    for name in needed:
        yield from absent(file, start + name, present, rows)
    if kind:
        others = {name for names in BY_KIND.values() for name in names} | {*ONLY_EVENTS}
        allowed = {*needed, *(ONLY_EVENTS if kind == "time_to_event" else ())}
        for name in sorted(others - allowed):
            if text_of(rows, start + name):
                row = rows[start + name]
                what = f"{row.id} has a value, but the study is {kind}"
                yield Problem(row.where["value"], what, "Nothing reads it", "Clear it, or correct the kind.")
    checks: tuple[Callable[[Rows, str], Iterable[Problem]], ...] = (_sizes, _times, _amounts)
    if kind == "time_to_event":
        checks = (*checks, _arms)
    for check in checks:
        yield from check(rows, start)
    if kind and kind != "time_to_event":
        yield from _informs(rows, start, present)


def _zero(rows: Rows, id_: str, why: str) -> Iterable[Problem]:
    if number_of(rows, id_) == 0:
        yield Problem(rows[id_].where["value"], f"{id_} is 0", why, "Enter a number above 0.")


def _sizes(rows: Rows, start: str) -> Iterable[Problem]:
    text = text_of(rows, start + "sizes")
    if not text:
        return
    where = rows[start + "sizes"].where["value"]
    try:
        sizes = [float(part) for part in parts(text)]
    except ValueError:
        sizes = []
    if not sizes or any(size < 1 or size != int(size) for size in sizes):
        why = "It must be whole numbers of patients per arm, with commas between them"
        yield Problem(where, f"{start}sizes is {text!r}", why, "Write for example 50, 100, 200.")
    elif any(second <= first for first, second in pairwise(sizes)):
        why = "Smaller studies are parts of larger ones"
        yield Problem(where, f"{start}sizes is {text!r}, which does not increase", why, "Put the sizes in order.")


def _amounts(rows: Rows, start: str) -> Iterable[Problem]:
    yield from _zero(rows, start + "sd", "Patients who do not differ would tell the mean at once")
    yield from _zero(rows, start + "recruited_share", "Recruitment would never end")


def _times(rows: Rows, start: str) -> Iterable[Problem]:
    end = number_of(rows, start + "follow_up")
    if end is None:
        return
    where = rows[start + "follow_up"].where["value"]
    begin = number_of(rows, start + "follow_up_from") or 0.0
    reported = number_of(rows, start + "reports_after")
    if end <= begin:
        what = f"{start}follow_up is {end:g} months, which is when follow-up begins"
        if end < begin:
            what = f"{start}follow_up is {end:g} months, before follow-up begins at {begin:g}"
        yield Problem(where, what, "No event would be seen", "Raise it.")
    if reported is not None and reported * MONTHS_PER_YEAR < end - begin:
        yield Problem(
            rows[start + "reports_after"].where["value"],
            f"{start}reports_after is {reported:g} years, and follow-up takes {end - begin:g} months",
            "Every patient is followed to the end before the results are known",
            "Raise it, or shorten the follow-up.",
        )


def _informs(rows: Rows, start: str, present: Mapping[str, None]) -> Iterable[Problem]:
    """Yield what is wrong with the inputs that a study is about; one whose row has a problem is reported there."""
    text = text_of(rows, start + "informs")
    if not text:
        return
    where, ids = rows[start + "informs"].where["value"], parts(text)
    if len(ids) > MOST_ARMS or len(set(ids)) < len(ids):
        why = "A study has one arm, or two that are about two inputs"
        yield Problem(where, f"{start}informs names {text}", why, "Name one id or two.")
        return
    for id_ in ids:
        if id_ in present and id_ not in rows:
            continue
        yield from _informed(rows, id_, where, text_of(rows, start + "kind"))


def _informed(rows: Rows, id_: str, where: Location, kind: str) -> Iterable[Problem]:
    """Yield why an input cannot be what a study is about."""
    row = rows.get(id_)
    if row is None or row.value is None:
        varying = [other for other, found in rows.items() if found.kind.varies == "yes"]
        yield Problem(where, f"there is no input {id_}", "The study is about it", nearest(id_, varying))
    elif row.kind.varies != "yes":
        why = "A study of a probability or a mean is about one number that varies between draws"
        todo = "Curves are informed by a study of kind time_to_event." if row.kind.varies == "fit" else ""
        yield Problem(where, f"{id_} is not an input that a {kind} study measures", why, todo)
    elif kind == "binary" and row.kind.unit != "proportion":
        why = f"It is a number in {row.kind.unit}, and the share of patients with an event is a proportion"
        yield Problem(where, f"{id_} cannot be measured by a binary study", why, "Make the study continuous.")


def _arms(rows: Rows, start: str) -> Iterable[Problem]:
    endpoint, text = text_of(rows, start + "endpoint"), text_of(rows, start + "strategies")
    curves = [
        (row.names["endpoint"], row.names["strategy"]) for row in select(rows, "curve.{endpoint}.{strategy}.family")
    ]
    endpoints = list(dict.fromkeys(name for name, _ in curves))
    strategies = [row.names["strategy"] for row in select(rows, "strategy.{strategy}.name")]
    if endpoint and endpoint not in endpoints:
        why = f"It must name an endpoint that has curves: {', '.join(endpoints)}"
        yield Problem(
            rows[start + "endpoint"].where["value"],
            f"{start}endpoint is {endpoint!r}",
            why,
            nearest(endpoint, endpoints),
        )
    for name in parts(text):
        where = rows[start + "strategies"].where["value"]
        if name not in strategies:
            why = f"There are: {', '.join(strategies)}"
            yield Problem(where, f"{start}strategies names {name!r}", why, nearest(name, strategies))
        elif endpoint in endpoints and (endpoint, name) not in curves:
            what = f"{start}strategies names {name}, which has no curve of {endpoint}"
            yield Problem(where, what, "The study would have nothing to inform", "Name another strategy, or endpoint.")
    if len(set(parts(text))) < len(parts(text)):
        where = rows[start + "strategies"].where["value"]
        yield Problem(where, f"{start}strategies names a strategy twice", todo="Name each arm once.")
