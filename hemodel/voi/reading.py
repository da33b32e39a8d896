"""The three files of a probabilistic analysis made by any tool: inputs, costs and effects, one row a draw.

Groups of inputs from a TOML file.

A probabilistic analysis made by any tool, ready for value of information.

Studies from a TOML file, for the draws of another tool.
"""

from __future__ import annotations

import csv
import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.errors import HemodelError, InputError, Location, Problem, raise_if_any
from hemodel.inputs.dictionary import nearest
from hemodel.inputs.files import is_file, read_text, toml_of
from hemodel.sampling import LATIN_HYPERCUBE, RANDOM, SOBOL
from hemodel.survival import SurvivalError, family
from hemodel.survival.tables import RowProblems, read_table
from hemodel.voi.information import InputGroup, constant, together, without
from hemodel.voi.net_benefit import Population
from hemodel.voi.sample import FEWEST_DRAWS, Sample
from hemodel.voi.studies import (
    CONTINUOUS,
    KINDS,
    METHODS,
    TIME_TO_EVENT,
    Study,
    StudyFollowUp,
    design,
    family_survival,
    interval_ends,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from hemodel.parameters import FloatArray
    from hemodel.survival.tables import RawTable

    Read = tuple[tuple[str, ...], FloatArray]

FORM = "The first row has the names, each row below it is one draw."
FEWEST_STRATEGIES = 2


def read_sample(inputs: Path, costs: Path, effects: Path) -> Sample:
    """Read a probabilistic analysis from three CSV files: a header with names, then a row for each draw.

    Columns of costs and of effects are strategies, matched by their names, in the order of the file of costs; the first
    is the one that increments are against.

    Raises
    ------
    InputError
        With every problem: a file that cannot be read, a name that is missing or there twice, a cell that holds no
        finite number, files of unequal numbers of rows, strategies that differ, fewer than two of them, or too few
        draws.
    """
    read: list[Read] = []
    problems: list[Problem] = []
    for path in (inputs, costs, effects):
        try:
            read.append(_read(path))
        except InputError as error:
            problems += error.problems
    raise_if_any(problems)
    (ids, drawn), (strategies, cost), (others, effect) = read
    raise_if_any([*_rows((inputs, costs, effects), [len(values) for _, values in read])])
    raise_if_any([*_strategies(costs, effects, strategies, others), *_draws(inputs, len(drawn))])
    places = [others.index(name) for name in strategies]
    columns = {id_: drawn[:, j] for j, id_ in enumerate(ids)}
    return Sample(strategies, effect[:, places], cost, columns, {id_: id_ for id_ in ids}, read_design(inputs))


DESIGN = "design.toml"
"""Beside a file of draws: how they were spread."""
DESIGNS = (RANDOM, LATIN_HYPERCUBE, SOBOL)


def read_design(draws: Path) -> str:
    """Return the design of a file of draws that `design.toml` beside it records; random without one.

    Raises
    ------
    InputError
        Where it cannot be read, or names no design.
    """
    path = draws.with_name(DESIGN)
    todo = f"Write sampling = with one of {', '.join(DESIGNS)}, or remove the file where draws are random."
    if not is_file(path):
        return RANDOM
    found = _toml(path, todo).get("sampling")
    if found not in DESIGNS:
        raise InputError((Problem(Location(str(path)), f"sampling is {found!r}", todo=todo),))
    return str(found)


def _read(path: Path) -> Read:
    """Return the names and the numbers (rows, columns) of a file."""
    return read_quickly(path) or _read_carefully(path)


def read_quickly(path: Path) -> Read | None:
    """Return the names and the numbers (rows, columns) of a CSV file; None where anything is not as it should be."""
    names = _names(path)
    if names is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            values = np.loadtxt(
                path, delimiter=",", skiprows=1, ndmin=2, encoding="utf-8-sig", comments=None, quotechar='"'
            )
        except (ValueError, OSError, UserWarning):
            return None
    return (names, values) if values.shape[1] == len(names) and np.isfinite(values).all() else None


def _names(path: Path) -> tuple[str, ...] | None:
    """Return the names in the first row; None where they are not as they should be."""
    if not is_file(path):
        return None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = tuple(cell.strip() for cell in next(csv.reader(file), []))
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
    sound = names and all(names) and len(set(names)) == len(names) and not (len(names) == 1 and ";" in names[0])
    return names if sound else None


def _read_carefully(path: Path) -> Read:
    """Read a file cell by cell, and say everything that is wrong with it."""
    table = read_table(path, todo=FORM)
    wrong = RowProblems(table.columns, table.where, table.whole)
    top = table.header or table.whole
    wrong.problems += wrong_header(path, table, top)
    columns = [wrong.numbers(name) for name in table.columns if name not in table.repeated]
    for name, values in zip([n for n in table.columns if n not in table.repeated], columns, strict=True):
        wrong.add(name, np.isinf(values), lambda _: "the number is infinite", "Give a number in every row")
    raise_if_any([*wrong.problems, *table.broken])
    return tuple(table.columns), np.column_stack(columns)


def wrong_header(path: Path, table: RawTable, top: Location) -> list[Problem]:
    """Return what is wrong with the first row of a CSV file of draws, and that there are no rows below it."""
    found = []
    if nameless := _nameless(path):
        todo = "Give them names, or delete them where they number the rows."
        found.append(Problem(top, f"there is no name in column {', '.join(map(str, nameless))}", todo=todo))
    todo = "Give each column its own name."
    found += [Problem(top, f"{name!r} is there more than once", todo=todo) for name in table.repeated]
    if table.columns and not len(next(iter(table.columns.values()))):
        found.append(Problem(table.whole, "there are no rows below the header", todo=FORM))
    return found


def _nameless(path: Path) -> list[int]:
    """Return the columns, from 1, without a name that have something below them."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        names, first = next(rows, []), next(rows, [])
    return [j + 1 for j, name in enumerate(names) if not name.strip() and first[j : j + 1] not in ([], [""])]


def _rows(paths: tuple[Path, ...], counts: list[int]) -> list[Problem]:
    """Refuse files of unequal length: their rows are not the same draws."""
    if len(set(counts)) == 1:
        return []
    each = ", ".join(f"{path.name} {count:,}" for path, count in zip(paths, counts, strict=True))
    return [
        Problem(
            Location(" and ".join(path.name for path in paths)),
            f"the numbers of draws differ: {each}",
            "Each row of one file has to be the same draw as that row of the others",
            "Write all three files from the same run",
        )
    ]


def _strategies(costs: Path, effects: Path, of_costs: tuple[str, ...], of_effects: tuple[str, ...]) -> list[Problem]:
    found = []
    for path, own, other, there in ((effects, of_effects, of_costs, costs), (costs, of_costs, of_effects, effects)):
        lacking = [name for name in other if name not in own]
        if lacking:
            what = f"there is no column {', '.join(map(repr, lacking))}, which is in {there.name}"
            todo = "Give the strategies the same names in both files."
            found.append(Problem(Location(str(path), cell="row 1"), what, f"The columns are: {', '.join(own)}", todo))
    if not found and len(of_costs) < FEWEST_STRATEGIES:
        what = "there is one strategy; a decision has at least two"
        todo = "Give the totals of each strategy in a column of its own; of increments alone, add a column of zeros."
        found.append(Problem(Location(str(costs), cell="row 1"), what, todo=todo))
    return found


def _draws(path: Path, draws: int) -> list[Problem]:
    if draws >= FEWEST_DRAWS:
        return []
    what = f"there are {draws} draws, too few for a regression"
    return [Problem(Location(str(path)), what, f"It needs at least {FEWEST_DRAWS}", "Run more draws")]


FIELDS = ("label", "inputs", "whole")
GROUPS_FORM = 'Write for each group: [name], and below it inputs = ["...", "..."].'


def read_groups(path: Path, ids: Collection[str]) -> tuple[InputGroup, ...]:
    """Read groups: a table each, with ``inputs`` and, if wanted, ``label`` and ``whole``.

    Parameters
    ----------
    ids : collection of str
        Inputs that there are.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    whole = Location(str(path))
    content = _toml(path, GROUPS_FORM)
    problems = [] if content else [Problem(whole, "there is no group", todo=GROUPS_FORM)]
    taken: dict[str, str] = {}
    for name, entry in content.items():
        problems += _wrong_in_group(Location(str(path), cell=f"[{name}]"), name, entry, ids)
        if not problems and entry.get("whole"):
            again = [id_ for id_ in entry["inputs"] if id_ in taken]
            where = Location(str(path), cell=f"[{name}]")
            problems += [Problem(where, f"{id_!r} is part of the whole {taken[id_]!r} already") for id_ in again]
            taken |= dict.fromkeys(entry["inputs"], name)
    raise_if_any(problems)
    groups = [InputGroup(n, e.get("label", n), tuple(e["inputs"]), e.get("whole", False)) for n, e in content.items()]
    return _members(groups)


def _members(groups: list[InputGroup]) -> tuple[InputGroup, ...]:
    """Let a group name the wholes that its inputs are part of, as those are the inputs then."""
    part_of = {id_: group.id for group in groups if group.whole for id_ in group.inputs}
    found = []
    for group in groups:
        inputs = group.inputs if group.whole else tuple(dict.fromkeys(part_of.get(id_, id_) for id_ in group.inputs))
        found.append(InputGroup(group.id, group.label, inputs, group.whole))
    return tuple(found)


def _wrong_in_group(where: Location, name: str, entry: object, ids: Collection[str]) -> list[Problem]:
    """Return what is wrong with a group."""
    if not isinstance(entry, dict):
        return [Problem(where, f"{name} is no group", todo=GROUPS_FORM)]
    found = [
        Problem(where, f"{key!r} is unknown", nearest(key, FIELDS), f"The entries are: {', '.join(FIELDS)}.")
        for key in entry
        if key not in FIELDS
    ]
    inputs = entry.get("inputs")
    if not isinstance(inputs, list) or not inputs or not all(isinstance(id_, str) for id_ in inputs):
        return [*found, Problem(where, "there is no list of inputs", todo=GROUPS_FORM)]
    if not isinstance(entry.get("label", ""), str):
        found.append(Problem(where, "the label is no text", todo="Write it in quotation marks."))
    if not isinstance(entry.get("whole", False), bool):
        found.append(Problem(where, "whole is neither true nor false", todo="Write whole = true, or leave it out."))
    if name in ids:
        found.append(Problem(where, f"{name!r} is an input already", todo="Give the group another name."))
    found += _unknown_in_group(where, inputs, ids)
    return found


def _unknown_in_group(where: Location, inputs: list[str], ids: Collection[str]) -> list[Problem]:
    repeated = [id_ for id_ in dict.fromkeys(inputs) if inputs.count(id_) > 1]
    found = [Problem(where, f"there is no input {id_!r}", nearest(id_, ids)) for id_ in inputs if id_ not in ids]
    return found + [Problem(where, f"{id_!r} is there more than once", todo="Keep it once.") for id_ in repeated]


def leave_out(groups: tuple[InputGroup, ...], dropped: Iterable[str]) -> tuple[InputGroup, ...]:
    """Return the groups without some inputs, and without groups that have none left."""
    gone = set(dropped)
    gone |= {group.id for group in groups if group.whole and gone.issuperset(group.inputs)}
    kept = (InputGroup(g.id, g.label, tuple(id_ for id_ in g.inputs if id_ not in gone), g.whole) for g in groups)
    return tuple(group for group in kept if group.inputs)


@dataclass(frozen=True)
class Files:
    """The files of an analysis; groups and studies are optional."""

    inputs: Path
    costs: Path
    effects: Path
    groups: Path | None
    studies: Path | None = None


@dataclass(frozen=True)
class ExternalSample:
    """A sample of inputs that vary, the groups of them, and the inputs that were left out as they do not.

    `columns` is the sample as it was read, each column an input of its own: what studies are about.
    """

    sample: Sample
    groups: tuple[InputGroup, ...]
    constant: tuple[str, ...]
    columns: Sample


def read_external(files: Files) -> ExternalSample:
    """Read the files of an analysis.

    Raises
    ------
    InputError
        With every problem of the files of the analysis, then with every one of the file of groups; or where no input
        varies.
    """
    sample = read_sample(files.inputs, files.costs, files.effects)
    groups = () if files.groups is None else read_groups(files.groups, sample.inputs)
    fixed = constant(sample)
    if len(fixed) == len(sample.inputs):
        what = "no input varies: every column has one value in all rows"
        raise InputError((Problem(Location(str(files.inputs)), what, todo="Give the draws of uncertain inputs."),))
    groups = leave_out(groups, fixed)
    varying = without(sample, fixed)
    return ExternalSample(together(varying, groups), groups, fixed, varying)


STUDIES_FORM = "Write patients_per_year = ..., horizon = ..., discount_rate = ..., and [studies.name] for each study."
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
class StudiesFile:
    """The studies of a file, and who the decision is for."""

    studies: tuple[Study, ...]
    population: Population


def read_studies(path: Path, sample: Sample) -> StudiesFile:
    """Read studies that are about inputs of a sample.

    A study of event times names a family of survival curves and, for each arm, the inputs that are its parameters, on
    the natural scale in the order of the family and with months as the unit of time.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    content = _toml(path, STUDIES_FORM)
    where = Location(str(path))
    problems = [*_missing(where, content, TOP), *_amounts(where, content), *_unknown(where, content, (*TOP, "studies"))]
    entries = content.get("studies")
    if not isinstance(entries, dict) or not entries:
        raise InputError((*problems, Problem(where, "there is no study", todo=STUDIES_FORM)))
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
    return StudiesFile(
        tuple(studies), Population(float(content["patients_per_year"]), float(content["horizon"]), rates)
    )


def _toml(path: Path, todo: str) -> dict[str, Any]:
    return toml_of(read_text(path, todo), Location(str(path)), todo)


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
        return [Problem(where, "this is no study", todo=STUDIES_FORM)]
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


def _followed(entry: Mapping[str, Any], sample: Sample) -> StudyFollowUp:
    months = interval_ends(float(entry.get("follow_up_from", 0)), float(entry["follow_up"]))
    arms = [
        family_survival(entry["family"], [sample.inputs[id_] for id_ in arm], months) for arm in entry["parameters"]
    ]
    names = entry.get("arms") or [f"arm {i}" for i in range(1, len(arms) + 1)]
    return StudyFollowUp("", tuple(map(str, names)), months, float(entry.get("dropout", 0)), np.stack(arms, axis=1))


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
