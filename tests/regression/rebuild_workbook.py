"""Build the shipped workbooks from their listings, or the listings from the workbooks.

    python tests/regression/rebuild_workbook.py                     listings -> workbooks
    python tests/regression/rebuild_workbook.py --listing           workbooks -> listings
    python tests/regression/rebuild_workbook.py [--listing] NAME    one of them, for example imforte_us

For each workbook inputs/NAME.xlsx the listing (NAME.csv), the sources (NAME_sources.csv) and the cover
(NAME_cover.toml) stand beside this script. Use --listing after someone edited a workbook, and read the difference
before committing it.
"""

from __future__ import annotations

import csv
import sys
import tomllib
from pathlib import Path

from hemodel.errors import HemodelError, raise_if_any
from hemodel.inputs.cells import read_cells
from hemodel.inputs.listing import read_listing, to_listing, write_listing
from hemodel.inputs.writing import Cover, write_workbook

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NAMES = ("imforte_us", "imforte_england", "imforte_china", "teaching_three_strategies")
"""The shipped workbooks."""


def shipped(name: str) -> Path:
    """Return the path of a shipped workbook."""
    return ROOT / "inputs" / f"{name}.xlsx"


def listing(name: str) -> Path:
    """Return the path of the listing of a workbook."""
    return HERE / f"{name}.csv"


def build(name: str, workbook: Path) -> None:
    """Write a workbook from the listing, the sources and the cover of that name."""
    text = tomllib.loads((HERE / f"{name}_cover.toml").read_text(encoding="utf-8"))
    cover = Cover(text["title"], text["subtitle"], tuple(text["paragraphs"]))
    write_workbook(workbook, read_listing(listing(name)), read_sources(HERE / f"{name}_sources.csv"), cover)


def list_inputs(name: str) -> None:
    """Write the listing and the sources from a workbook."""
    raw = read_cells(shipped(name))
    raise_if_any(raw.problems)
    write_listing(to_listing(raw), listing(name))
    with (HERE / f"{name}_sources.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(raw.sources)


def read_sources(path: Path) -> tuple[tuple[str, ...], ...]:
    """Read the list of sources, headers first."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return tuple(tuple(row) for row in csv.reader(file) if row)


def main(arguments: list[str]) -> int:
    """Go one of the two ways for the workbooks named, or for all, and say what was written."""
    names = [argument for argument in arguments if argument != "--listing"] or list(NAMES)
    if not set(names) <= set(NAMES):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        for name in names:
            if "--listing" in arguments:
                list_inputs(name)
            else:
                build(name, shipped(name))
            sys.stdout.write(f"wrote {listing(name) if '--listing' in arguments else shipped(name)}\n")
    except HemodelError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
