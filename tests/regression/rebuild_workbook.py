"""Build the workbook inputs/imforte_us.xlsx from its listing, or the listing from the workbook.

    python tests/regression/rebuild_workbook.py             listing -> workbook
    python tests/regression/rebuild_workbook.py --listing   workbook -> listing

The listing (imforte_us.csv), the sources and the cover stand beside this
script. Use --listing after someone edited the workbook, and read the
difference before committing it.
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
WORKBOOK = ROOT / "inputs" / "imforte_us.xlsx"
LISTING = HERE / "imforte_us.csv"
SOURCES = HERE / "imforte_us_sources.csv"
COVER = HERE / "imforte_us_cover.toml"


def build(workbook: Path = WORKBOOK) -> None:
    """Write the workbook from the listing, the sources and the cover."""
    text = tomllib.loads(COVER.read_text(encoding="utf-8"))
    cover = Cover(text["title"], text["subtitle"], tuple(text["paragraphs"]))
    write_workbook(workbook, read_listing(LISTING), read_sources(SOURCES), cover)


def list_inputs(listing: Path = LISTING, sources: Path = SOURCES) -> None:
    """Write the listing and the sources from the workbook."""
    raw = read_cells(WORKBOOK)
    raise_if_any(raw.problems)
    write_listing(to_listing(raw), listing)
    with sources.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(raw.sources)


def read_sources(path: Path) -> tuple[tuple[str, ...], ...]:
    """Read the list of sources, headers first."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return tuple(tuple(row) for row in csv.reader(file) if row)


def main(arguments: list[str]) -> int:
    """Run one of the two directions and say what was written."""
    if arguments not in ([], ["--listing"]):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        if arguments:
            list_inputs()
        else:
            build()
    except HemodelError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"wrote {LISTING if arguments else WORKBOOK}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
