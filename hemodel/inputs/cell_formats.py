"""How the cells of an input workbook look and what they accept.

What the cells of an input workbook accept while a person edits them.
"""

from __future__ import annotations

import csv
import math
import re
import textwrap
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from hemodel.fonts import line_width
from hemodel.inputs.dictionary import LISTS, Kind, columns, match

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from hemodel.inputs.cells import Scalar


FONT: Mapping[str, object] = {"font_name": "Arial", "font_size": 10, "font_scheme": "none"}
INK = "#1F3A5F"
GREY = "#7F7F7F"
LINE = "#D9D9D9"
BAND = "#7F93AD"
INPUT = "#FFF9DB"
INFORMATION = "#E3EAF3"
UNUSED = "#F2F2F2"
ASSUMPTION = "#FCE4D6"
MISSING = "#FF9C9C"

WIDTHS = {
    "id": 24.0,
    "label": 24.0,
    "value": 12.0,
    "unit": 21.0,
    "distribution": 16.0,
    "time": 13.0,
    "time_origin": 13.0,
    "use_in_fit": 13.0,
    "range_basis": 36.0,
    "source": 60.0,
    "note": 50.0,
}
_NARROW = 11.0
_SOME_WORDS = "a sentence of a few words in all"
_WIDEST = {"id": 44.0, "label": 40.0, "value": 46.0, "versus": 40.0}
_WIDE_VALUES = 30.0
_NUMBERS = ("value", "low", "high", "se", "n", "time", "time_origin", "p_value", "events")
_CENTRED = ("distribution", "versus", "use_in_fit")
WRAPPED = ("id", "label", "value", "unit", "range_basis", "source", "note")


@cache
def sheet_titles() -> dict[str, str]:
    """Return the title of every input sheet by its name."""
    text = files("hemodel.inputs").joinpath("data", "sheets.csv").read_text(encoding="utf-8")
    return {row["sheet"]: row["title"] for row in csv.DictReader(text.splitlines())}


@dataclass
class Formats:
    """The formats of one workbook; each set of properties is made once."""

    book: Workbook
    made: dict[tuple[tuple[str, object], ...], Format] = field(default_factory=dict)

    def get(self, **properties: object) -> Format:
        """Return the format with these properties, in the house font unless they say otherwise."""
        full: dict[str, object] = {**FONT, "valign": "vcenter", **properties}
        key = tuple(sorted(full.items()))
        if key not in self.made:
            self.made[key] = self.book.add_format(full)
        return self.made[key]


def write_value(page: Worksheet, at: tuple[int, int], value: Scalar, style: Format) -> None:
    """Write one cell; text is always text, whatever it begins with."""
    if value is None:
        page.write_blank(*at, None, style)
    elif isinstance(value, bool):
        page.write_boolean(*at, value, style)
    elif isinstance(value, str):
        page.write_string(*at, value, style)
    else:
        page.write_number(*at, value, style)


def role(kind: Kind | None, column: str, value: Scalar) -> str:
    """Return what a cell is for.

    Returns
    -------
    str
        `text` (id, label, unit, source and the like), `input`, `information`
        (kept for the record, the model does not use it) or `unused` (the column
        says nothing about this kind of row).
    """
    if column in {"id", "label", "unit", "range_basis", "source", "note"}:
        return "text"
    if value is None and (kind is None or not _applies(kind, column)):
        return "unused"
    return "information" if kind is not None and _for_the_record(kind) else "input"


def _for_the_record(kind: Kind) -> bool:
    return kind.pattern.startswith(("trial.reported.", "external."))


def _applies(kind: Kind, column: str) -> bool:
    """Whether a column can say something about this kind of row."""
    if _for_the_record(kind):
        landmark = {"time", "time_origin"} if "landmark" in kind.fields else set()
        return column in {"value", "low", "high", "n"} | landmark
    fitted_ratio = kind.varies == "fit" and kind.unit == "ratio"
    return {
        "value": True,
        "low": kind.varies != "no",
        "high": kind.varies != "no",
        "se": kind.varies in {"yes", "fit"},
        "distribution": bool(kind.distributions),
        "n": kind.varies in {"yes", "fit"} and kind.unit == "proportion",
        "time": "landmark" in kind.fields,
        "versus": fitted_ratio,
        "p_value": fitted_ratio,
        "events": fitted_ratio,
        "use_in_fit": kind.varies == "fit",
    }.get(column, False)


def alignment(column: str, width: float) -> str:
    """Return how a column is aligned; a column of values that holds long texts reads as text."""
    if column in _NUMBERS:
        return "left" if column == "value" and width > _WIDE_VALUES else "right"
    return "center" if column in _CENTRED else "left"


def header_format(formats: Formats, column: str, width: float) -> Format:
    """Return the format of the header of a column."""
    align = alignment(column, width)
    style = {"bold": True, "font_color": "#FFFFFF", "bg_color": INK, "text_wrap": True, "border": 1}
    indent = 1 if align == "left" and column != "id" else 0
    return formats.get(border_color=BAND, align="center" if align == "right" else align, indent=indent, **style)


