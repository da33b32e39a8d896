"""Published records against what they should be: every number, every word, and a proof that each is looked at."""

from __future__ import annotations

import math
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

WORDS = {"id", "verdict", "verdict_low", "verdict_high", "verdict_at_price_0", "verdict_of_means", "met"}
WORDS |= {"status", "against", "optimal", "strategy"}
"""Texts that say what a number means, by key; other texts are compared where all words are asked for."""
ANY = "*"
"""Stands in a path for every key of a mapping and every place of a list."""


def agree(
    found: Any, expected: Any, words: Collection[str] | None = WORDS, within: float = 1e-9, close: float = 1e-9
) -> None:
    """Every number and every word of one is in the other.

    Parameters
    ----------
    words : collection of str or None
        Keys of the texts that are compared; None for all.
    within : float
        Absolute tolerance, in the unit of the numbers.
    close : float
        Relative tolerance; slopes by differences are right to 1e-8.
    """
    left, right = dict(leaves(found, words)), dict(leaves(expected, words))
    wrong = {
        place: (left.get(place, "nothing"), right.get(place, "nothing"))
        for place in {**left, **right}
        if place not in left or place not in right or not _same(left[place], right[place], max(within, close), close)
    }
    assert not wrong, f"found and expected: {wrong}"


def _same(found: Any, expected: Any, within: float, close: float) -> bool:
    if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
        return math.isclose(found, expected, rel_tol=close, abs_tol=within)
    return bool(found == expected)


def leaves(found: Any, words: Collection[str] | None, path: str = "", key: str = "") -> Iterator[tuple[str, Any]]:
    """Numbers, words and blanks, by their path."""
    if isinstance(found, BaseModel):
        found = found.model_dump()
    if isinstance(found, dict):
        for name, value in found.items():
            yield from leaves(value, words, f"{path}.{name}", str(name))
    elif isinstance(found, list | tuple):
        for place, value in enumerate(found):
            yield from leaves(value, words, f"{path}.{place}", key if words is None else str(place))
    elif isinstance(found, str):
        if words is None or key in words:
            yield path, found
    elif found is not None or key not in {"against", "stopped"}:
        yield path, found


def by(entries: Iterable[Any], *names: str) -> dict[str, Any]:
    """Entries by some of their fields, each once."""
    return {"/".join(str(getattr(entry, name)) for name in names): entry for entry in entries}


# That every field is looked at ---------------------------------------------------------------------------------------


def fields(kind: Any, path: str = "") -> set[str]:
    """Paths of all that a kind of record can hold, down to numbers and texts."""
    if get_origin(kind) in {Union, UnionType}:
        return {found for each in get_args(kind) if each is not NoneType for found in fields(each, path)}
    if get_origin(kind) is Annotated:
        return fields(get_args(kind)[0], path)
    if get_origin(kind) in {list, dict, tuple}:
        inner = [each for each in get_args(kind) if each is not Ellipsis]
        return fields(inner[-1], f"{path}.{ANY}")
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        own = {name: field.annotation for name, field in kind.model_fields.items()}
        return {found for name, each in own.items() for found in fields(each, f"{path}.{name}")}
    return {path}


def spoilt(record: BaseModel) -> dict[str, BaseModel]:
    """The record with one number or text changed, once for every field: the largest of a list or mapping."""
    most: dict[str, tuple[float, tuple[Any, ...]]] = {}
    for path, keys, value in _places(record, "", ()):
        size = abs(value) if isinstance(value, (int, float)) else 0.0
        if path not in most or size > most[path][0]:
            most[path] = size, keys
    return {path: type(record).model_validate(_changed(record.model_dump(), own)) for path, (_, own) in most.items()}


def _places(found: Any, path: str, keys: tuple[Any, ...]) -> Iterator[tuple[str, tuple[Any, ...], Any]]:
    """Yield path, keys and value of all that a record holds."""
    if isinstance(found, BaseModel):
        for name in type(found).model_fields:
            yield from _places(getattr(found, name), f"{path}.{name}", (*keys, name))
    elif isinstance(found, dict | list | tuple):
        inner: dict[Any, Any] = found if isinstance(found, dict) else dict(enumerate(found))
        for place, value in inner.items():
            yield from _places(value, f"{path}.{ANY}", (*keys, place))
    elif found is not None:
        yield path, keys, found


def _changed(found: Any, keys: tuple[Any, ...]) -> Any:
    if keys:
        inner = dict(found) if isinstance(found, dict) else dict(enumerate(found))
        inner[keys[0]] = _changed(inner[keys[0]], keys[1:])
        return inner if isinstance(found, dict) else list(inner.values())
    if isinstance(found, bool | str):
        return f"{found}?" if isinstance(found, str) else not found
    return found + 1 if isinstance(found, int) else 1.5 * found + 1


def unseen(records: Iterable[BaseModel], compare: Callable[[Any], None]) -> set[str]:
    """Fields of records of one kind that hold nothing in any of them, or in which a wrong value is not noticed."""
    missing: set[str] = set()
    seen: set[str] = set()
    for record in records:
        compare(record)
        missing |= fields(type(record))
        for path, changed in spoilt(record).items():
            try:
                compare(changed)
            except AssertionError:
                seen.add(path)
            else:
                return {path}
    return missing - seen
