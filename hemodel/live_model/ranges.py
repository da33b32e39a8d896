"""Functions of ranges of cells: what stands where, and sums over the rows that belong to something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.live_model.formula import Formula, as_formula, call, item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.live_model.formula import Number


def position_of(sought: Formula | str, cells: Formula) -> Formula:
    """Return MATCH: the position, from 1, of a number or text in a range; an error where it is absent."""

    def found(value: Any, values: Any) -> int:
        return [*np.asarray(values).tolist()].index(value) + 1

    return call("MATCH", lambda value, values, _: found(value, values), sought, cells, 0)


def positions_of(sought: Formula, cells: Formula) -> Formula:
    """Return MATCH for the numbers of a whole column, each of which is in the range once."""

    def found(values: Any, among: Any) -> Any:
        order = np.argsort(among, kind="stable")
        return order[np.searchsorted(among, values, sorter=order)] + 1

    return call("MATCH", lambda values, among, _: found(values, among), sought, cells, 0)


def beside(sought: Formula | str, cells: Formula, values: Formula) -> Formula:
    """Return the value that stands beside what is sought."""
    return item(values, position_of(sought, cells))


def sum_where(keys: Formula, key: Formula, values: Formula) -> Formula:
    """Return SUMIF: the sum of values in the rows that have a key, a whole number, for each of some keys."""

    def added(rows: Any, sought: Any, amounts: Any) -> Any:
        places = np.asarray(rows, dtype=np.intp)
        wanted = np.asarray(sought, dtype=np.intp)
        size = max(int(places.max(initial=0)), int(wanted.max(initial=0))) + 1
        return np.bincount(places, np.asarray(amounts, dtype=float), size)[wanted]

    return call("SUMIF", added, keys, key, values)


def smallest(cells: Formula, rank: Formula) -> Formula:
    """Return SMALL: the value of a rank, from 1 for the least, for each of some ranks."""

    def picked(values: Any, ranks: Any) -> Any:
        return np.sort(np.asarray(values, dtype=float))[np.asarray(ranks, dtype=np.intp) - 1]

    return call("SMALL", picked, cells, rank)


def sign(x: Number) -> Formula:
    """Return SIGN: -1, 0 or 1."""
    return call("SIGN", np.sign, as_formula(x))


def numbers_in(cells: Sequence[Formula], area: Formula) -> Formula:
    """Return COUNT: how many of some cells hold a number."""
    return Formula(f"COUNT({area.text})", sum(not isinstance(cell.value, str) for cell in cells))


def greatest_in(cells: Sequence[Formula], area: Formula) -> Formula:
    """Return MAX of the numbers among some cells, 0 where there is none."""
    return Formula(f"MAX({area.text})", max((c.value for c in cells if not isinstance(c.value, str)), default=0.0))


def least_in(cells: Sequence[Formula], area: Formula) -> Formula:
    """Return MIN of the numbers among some cells, 0 where there is none."""
    return Formula(f"MIN({area.text})", min((c.value for c in cells if not isinstance(c.value, str)), default=0.0))
