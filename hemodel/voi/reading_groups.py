"""Groups of inputs from a TOML file."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.inputs.dictionary import nearest
from hemodel.voi.groups import Group

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

FIELDS = ("label", "inputs", "whole")
FORM = 'Write for each group: [name], and below it inputs = ["...", "..."].'


def read_groups(path: Path, ids: Collection[str]) -> tuple[Group, ...]:
    """Read groups: a table each, with ``inputs`` and, if wanted, ``label`` and ``whole``.

    Parameters
    ----------
    path : Path
    ids : collection of str
        Inputs that there are.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    whole = Location(str(path))
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError((Problem(whole, "there is no such file", todo="Check the path."),)) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError((Problem(whole, f"the file cannot be read as TOML ({error})", todo=FORM),)) from None
    problems = [] if content else [Problem(whole, "there is no group", todo=FORM)]
    taken: dict[str, str] = {}
    for name, entry in content.items():
        problems += _wrong(Location(str(path), cell=f"[{name}]"), name, entry, ids)
        if not problems and entry.get("whole"):
            again = [id_ for id_ in entry["inputs"] if id_ in taken]
            where = Location(str(path), cell=f"[{name}]")
            problems += [Problem(where, f"{id_!r} is part of the whole {taken[id_]!r} already") for id_ in again]
            taken |= dict.fromkeys(entry["inputs"], name)
    raise_if_any(problems)
    groups = [Group(n, e.get("label", n), tuple(e["inputs"]), e.get("whole", False)) for n, e in content.items()]
    return _members(groups)


def _members(groups: list[Group]) -> tuple[Group, ...]:
    """Let a group name the wholes that its inputs are part of, as those are the inputs then."""
    part_of = {id_: group.id for group in groups if group.whole for id_ in group.inputs}
    found = []
    for group in groups:
        inputs = group.inputs if group.whole else tuple(dict.fromkeys(part_of.get(id_, id_) for id_ in group.inputs))
        found.append(Group(group.id, group.label, inputs, group.whole))
    return tuple(found)


def _wrong(where: Location, name: str, entry: object, ids: Collection[str]) -> list[Problem]:
    """Return what is wrong with a group."""
    if not isinstance(entry, dict):
        return [Problem(where, f"{name} is no group", todo=FORM)]
    found = [
        Problem(where, f"{key!r} is unknown", nearest(key, FIELDS), f"The entries are: {', '.join(FIELDS)}.")
        for key in entry
        if key not in FIELDS
    ]
    inputs = entry.get("inputs")
    if not isinstance(inputs, list) or not inputs or not all(isinstance(id_, str) for id_ in inputs):
        return [*found, Problem(where, "there is no list of inputs", todo=FORM)]
    if not isinstance(entry.get("label", ""), str):
        found.append(Problem(where, "the label is no text", todo="Write it in quotation marks."))
    if not isinstance(entry.get("whole", False), bool):
        found.append(Problem(where, "whole is neither true nor false", todo="Write whole = true, or leave it out."))
    if name in ids:
        found.append(Problem(where, f"{name!r} is an input already", todo="Give the group another name."))
    found += _unknown(where, inputs, ids)
    return found


def _unknown(where: Location, inputs: list[str], ids: Collection[str]) -> list[Problem]:
    repeated = [id_ for id_ in dict.fromkeys(inputs) if inputs.count(id_) > 1]
    found = [Problem(where, f"there is no input {id_!r}", nearest(id_, ids)) for id_ in inputs if id_ not in ids]
    return found + [Problem(where, f"{id_!r} is there more than once", todo="Keep it once.") for id_ in repeated]


def leave_out(groups: tuple[Group, ...], dropped: Iterable[str]) -> tuple[Group, ...]:
    """Return the groups without some inputs, and without groups that have none left."""
    gone = set(dropped)
    gone |= {group.id for group in groups if group.whole and gone.issuperset(group.inputs)}
    kept = (Group(g.id, g.label, tuple(id_ for id_ in g.inputs if id_ not in gone), g.whole) for g in groups)
    return tuple(group for group in kept if group.inputs)
