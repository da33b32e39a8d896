"""Spreadsheet formulas that know their value.

A `Formula` is written once and read twice: as the text of a cell, and as the value that the
cell shows before any program recalculates it. Values are single numbers, or arrays with one
entry for each row of a table. In a text, ``[0]`` stands for the number of the row that the
formula is in and ``[-1]`` for that of the row above.

Only functions that Excel 2007 had are used, so that no prefix is needed; `rendering.FUNCTIONS` lists them.
A minus sign is always in brackets of its own, because spreadsheets bind it before a power.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

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


def total(terms: list[Formula]) -> Formula:
    """Return the sum of some formulas, 0 for none."""
    if not terms:
        return as_formula(0.0)
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result


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
