"""Studies from a TOML file, for the draws of another tool."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.errors import HemodelError, InputError, Location, Problem, raise_if_any
from hemodel.inputs.dictionary import nearest
from hemodel.survival import SurvivalError, family
from hemodel.voi.net_benefit import Population
from hemodel.voi.studies import CONTINUOUS, KINDS, METHODS, TIME_TO_EVENT, Study, design
from hemodel.voi.studies_survival import FollowUp, family_survival, interval_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from hemodel.voi.sample import Sample

FORM = "Write patients_per_year = ..., horizon = ..., discount_rate = ..., and [studies.name] for each study."
TOP = ("patients_per_year", "horizon", "discount_rate")
NEEDED = ("kind", "sizes", "method", "fixed_cost", "cost_per_patient", "reports_after")
BY_KIND = {
    "binary": ("informs",),
    "continuous": ("informs", "sd"),
    "time_to_event": ("family", "parameters", "follow_up"),
}
OPTIONAL = ("label", "recruited_share")
ONLY_EVENTS = ("follow_up_from", "dropout", "arms")
ABOVE_0 = ("sd", "follow_up", "recruited_share", "patients_per_year", "horizon")
SHARES = ("dropout", "recruited_share", "discount_rate")
AMOUNTS = ("fixed_cost", "cost_per_patient", "reports_after", "follow_up_from", *ABOVE_0, *SHARES)


@dataclass(frozen=True)
class Described:
    """The studies of a file, and who the decision is for."""

    studies: tuple[Study, ...]
    population: Population


def read_studies(path: Path, sample: Sample) -> Described:
    """Read studies that are about inputs of a sample.

    A study of event times names a family of survival curves and, for each arm, the inputs that are its parameters, on
    the natural scale in the order of the family and with months as the unit of time.

    Parameters
    ----------
    path : Path
    sample : Sample

    Raises
    ------
    InputError
        With every problem of the file.
    """
    content = _content(path)
    where = Location(str(path))
    problems = [*_missing(where, content, TOP), *_amounts(where, content), *_unknown(where, content, (*TOP, "studies"))]
    entries = content.get("studies")
    if not isinstance(entries, dict) or not entries:
        raise InputError((*problems, Problem(where, "there is no study", todo=FORM)))
    studies = []
    for name, entry in entries.items():
        at = Location(str(path), cell=f"[studies.{name}]")
        found = _wrong(at, entry, sample)
        problems += found
        if not found:
            studies.append(_study(name, entry, sample))
            problems += _cannot(at, studies[-1], sample)
    raise_if_any(problems)
    rates = ((0.0, float(content["discount_rate"])),)
    return Described(tuple(studies), Population(float(content["patients_per_year"]), float(content["horizon"]), rates))


def _content(path: Path) -> dict[str, Any]:
    where = Location(str(path))
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError((Problem(where, "there is no such file", todo="Check the path."),)) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError((Problem(where, f"the file cannot be read as TOML ({error})", todo=FORM),)) from None


def _missing(where: Location, entry: Mapping[str, Any], names: Iterable[str]) -> list[Problem]:
    return [Problem(where, f"{name} is missing", todo="Add it.") for name in names if name not in entry]


def _unknown(where: Location, entry: Mapping[str, Any], known: tuple[str, ...]) -> list[Problem]:
    return [Problem(where, f"{key!r} is unknown", nearest(key, known)) for key in entry if key not in known]


def _amounts(where: Location, entry: Mapping[str, Any]) -> Iterable[Problem]:
    """Yield the numbers that are no numbers, or out of bounds."""
    for name in dict.fromkeys(AMOUNTS):
        value = entry.get(name)
        if name not in entry:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
            yield Problem(where, f"{name} is {value!r}", "It must be a number")
        elif value < 0 or (value == 0 and name in ABOVE_0):
            yield Problem(where, f"{name} is {value:g}", f"It must be {'above 0' if name in ABOVE_0 else '0 or more'}")
        elif value > 1 and name in SHARES:
            yield Problem(where, f"{name} is {value:g}", "It must be a share, at most 1", "Write 5% as 0.05.")


def _wrong(where: Location, entry: object, sample: Sample) -> list[Problem]:
    """Return what is wrong with the entries of a study."""
    if not isinstance(entry, dict):
        return [Problem(where, "this is no study", todo=FORM)]
    kind = entry.get("kind")
    own = BY_KIND.get(str(kind), ())
    known = (*NEEDED, *own, *OPTIONAL, *(ONLY_EVENTS if kind == TIME_TO_EVENT else ()))
    every = dict.fromkeys((*known, *(name for names in BY_KIND.values() for name in names), *ONLY_EVENTS))
    found = [*_missing(where, entry, (*NEEDED, *own)), *_amounts(where, entry), *_unknown(where, entry, tuple(every))]
    if kind in KINDS:
        misplaced = [key for key in entry if key in every and key not in known]
        found += [
            Problem(where, f"{key} has a value, but the study is {kind}", "Nothing reads it") for key in misplaced
        ]
    for name, options in (("kind", KINDS), ("method", METHODS)):
        if name in entry and entry[name] not in options:
            found.append(Problem(where, f"{name} is {entry[name]!r}", f"It must be one of: {', '.join(options)}"))
    found += _sizes(where, entry)
    if kind == TIME_TO_EVENT:
        found += [*_follow_up(where, entry), *_curves(where, entry, sample)]
    elif "informs" in entry:
        found += _inputs(where, "informs", entry["informs"], sample)
    return found


def _sizes(where: Location, entry: Mapping[str, Any]) -> Iterable[Problem]:
    sizes = entry.get("sizes")
    if sizes is None:
        return
    whole = isinstance(sizes, list) and sizes and all(type(size) is int and size > 0 for size in sizes)
    if not whole or any(second <= first for first, second in pairwise(sizes)):
        why = "It must be whole numbers of patients per arm that increase"
        yield Problem(where, f"sizes is {sizes!r}", why, "Write for example [50, 100, 200].")


def _inputs(where: Location, name: str, ids: object, sample: Sample) -> list[Problem]:
    if not isinstance(ids, list) or not ids or not all(isinstance(id_, str) for id_ in ids):
        return [Problem(where, f"{name} is no list of inputs", todo='Write for example ["p_1", "p_2"].')]
    known = list(sample.inputs)
    return [Problem(where, f"there is no input {id_!r}", nearest(id_, known)) for id_ in ids if id_ not in known]


def _follow_up(where: Location, entry: Mapping[str, Any]) -> Iterable[Problem]:
    begin, end = entry.get("follow_up_from", 0), entry.get("follow_up")
    if isinstance(begin, (int, float)) and isinstance(end, (int, float)) and 0 < end <= begin:
        yield Problem(
            where, f"follow_up is {end:g} months, and follow-up begins at {begin:g}", "No event would be seen"
        )


def _curves(where: Location, entry: Mapping[str, Any], sample: Sample) -> Iterable[Problem]:
    arms, name = entry.get("parameters"), entry.get("family")
    if arms is None or name is None:
        return
    if not isinstance(arms, list) or not arms or not all(isinstance(arm, list) for arm in arms):
        yield Problem(where, "parameters is no list of arms", todo='Write for example [["shape_1", "scale_1"]].')
        return
    try:
        wanted = family(str(name)).parameters
    except SurvivalError as error:
        yield Problem(where, f"family: {error}")
        return
    for arm in arms:
        problems = _inputs(where, "parameters", arm, sample)
        yield from problems
        if not problems and len(arm) != len(wanted):
            yield Problem(
                where,
                f"parameters names {', '.join(arm)}",
                f"{name} has the parameters {', '.join(wanted)} in this order",
            )
    names = entry.get("arms")
    if names is not None and (not isinstance(names, list) or len(names) != len(arms)):
        yield Problem(where, f"arms is {names!r}", f"There are {len(arms)} arms in parameters", "Name each of them.")


def _study(name: str, entry: Mapping[str, Any], sample: Sample) -> Study:
    events = entry["kind"] == TIME_TO_EVENT
    share = entry.get("recruited_share")
    ids = [id_ for arm in entry["parameters"] for id_ in arm] if events else entry["informs"]
    return Study(
        id=name,
        label=str(entry.get("label", name)),
        kind=entry["kind"],
        informs=tuple(dict.fromkeys(ids)) if events else tuple(ids),
        sizes=tuple(entry["sizes"]),
        method=entry["method"],
        fixed_cost=float(entry["fixed_cost"]),
        cost_per_patient=float(entry["cost_per_patient"]),
        reports_after=float(entry["reports_after"]),
        recruited_share=None if share is None else float(share),
        standard_deviation=float(entry["sd"]) if entry["kind"] == CONTINUOUS else None,
        follow_up=_followed(entry, sample) if events else None,
    )


def _followed(entry: Mapping[str, Any], sample: Sample) -> FollowUp:
    months = interval_ends(float(entry.get("follow_up_from", 0)), float(entry["follow_up"]))
    arms = [
        family_survival(entry["family"], [sample.inputs[id_] for id_ in arm], months) for arm in entry["parameters"]
    ]
    names = entry.get("arms") or [f"arm {i}" for i in range(1, len(arms) + 1)]
    return FollowUp("", tuple(map(str, names)), months, float(entry.get("dropout", 0)), np.stack(arms, axis=1))


def _cannot(where: Location, study: Study, sample: Sample) -> list[Problem]:
    """Return why draws cannot express a study."""
    survival = None if study.follow_up is None else study.follow_up.survival
    if survival is not None and not np.isfinite(survival).all():
        why = "Parameters are on the natural scale of flexsurv, for example a positive scale"
        return [Problem(where, "some draws of the parameters give no survival curve", why)]
    try:
        design(study, sample)
    except HemodelError as error:
        return [Problem(where, str(error))]
    return []
