"""Tables as text, for the console."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


WIDTH = 100
NO_BREAK_SPACE = "\u00a0"


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

    table = Table(box=box.ASCII2)
    for i, header in enumerate(headers):
        table.add_column(header, justify="left" if words or i == 0 else "right", no_wrap=i == 0)
    for row in rows:
        table.add_row(*row)
    text = StringIO()
    Console(file=text, width=width, markup=False, emoji=False).print(table)
    return text.getvalue().strip("\n")