def cell_format(formats: Formats, column: str, kind: Kind | None, use: str, width: float, band: bool) -> Format:
    """Return the format of one cell of an input sheet.

    Parameters
    ----------
    formats : Formats
        The formats of the workbook.
    column : str
        Machine name of the column.
    kind : Kind or None
        The kind of input that the row holds; None where its id is unknown.
    use : str
        What the cell is for, as `role` says.
    width : float
        Width of the column. [Excel's units]
    band : bool
        Whether the row begins another drug, strategy, event or the like.
    """
    align = alignment(column, width)
    properties: dict[str, Any] = {"border": 1, "border_color": LINE, "align": align, **_TEXT_LOOKS.get(column, {})}
    if use in _FILLS:
        properties |= {"bg_color": _FILLS[use], "text_wrap": column == "value"}
    if column in {"value", "low", "high", "se"}:
        properties["num_format"] = number_format(kind, column)
    if align == "left" and column != "id":
        properties["indent"] = 1
    if band:
        properties |= {"top": 2, "top_color": BAND}
    return formats.get(**properties)


_FILLS = {"input": INPUT, "information": INFORMATION, "unused": UNUSED}
_TEXT_LOOKS: dict[str, dict[str, Any]] = {
    "id": {"font_name": "Courier New", "font_size": 8, "font_color": GREY, "text_wrap": True},
    "label": {"text_wrap": True},
    "unit": {"font_size": 9, "font_color": GREY, "italic": True, "text_wrap": True},
    "range_basis": {"font_size": 9, "text_wrap": True},
    "source": {"font_size": 9, "text_wrap": True},
    "note": {"font_size": 9, "font_color": "#595959", "text_wrap": True},
}


def number_format(kind: Kind | None, column: str = "value") -> str:
    """Return the number format of a kind of input: enough places for its unit, and never fewer than were typed."""
    if kind is None or not kind.numeric:
        return "General"
    if kind.type == "integer":
        return "0" if column == "value" else "General"
    if kind.unit.startswith("currency"):
        return "#,##0.00######"
    if kind.unit in {"proportion", "ratio", "utility"}:
        return "0.000#######"
    return "0.0########" if kind.unit == "months" else "General"


def shown_text(value: Scalar, kind: Kind | None, column: str) -> str:
    """Return about what a cell shows, to judge how much room it needs."""
    if value is None:
        return ""
    if isinstance(value, (int, float)) and number_format(kind, column).startswith("#,##0"):
        return f"{value:,.2f}"
    return f"{value:.3f}" if isinstance(value, float) and len(repr(value)) < len("0.000") else str(value)


def expected_text(value: Scalar, kind: Kind | None, column: str) -> str:
    """Return about what a cell shows once it is filled in: a text, where one belongs in an empty value."""
    to_come = value is None and column == "value" and kind is not None and kind.type == "text"
    return _SOME_WORDS if to_come else shown_text(value, kind, column)


def column_width(column: str, texts: Iterable[str]) -> float:
    """Return the width of a column that shows these texts, in Excel's units (about one digit each)."""
    usual = WIDTHS.get(column, _NARROW)
    if column not in _WIDEST:
        return usual
    longest = max((text_width(text, column) for text in texts), default=0.0)
    return min(max((longest + _PADDING) / _PIXELS_PER_UNIT + 1, usual), _WIDEST[column])


def row_height(texts: dict[str, str], widths: dict[str, float]) -> float:
    """Return the height at which the wrapped texts of a row are visible, in points."""
    return height_of(max([1, *(line_count(texts[name], widths[name], name) for name in WRAPPED if name in texts)]))


def height_of(lines: int) -> float:
    """Return the height of so many lines of text, in points."""
    return min(lines * _LINE_HEIGHT + 5, _TALLEST)


def line_count(text: str, width: float, column: str = "label") -> int:
    """Return on how many lines a text stands when wrapped at the width of its column."""
    room = width * _PIXELS_PER_UNIT - _PADDING
    lines = 0
    for paragraph in text.split("\n"):
        used, lines = 0.0, lines + 1
        for word in re.findall(r"[^\s-]+-*\s*|\s+|-+", paragraph):
            size = text_width(word.rstrip(), column)
            if used and used + size > room:
                used, lines = 0.0, lines + 1
            lines += max(math.ceil(size / room) - 1, 0)
            used += text_width(word, column) % room if size > room else text_width(word, column)
    return lines


def text_width(text: str, column: str = "label") -> float:
    """Return about how wide a text is in the font of a column, in pixels, and rather too wide than too narrow."""
    if column == "id":
        return len(text) * _FIXED_PITCH
    size = float(_TEXT_LOOKS.get(column, {}).get("font_size", 10)) * _PIXELS_PER_POINT
    return size * _MARGIN * line_width(text)


