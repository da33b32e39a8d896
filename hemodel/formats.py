"""How numbers are rounded and written: the one place, for every output.

Tables hold numbers with all their digits; each column names one of the kinds
below, and `display` or `number_format` turns that into what a reader sees.
"""

from __future__ import annotations

import csv
import io
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal[
    "text", "money", "icer", "years", "qaly", "months", "ratio", "share", "z", "score", "count", "number", "value"
]
Value = str | int | float | None

ABSENT = "–"
"""What stands where there is no number."""

_DECIMALS = {
    "money": 0,
    "icer": 0,
    "count": 0,
    "years": 3,
    "qaly": 3,
    "ratio": 3,
    "months": 1,
    "share": 1,
    "z": 2,
    "score": 2,
}
_SIGNIFICANT = 4
_PRICE = 100.0
_TINY = 1e-4
_TYPED = ".10g"


_STEERING = dict.fromkeys(
    (
        *(c for c in range(32) if chr(c) not in "\t\n\r"),
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    ),
    "\ufffd",
)
"""Signs that steer a terminal or turn the direction of text, with what is shown in their place."""
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARK = "'"


def visible(text: str) -> str:
    r"""Return a text with \ufffd in place of every sign that steers what shows it, such as an escape."""
    return text.translate(_STEERING)


def csv_cell(text: str) -> str:
    """Return a text as a cell of a CSV file that no program takes for a formula: with an apostrophe before it.

    Numbers, and signs without a word behind them, are no formulas. `from_csv_cell` takes the apostrophe away.
    """
    marked = text.startswith(_MARK) and text.lstrip(_MARK).startswith(_BEGINS_FORMULA)
    return f"{_MARK}{text}" if marked or (text.startswith(_BEGINS_FORMULA) and not _is_harmless(text)) else text


def from_csv_cell(text: str) -> str:
    """Return the text that `csv_cell` wrote."""
    marked = text.startswith(_MARK) and text.lstrip(_MARK).startswith(_BEGINS_FORMULA)
    return text[1:] if marked else text


def _is_harmless(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return not text.strip("+- ")
    return text == text.strip()


def csv_lines(rows: Iterable[Iterable[Value]], end: str = "\r\n") -> str:
    """Return rows as CSV (RFC 4180): every digit of a number, nothing for None, texts as of `csv_cell`.

    The one writer of CSV.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end)
    for row in rows:
        writer.writerow(["" if v is None else csv_cell(v) if isinstance(v, str) else repr(v) for v in row])
    return text.getvalue()


def display(value: Value, kind: Kind, currency: str = "") -> str:
    """Return a value as a reader sees it.

    Parameters
    ----------
    value : str, int, float or None
        Text (such as the verdict that replaces a ratio) is kept as it is.
    kind : Kind
        money and icer: whole units with thousands separators; years, qaly and
        ratio: three decimals; months: one; share: per cent with one decimal; z and
        score: two; count: whole; number: about four significant digits (tiny ones
        in powers of ten); value: an
        input as it was typed (a whole number without separators).
    currency : str
        Code put before money and ratios; none where the header names the unit.
    """
    if value is None:
        return ABSENT
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return ABSENT
    text = _digits(value, kind)
    money = f"{currency}\N{NO-BREAK SPACE}" if currency and kind in {"money", "icer"} else ""
    return f"−{money}{text[1:]}" if text.startswith("-") else money + text


def _digits(value: float, kind: Kind) -> str:
    if kind == "value" and isinstance(value, int):
        return str(value)
    if kind == "number" and 0 < abs(value) < _TINY:
        return f"{value:.1e}"
    if kind == "share":
        return f"{_no_negative_zero(f'{100 * value:.1f}')}%"
    return _no_negative_zero(f"{value:,.{decimals(value, kind)}f}")


def _no_negative_zero(text: str) -> str:
    return text.removeprefix("-") if not text.strip("-0.,") else text


def rough(value: float, digits: int, error: float | None = None) -> str:
    """Return a number to so many significant digits, and to no digit below its standard error.

    Parameters
    ----------
    error : float, optional
        Such as a Monte Carlo error. 1,055,899 with an error of 4,000 is 1,056,000.
    """
    if value == 0:
        return "0"
    place = math.floor(math.log10(abs(value))) - digits + 1
    if error is not None and math.isfinite(error) and error > 0:
        place = max(place, math.floor(math.log10(error)))
    rounded = round(value, -place)
    return _no_negative_zero(f"{rounded:,.{max(0, -place)}f}").replace("-", "−")


def decimals(value: float, kind: Kind) -> int:
    """Return how many decimals a number of this kind is written with (of a share: of its per cents)."""
    if kind in _DECIMALS:
        return _DECIMALS[kind]
    if kind == "value":
        exponent = Decimal(f"{value:{_TYPED}}").normalize().as_tuple().exponent
        return max(0, -int(exponent))
    if value == 0:
        return 0
    places = 2 if abs(value) >= _PRICE else _SIGNIFICANT - 1 - math.floor(math.log10(abs(value)))
    return len(f"{value:.{places}f}".rstrip("0").partition(".")[2])


def number_format(value: float, kind: Kind) -> str:
    """Return the Excel number format under which a number reads as `display` writes it."""
    if kind == "number" and 0 < abs(value) < _TINY:
        return "0.0E+00"
    places = decimals(value, kind)
    tail = "." + "0" * places if places else ""
    if kind == "share":
        return f"0{tail}%"
    return ("0" if kind == "value" and isinstance(value, int) else "#,##0") + tail
