"""Spreadsheet formulas that know their value.

A `Formula` is written once and read twice: as the text of a cell, and as the value that the
cell shows before any program recalculates it. Values are single numbers, or arrays with one
entry for each row of a table. In a text, ``[0]`` stands for the number of the row that the
formula is in and ``[-1]`` for that of the row above.

Only functions that Excel 2007 had are used, so that no prefix is needed; `rendering.FUNCTIONS` lists them.
A minus sign is always in brackets of its own, because spreadsheets bind it before a power.

Functions of ranges of cells: what stands where, and sums over the rows that belong to something.

From formulas to the texts of cells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from hemodel.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Value: TypeAlias = Any
    Number: TypeAlias = "Formula | float | int"

LARGEST_EXPONENT = 700.0
"""EXP of more is an error in a spreadsheet."""
COMPARISON, CONCATENATION, SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4, 5, 9


@dataclass(frozen=True, eq=False)
class Formula:
    """An expression: its text without the leading =, its value, and how tightly it binds."""

    text: str
    value: Value
    binds: int = ATOM

    def __add__(self, other: Number) -> Formula:
        """Return a + b."""
        return _binary("+", self, other, SUM, np.add)

    def __radd__(self, other: Number) -> Formula:
        """Return a + b."""
        return as_formula(other) + self

    def __sub__(self, other: Number) -> Formula:
        """Return a - b."""
        return _binary("-", self, other, SUM, np.subtract)

    def __rsub__(self, other: Number) -> Formula:
        """Return a - b."""
        return as_formula(other) - self

    def __mul__(self, other: Number) -> Formula:
        """Return a x b."""
        return _binary("*", self, other, PRODUCT, np.multiply)

    def __rmul__(self, other: Number) -> Formula:
        """Return a x b."""
        return as_formula(other) * self

    def __truediv__(self, other: Number) -> Formula:
        """Return a / b."""
        return _binary("/", self, other, PRODUCT, np.divide)

    def __rtruediv__(self, other: Number) -> Formula:
        """Return a / b."""
        return as_formula(other) / self

    def __pow__(self, other: Number) -> Formula:
        """Return a to the power b; both in brackets unless they are single."""
        right = as_formula(other)
        text = f"{_bracketed(self, ATOM)}^{_bracketed(right, ATOM)}"
        with np.errstate(all="ignore"):
            return Formula(text, np.power(self.value, right.value), POWER)

    def __rpow__(self, other: Number) -> Formula:
        """Return a to the power b."""
        return as_formula(other) ** self

    def __neg__(self) -> Formula:
        """Return -a, in brackets."""
        return Formula(f"(-{_bracketed(self, ATOM)})", np.negative(self.value))

    def __lt__(self, other: Number) -> Formula:
        """Return a < b."""
        return _binary("<", self, other, COMPARISON, np.less)

    def __le__(self, other: Number) -> Formula:
        """Return a <= b."""
        return _binary("<=", self, other, COMPARISON, np.less_equal)

    def __gt__(self, other: Number) -> Formula:
        """Return a > b."""
        return _binary(">", self, other, COMPARISON, np.greater)

    def __ge__(self, other: Number) -> Formula:
        """Return a >= b."""
        return _binary(">=", self, other, COMPARISON, np.greater_equal)

    def equals(self, other: Formula | float | str) -> Formula:
        """Return a = b, of numbers or texts."""
        return _binary("=", self, other, COMPARISON, _same)

    def differs(self, other: Formula | float | str) -> Formula:
        """Return a <> b, of numbers or texts."""
        return _binary("<>", self, other, COMPARISON, lambda a, b: np.logical_not(_same(a, b)))

    def joined(self, other: Formula | str) -> Formula:
        """Return two texts as one."""
        right = as_formula(other)
        text = f"{_bracketed(self, CONCATENATION)}&{_bracketed(right, CONCATENATION + 1)}"
        return Formula(text, f"{self.value}{right.value}", CONCATENATION)


@dataclass(frozen=True, eq=False)
class Natural(Formula):
    """A coefficient on its natural scale, and the cell that holds it on the scale on which it was estimated."""

    estimate: Formula = field(default_factory=lambda: Formula("0", 0.0))


def as_formula(value: Formula | float | str | bool) -> Formula:
    """Return a constant as a formula; numbers with all their digits, texts in quotes."""
    if isinstance(value, Formula):
        return value
    if isinstance(value, (bool, np.bool_)):
        return Formula("TRUE" if value else "FALSE", bool(value))
    if isinstance(value, str):
        doubled = value.replace('"', '""')
        return Formula(f'"{doubled}"', value)
    number = float(value)
    text = str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number).upper()
    return Formula(f"({text})" if number < 0 else text, number)


def call(name: str, function: Callable[..., Value], *arguments: Formula | float | str) -> Formula:
    """Return a call of a spreadsheet function with its value from a Python function of the values."""
    given = [as_formula(argument) for argument in arguments]
    with np.errstate(all="ignore"):
        value = function(*(formula.value for formula in given))
    return Formula(f"{name}({','.join(formula.text for formula in given)})", value)


def exp(x: Number) -> Formula:
    """Return EXP of at most `LARGEST_EXPONENT`."""
    return call("EXP", np.exp, smaller(x, LARGEST_EXPONENT))


def exp_of_negative(x: Number) -> Formula:
    """Return EXP(-x) for x of 0 or more, which cannot overflow."""
    return call("EXP", np.exp, -as_formula(x))


def ln(x: Number) -> Formula:
    """Return LN."""
    return call("LN", np.log, as_formula(x))


def smaller(*terms: Number) -> Formula:
    """Return MIN of single values."""
    return call("MIN", lambda *values: _reduced(np.minimum, values), *(as_formula(term) for term in terms))


def larger(*terms: Number) -> Formula:
    """Return MAX of single values."""
    return call("MAX", lambda *values: _reduced(np.maximum, values), *(as_formula(term) for term in terms))


def whole(x: Number) -> Formula:
    """Return INT, the largest whole number not above x."""
    return call("INT", np.floor, as_formula(x))


def rounded_up(x: Number) -> Formula:
    """Return ROUNDUP to a whole number, of x of 0 or more."""
    return call("ROUNDUP", lambda a, _: np.ceil(a), as_formula(x), 0)


def absolute(x: Number) -> Formula:
    """Return ABS."""
    return call("ABS", np.abs, as_formula(x))


def root(x: Number) -> Formula:
    """Return SQRT."""
    return call("SQRT", np.sqrt, as_formula(x))


def normal_cdf(x: Number) -> Formula:
    """Return NORMSDIST, the standard normal distribution."""
    from scipy.special import ndtr

    return call("NORMSDIST", ndtr, as_formula(x))


def normal_quantile(p: Number) -> Formula:
    """Return NORMSINV, the standard normal quantile, for p above 0 and below 1 (log-normal curves through points)."""
    from scipy.special import ndtri

    return call("NORMSINV", ndtri, as_formula(p))


def gamma_cdf(x: Number, shape: Number, scale: Number) -> Formula:
    """Return GAMMADIST, the gamma distribution, for x of 0 or more."""
    from scipy.special import gammainc

    terms = (as_formula(x), as_formula(shape), as_formula(scale), as_formula(value=True))
    return call("GAMMADIST", lambda a, b, c, _: gammainc(b, a / c), *terms)


def beta_cdf(x: Number, a: Number, b: Number) -> Formula:
    """Return BETADIST, the beta distribution, for x from 0 to 1."""
    from scipy.special import betainc

    return call("BETADIST", lambda v, first, second: betainc(first, second, v), *map(as_formula, (x, a, b)))


def log_gamma(x: Number) -> Formula:
    """Return GAMMALN, the log of the gamma function: survival in the far tail of a gamma distribution needs it."""
    from scipy.special import gammaln

    return call("GAMMALN", gammaln, as_formula(x))


def when(condition: Formula, then: Formula | float | str, otherwise: Formula | float | str) -> Formula:
    """Return IF; a spreadsheet calculates only the part that applies."""
    first, second = as_formula(then), as_formula(otherwise)
    text = f"IF({condition.text},{first.text},{second.text})"
    return Formula(text, _chosen(condition.value, first.value, second.value))


def both(*conditions: Formula) -> Formula:
    """Return AND."""
    return call("AND", lambda *values: _reduced(np.logical_and, values), *conditions)


def either(*conditions: Formula) -> Formula:
    """Return OR."""
    return call("OR", lambda *values: _reduced(np.logical_or, values), *conditions)


def total(terms: Sequence[Formula]) -> Formula:
    """Return the sum of some formulas, 0 for none."""
    return sum(terms[1:], terms[0]) if terms else as_formula(0.0)


def sum_of(cells: Formula) -> Formula:
    """Return SUM of a range."""
    return call("SUM", np.sum, cells)


def sum_of_products(*ranges: Formula) -> Formula:
    """Return SUMPRODUCT of ranges of one shape."""
    return call("SUMPRODUCT", lambda *values: float(np.sum(_reduced(np.multiply, values))), *ranges)


def item(cells: Formula, position: Number) -> Formula:
    """Return INDEX: the cell at a position, from 1, of a range of one column."""
    where = as_formula(position)

    def pick(values: Value, at: Value) -> Value:
        found: NDArray[Any] = np.asarray(values)[np.asarray(at).astype(np.intp) - 1]
        return found if np.ndim(found) else np.asarray(found).item()

    return call("INDEX", pick, cells, where)


def quoted(sheet: str) -> str:
    """Return the name of a sheet as formulas write it."""
    return "'" + sheet.replace("'", "''") + "'"


def _same(left: Value, right: Value) -> Value:
    """Compare numbers or texts; a number is never the same as a text."""
    found = np.equal(np.asarray(left, dtype=object), np.asarray(right, dtype=object))
    return np.asarray(found, dtype=bool) if np.ndim(found) else bool(found)


def _reduced(function: Callable[[Value, Value], Value], values: tuple[Value, ...]) -> Value:
    result = values[0]
    for value in values[1:]:
        result = function(result, value)
    return result


def _chosen(condition: Value, then: Value, otherwise: Value) -> Value:
    if np.ndim(condition) == 0:
        return then if bool(condition) else otherwise
    if isinstance(then, str) or isinstance(otherwise, str):
        return np.where(condition, np.asarray(then, dtype=object), np.asarray(otherwise, dtype=object))
    return np.where(condition, then, otherwise)


def _bracketed(formula: Formula, least: int) -> str:
    return formula.text if formula.binds >= least else f"({formula.text})"


def _binary(
    sign: str, left: Formula, other: Formula | float | str, binds: int, function: Callable[[Value, Value], Value]
) -> Formula:
    right = as_formula(other)
    text = f"{_bracketed(left, binds)}{sign}{_bracketed(right, binds + 1)}"
    with np.errstate(all="ignore"):
        return Formula(text, function(left.value, right.value), binds)


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


FUNCTIONS = frozenset(
    (
        *("ABS", "AND", "AVERAGE", "BETADIST", "COUNT", "COUNTA", "COUNTIF", "EXACT", "EXP", "GAMMADIST"),
        *("GAMMALN", "IF", "IFERROR", "INDEX", "INT", "ISERROR", "ISNUMBER", "LARGE", "LEFT", "LN"),
        *("LOOKUP", "MATCH", "MAX", "MIN", "MOD", "NORMSDIST", "NORMSINV", "NOT", "OR", "PERCENTILE"),
        *("POWER", "PRODUCT", "ROUND", "ROUNDDOWN", "ROUNDUP", "SIGN", "SMALL", "SQRT", "SUM", "SUMIF"),
        *("SUMPRODUCT", "TEXT", "TRIM"),
    )
)
"""The functions that a live model may use: all are in Excel 2007 and LibreOffice."""
LONGEST_FORMULA = 8000
"""Excel takes formulas of up to 8,192 characters."""


def rendered(formula: Formula, rows: range, sheet: str) -> list[str]:
    """Return the text of a formula in each of some rows (numbers from 1) of a sheet, which it does not name itself."""
    pieces, offsets = divided(formula, sheet)
    made = []
    for row in rows:
        cells = [f"{before}{row + offset}" for before, offset in zip(pieces[:-1], offsets, strict=True)]
        made.append("=" + "".join(cells) + pieces[-1])
    return made


def divided(formula: Formula, sheet: str) -> tuple[list[str], list[int]]:
    """Return the text of a formula on a sheet cut where numbers of rows stand, and how far these are from its row.

    Raises
    ------
    ValueError
        For a function that a live model may not use.
    OutputError
        For a formula that is longer than Excel takes.
    """
    text = formula.text.replace(f"{quoted(sheet)}!", "")
    unknown = set(re.findall(r"([A-Z][A-Z0-9.]*)\(", re.sub(r'"[^"]*"', '""', text))) - FUNCTIONS
    if unknown:
        message = f"functions that a live model may not use: {', '.join(sorted(unknown))}"
        raise ValueError(message)
    if len(text) > LONGEST_FORMULA:
        raise OutputError(
            f"The live model was not written: a formula on the sheet {sheet} would have {len(text):,} characters, more "
            f"than Excel takes. A model with fewer strategies, or simpler curves, can be written."
        )
    parts = re.split(r"\[([+-]?\d+)\]", text)
    return parts[::2], [int(offset) for offset in parts[1::2]]