_PIXELS_PER_POINT = 96 / 72
_PIXELS_PER_UNIT = 7.0
_PADDING = 18.0
_FIXED_PITCH = 7.0
_MARGIN = 1.05
_LINE_HEIGHT = 13.0
_TALLEST = 409.0


@dataclass(frozen=True)
class RowNames:
    """The names that rows give to strategies, endpoints and kinds of administration."""

    strategy: tuple[str, ...]
    endpoint: tuple[str, ...]
    administration: tuple[str, ...]


def names_in(rows: Iterable[dict[str, Scalar]]) -> RowNames:
    """Return the names that a reference can point to, in the order of the rows."""
    found: dict[str, dict[str, None]] = {"strategy": {}, "endpoint": {}, "administration": {}}
    groups = {"strategy": "strategy", "curve": "endpoint", "administration": "administration"}
    for row in rows:
        hit = match(str(row["id"]))
        if hit is not None and hit[0].group in groups:
            name = groups[hit[0].group]
            found[name][hit[1][name]] = None
    return RowNames(**{name: tuple(values) for name, values in found.items()})


@dataclass(frozen=True)
class Choices:
    """What the drop-downs of one workbook offer."""

    names: RowNames
    long: tuple[tuple[str, ...], ...] = ()
    """Lists too long for a cell, each in a column of the sheet `LISTS`, headers in row 1."""

    def source(self, choices: tuple[str, ...]) -> list[str] | str:
        """Return the choices themselves, or the range that holds them."""
        if choices not in self.long:
            return list(choices)
        column = chr(ord("A") + self.long.index(choices))
        return f"={LISTS}!${column}$2:${column}${len(choices) + 1}"


def choices_in(rows: Iterable[dict[str, Scalar]]) -> Choices:
    """Return what the drop-downs of these rows offer."""
    names = names_in(rows)
    lists = (names.strategy, names.endpoint, names.administration)
    return Choices(names, tuple(choices for choices in lists if _too_long(choices)))


def _too_long(choices: tuple[str, ...]) -> bool:
    return len(",".join(choices)) > _LONGEST


def validation(kind: Kind, column: str, offered: Choices) -> dict[str, Any]:
    """Return the XlsxWriter options of the check that Excel makes while a cell is edited."""
    title = kind.label if column == "value" else columns()[column].header
    meaning = (kind.definition if column == "value" else columns()[column].definition).rstrip(".") + "."
    choices, (minimum, maximum) = _choices(kind, column, offered.names), _bounds(kind, column)
    rule: dict[str, Any] = {"validate": "any"}
    if choices:
        rule = {"validate": "list", "source": offered.source(choices)}
        if column == "value" and kind.type == "formula":
            rule["error_type"] = "information"
    elif columns()[column].type == "number" or (column == "value" and kind.numeric):
        whole = column == "value" and kind.type == "integer"
        rule = {"validate": "integer" if whole else "decimal", **_limits(minimum, maximum)}
    expected = _expected(rule)
    return {
        **rule,
        "input_title": textwrap.shorten(title, 32, placeholder="..."),
        "input_message": textwrap.shorten(f"{meaning} {expected}", _LONGEST, placeholder="..."),
        "error_title": "This cannot be used",
        "error_message": textwrap.shorten(f"{expected} {title}: {meaning}", _LONGEST, placeholder="..."),
    }


_LONGEST = 255
_HUGE = 1e12


def _choices(kind: Kind, column: str, names: RowNames) -> tuple[str, ...]:
    if column == "distribution":
        return kind.distributions
    if column == "versus":
        return names.strategy
    if column != "value":
        return columns()[column].choices
    if kind.type == "reference":
        lists = {"strategy": names.strategy, "endpoint": names.endpoint, "administration": names.administration}
        return lists[kind.choices[0]]
    return kind.choices


def _bounds(kind: Kind, column: str) -> tuple[float | None, float | None]:
    if column in {"value", "low", "high"}:
        return kind.minimum, kind.maximum
    return columns()[column].minimum, columns()[column].maximum


def _limits(minimum: float | None, maximum: float | None) -> dict[str, Any]:
    if maximum is None:
        return {"criteria": ">=", "value": _plain(-_HUGE if minimum is None else minimum)}
    return {
        "criteria": "between",
        "minimum": _plain(-_HUGE if minimum is None else minimum),
        "maximum": _plain(maximum),
    }


def _expected(rule: dict[str, Any]) -> str:
    """Say in words what a check accepts."""
    if rule["validate"] == "any":
        return ""
    if isinstance(rule.get("source"), str):
        return "Choose a name from the list."
    if rule["validate"] == "list":
        return f"Choose one of: {', '.join(rule['source'])}."
    noun = "a whole number" if rule["validate"] == "integer" else "a number"
    if rule["criteria"] == "between":
        return f"Enter {noun} from {rule['minimum']} to {rule['maximum']}."
    return f"Enter {noun}." if rule["value"] == _plain(-_HUGE) else f"Enter {noun}, {rule['value']} or more."


def _plain(number: float) -> float | int:
    return int(number) if number.is_integer() else number
