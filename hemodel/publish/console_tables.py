"""Tables as text, for the console."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


WIDTH = 80
NO_BREAK_SPACE = "\u00a0"
GAP = 3
"""Signs between two columns."""


def wrapped(text: str) -> str:
    """Return a sentence in lines of the width of the screen; a table, which has lines already, as it is."""
    import textwrap

    lines = (
        text.split("\n")
        if "\n" in text
        else textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False) or [text]
    )
    return "\n".join(lines).replace(NO_BREAK_SPACE, " ")


def plain_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return columns of text under their headers, without lines: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (headers, *rows)) for i in range(len(headers))]
    lines = []
    for first, *others in (headers, *rows):
        cells = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
        lines.append("   ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)


def text_table(headers: Sequence[str], rows: Iterable[Sequence[str]], width: int, *, words: bool = False) -> str:
    """Return a table as text, the first column to the left, the others (unless words) to the right.

    Where the longest words of its columns do not stand side by side, each row becomes a list instead.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    rows = [tuple(text.replace(NO_BREAK_SPACE, " ") for text in row) for row in rows]
    columns = list(zip(headers, *rows, strict=True))
    room = width - GAP * len(columns)
    widths = _widths(columns, room)
    if sum(widths) > room:
        return _lists(headers, rows, width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, (header, own) in enumerate(zip(headers, widths, strict=True)):
        table.add_column(header, justify="left" if words or i == 0 else "right", width=own)
    for row in rows:
        table.add_row(*row)
    text = StringIO()
    Console(file=text, width=width, markup=False, emoji=False).print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().split("\n")).strip("\n")


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return the width of each column: of its longest text; where there is no room, the widest give way to a word."""
    from rich.cells import cell_len

    widths = [max(cell_len(text) for text in column) for column in columns]
    words = [max(cell_len(word) for text in column for word in text.split() or [""]) for column in columns]
    while sum(widths) > room and widths != words:
        widest = max(range(len(widths)), key=lambda i: (widths[i] > words[i], widths[i]))
        widths[widest] -= 1
    return widths


def _lists(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """Return each row as its first cell and, below it, the others with their headings."""
    import textwrap

    lines = []
    for first, *others in rows:
        told = "; ".join(f"{header} {text}" for header, text in zip(headers[1:], others, strict=True) if text)
        lines.append(f" {first}")
        lines += textwrap.wrap(told, width, initial_indent="   ", subsequent_indent="   ", break_on_hyphens=False)
    return "\n".join(lines)
