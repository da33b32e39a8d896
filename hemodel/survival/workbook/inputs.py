"""What the modules of this package need to know of a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hemodel.inputs.cells import RawWorkbook
    from hemodel.inputs.rows import Row


class Inputs(Protocol):
    """A workbook that was read: its rows, where it is, and its sheets of data."""

    @property
    def rows(self) -> Mapping[str, Row]:
        """Checked rows by id."""
        ...

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def raw(self) -> RawWorkbook:
        """Its cells as they stand."""
        ...
