"""Tables as text, for the console."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


WIDTH = 80
NO_BREAK_SPACE = "\u00a0"


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
    """Return a table as text, the first column to the left and in one line, the others (unless words) to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, header in enumerate(headers):
        table.add_column(header, justify="left" if words or i == 0 else "right")
    for row in rows:
        table.add_row(*row)
    text = StringIO()
    Console(file=text, width=width).print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().split("\n")).strip("\n")
