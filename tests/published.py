"""Published records against what they should be: every number, every word, and a proof that each is looked at."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

WORDS = {"id", "verdict", "verdict_low", "verdict_high", "verdict_at_price_0", "verdict_of_means", "met"}
WORDS |= {"status", "against", "optimal", "strategy"}
"""Texts that say what a number means, by key; other texts are compared where all words are asked for."""
ANY = "*"
"""Stands in a path for every key of a mapping and every place of a list."""


def agree(found: Any, expected: Any, words: Collection[str] | None = WORDS, within: float = 1e-9) -> None:
    """Every number and every word of one is in the other.

    Parameters
    ----------
    words : collection of str or None
        Keys of the texts that are compared; None for all.
    within : float
        Absolute tolerance, in the unit of the numbers; the relative one is 1e-9.
    """
    left, right = dict(leaves(found, words)), dict(leaves(expected, words))
    numbers = {place: value for place, value in right.items() if isinstance(value, (int, float))}
    assert {place: left.get(place) for place in numbers} == pytest.approx(numbers, rel=1e-9, abs=within)
    assert {place: value for place, value in left.items() if place not in numbers} == {
        place: value for place, value in right.items() if place not in numbers
    }


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


def wrong(record: BaseModel) -> dict[str, BaseModel]:
    """The record with one number or text changed, once for every field: the last of a list or mapping."""
    last: dict[str, tuple[Any, ...]] = {}
    _places(record, "", (), last)
    return {path: type(record).model_validate(_changed(record.model_dump(), keys)) for path, keys in last.items()}


def _places(found: Any, path: str, keys: tuple[Any, ...], last: dict[str, tuple[Any, ...]]) -> None:
    if isinstance(found, BaseModel):
        for name in type(found).model_fields:
            _places(getattr(found, name), f"{path}.{name}", (*keys, name), last)
    elif isinstance(found, dict | list | tuple):
        for name, value in found.items() if isinstance(found, dict) else enumerate(found):
            _places(value, f"{path}.{ANY}", (*keys, name), last)
    elif found is not None:
        last[path] = keys


def _changed(found: Any, keys: tuple[Any, ...]) -> Any:
    if keys:
        first, *rest = keys
        inner = dict(found) if isinstance(found, dict) else dict(enumerate(found))
        inner[first] = _changed(inner[first], tuple(rest))
        return inner if isinstance(found, dict) else list(inner.values())
    if isinstance(found, bool):
        return not found
    return f"{found}?" if isinstance(found, str) else found + 1 if isinstance(found, int) else 1.5 * found + 1


def unseen(records: Iterable[BaseModel], compare: Callable[[Any], None]) -> set[str]:
    """Fields of records of one kind that hold nothing in any of them, or in which a wrong value is not noticed."""
    missing: set[str] = set()
    seen: set[str] = set()
    for record in records:
        compare(record)
        missing |= fields(type(record))
        for path, changed in wrong(record).items():
            try:
                compare(changed)
            except AssertionError:
                seen.add(path)
            else:
                return {path}
    return missing - seen
