"""Figures without ink, for tests of commands: drawing takes most of the time of a run, and other tests look at it.

Figures are made, named and put in place as ever; instead of drawing one, a file of one dot is written, by this process.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from hemodel.publish import saving

if TYPE_CHECKING:
    from collections.abc import Iterator

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1"/></svg>\n'


def _dot(_: Figure, path: str | Path, **__: object) -> None:
    Path(path).write_bytes(PNG if str(path).endswith(".png") else SVG)


@pytest.fixture(scope="module", autouse=True)
def figures_without_ink(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave figures undrawn, but in modules of tests that say `FIGURES_ARE_DRAWN = True`."""
    if getattr(request.module, "FIGURES_ARE_DRAWN", False):
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", _dot)
        patch.setattr(ConstrainedLayoutEngine, "execute", lambda *_: None)
        patch.setattr(saving, "available_cores", lambda: 1)
        yield
