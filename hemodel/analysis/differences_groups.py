"""Which differences only work together: rows of a new strategy or drug, shares, a relation and its reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.analysis.differences_cells import CELL, ROW, Item
from hemodel.inputs.dictionary import match

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hemodel.inputs.rows import Row

Items = tuple[Item, ...]
Token = tuple[str, ...]
SHARES, COMPARATOR = "shares", "comparator"
_BY_CURVE = {"curve", "coefficient", "covariance", "effect", "waning"}
_MEMBERS = {"drug": 2, "regimen": 3, "adverse_event": 2, "resource": 2, "subsequent": 2, "administration": 2}
"""Parts of an id that name a member of a group."""
_DEFINED = ("strategy", "drug", "event", "resource", "treatment", "administration")
"""Fields of ids whose names a workbook defines."""


class Links:
    """Which differences belong together, by the names that they bring or take away."""

    def __init__(self, items: Sequence[Item], rows: Sequence[dict[str, Row]]) -> None:
        """Take all differences, and the rows of both workbooks."""
        self.items = tuple(items)
        names = [{(f, n) for row in each.values() for f, n in row.names.items() if f in _DEFINED} for each in rows]
        self._moved = names[0] ^ names[1]
        self._tokens = {item: self._tokens_of(item, rows) for item in self.items}

    def candidates(self, item: Item) -> list[Items]:
        """Return the groups of differences to try an item with, the smallest idea first, all of them not included."""
        own = [other for other in self.items if other.id == item.id]
        subject = self._subjects([item])
        linked = self._linked([item])
        wide = self._linked(self._subjects(linked))
        endpoint = [other for other in self.items if _endpoint(other) and _endpoint(other) == _endpoint(item)]
        found = dict.fromkeys(tuple(group) for group in (own, subject, linked, wide, self._linked([*wide, *endpoint])))
        return [group for group in found if 1 < len(group) < len(self.items)]

    def name(self, group: Iterable[Item]) -> str:
        """Return what a group is about: the names that come and go, or what its ids have in common."""
        members = list(group)
        moved = dict.fromkeys(t for item in members for t in sorted(self._tokens[item]) if t in self._moved)
        if moved:
            return ", ".join(f"{field} {name}" for field, name in moved)
        shares = {token for item in members for token in self._tokens[item] if token[0] == SHARES}
        if len(shares) == 1:
            return f"shares of subsequent treatment, {shares.pop()[1]}"
        parts = [item.id.split(".") for item in members]
        common = 0
        while all(len(p) > common and p[common] == parts[0][common] for p in parts):
            common += 1
        return ".".join(parts[0][:common]) or ", ".join(dict.fromkeys(p[0] for p in parts))

    def _subjects(self, items: Sequence[Item]) -> list[Item]:
        subjects = {_subject(item.id) for item in items}
        return [other for other in self.items if other in items or _subject(other.id) in subjects]

    def _linked(self, items: Sequence[Item]) -> list[Item]:
        """Return everything that shares a token with the items, directly or through others."""
        found, tokens = set(items), {token for item in items for token in self._tokens[item]}
        grown = True
        while grown:
            more = {other for other in self.items if other not in found and self._tokens[other] & tokens}
            tokens |= {token for other in more for token in self._tokens[other]}
            found |= more
            grown = bool(more)
        return [other for other in self.items if other in found]

    def _tokens_of(self, item: Item, rows: Sequence[dict[str, Row]]) -> set[Token]:
        found: set[Token] = set()
        for row in (each[item.id] for each in rows if item.id in each):
            found |= {pair for pair in row.names.items() if pair in self._moved}
            if row.kind.type == "reference" and item.column in {"", "value"}:
                found.add((row.kind.choices[0], row.text))
            if row.versus and item.column in {"", "versus"}:
                found.add(("strategy", row.versus))
            if row.kind.pattern == "strategy.{strategy}.role" and item.kind == CELL:
                found.add((COMPARATOR,))
            if row.kind.group == "subsequent" and "share." in row.kind.pattern and item.column in {"", "value"}:
                found.add((SHARES, row.names["strategy"]))
        return {token for token in found if token in self._moved or token[0] in {COMPARATOR, SHARES}}


def _subject(id_: str) -> Token:
    """Return what a row is about: a drug, a regimen, the curve of a strategy, the utilities."""
    parts = id_.split(".")
    group = parts[0]
    if group in _BY_CURVE:
        return ("curve", *parts[1:3])
    if group in {"survival", "external"}:
        return ("survival", *parts[1:3])
    if id_ == "settings.utilities_by":
        return ("utility",)
    if group == "settings":
        return tuple(parts)
    return tuple(parts[: _MEMBERS.get(group, 1)])


def _endpoint(item: Item) -> str:
    found = match(item.id) if item.kind in {CELL, ROW} else None
    return "" if found is None else found[1].get("endpoint", "")
