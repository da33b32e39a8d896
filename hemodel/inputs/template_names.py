"""The names of strategies that a person gives, and the ids made from them."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from hemodel.errors import UsageError
from hemodel.inputs.dictionary import NAME, columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST = 31
"""Characters of a strategy's name: what the name of a sheet holds."""
_FEWEST = 2


def strategy_ids(names: Iterable[str], existing: Mapping[str, str]) -> dict[str, str]:
    """Return the name of each strategy by its id, in the order given.

    Parameters
    ----------
    names : iterable of str
        Names as a person wrote them. One that is the id or the name of an existing
        strategy means that strategy, which keeps both.
    existing : mapping
        Names of strategies that there are, by id; may be empty.

    Returns
    -------
    dict
        The ids of new strategies are their names in lower case with underscores
        and without accents.

    Raises
    ------
    UsageError
        With everything that is wrong with the names.
    """
    given = [" ".join(name.split()) for name in names]
    found: dict[str, str] = {}
    problems = (
        [] if len(given) >= _FEWEST else [f"a comparison needs at least two strategies, and here is {len(given)}"]
    )
    for name in given:
        known = _known(name, existing)
        id_ = known or _id(name)
        refusal = None if known else _refusal(name, id_)
        if refusal is not None:
            problems.append(refusal)
        elif id_ in found:
            problems.append(f"{name!r} and {found[id_]!r} would have the same id {id_!r}: name one of them differently")
        else:
            found[id_] = existing[known] if known else name
    if problems:
        raise UsageError("--strategies: " + "; ".join(problems) + ".")
    return found


def _known(name: str, existing: Mapping[str, str]) -> str | None:
    """Return the id of the existing strategy that a name means."""
    if name in existing:
        return name
    return next((id_ for id_, own in existing.items() if own.casefold() == name.casefold()), None)


def _id(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def _refusal(name: str, id_: str) -> str | None:
    """Say why a name cannot be used, or return None where it can."""
    if not name:
        return "a name is empty: write the names between commas, as in --strategies 'A,B'"
    if len(name) > LONGEST:
        return (
            f"{name!r} has {len(name)} characters, and at most {LONGEST} fit: shorten it here and give the long name "
            "in the workbook"
        )
    if not re.search("[a-z]", id_):
        return f"{name!r} holds no letter from a to z, of which ids are made: name it in Latin letters here"
    if not re.fullmatch(NAME, id_):
        return f"{name!r} would have the id {id_!r}, and an id begins with a letter: put a letter first"
    if id_ in columns():
        return f"{name!r} would have the id {id_!r}, which is the name of a column: add a word to it"
    return None
