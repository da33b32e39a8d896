"""Measure the live model: its size, the time to write it, and the time LibreOffice takes to calculate and save it.

    python benchmarks/live_model.py            medians of three
    python benchmarks/live_model.py --quick    each once

The shipped workbook by weeks, over 10 years with 1,000 draws and over 40 years with 20. An empty workbook is converted
beside them: what is above its time is the model's. Nothing is asserted; without LibreOffice nothing is measured.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import xlsxwriter

from hemodel.analyses.options import Options
from hemodel.inputs.changes import Change
from hemodel.live_model.excel import write_live_model

WORKBOOK = Path(__file__).parents[1] / "inputs" / "imforte_us.xlsx"
REPEATS = 1 if "--quick" in sys.argv else 3
MODELS = ((10, 1000), (40, 20))
"""Years and draws."""
PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
"""Recalculates every formula when a file is opened."""


def recalculation_seconds(path: Path, folder: Path) -> float:
    """Return the median time in which LibreOffice starts, opens, recalculates and saves a workbook."""
    profile = folder / "profile" / "user" / "registrymodifications.xcu"
    profile.parent.mkdir(parents=True, exist_ok=True)
    profile.write_text(PROFILE, encoding="utf-8")
    command = ["soffice", f"-env:UserInstallation=file://{folder / 'profile'}", "--headless", "--convert-to", "xlsx"]
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        subprocess.run([*command, "--outdir", str(folder / "out"), str(path)], check=True, capture_output=True)  # noqa: S603
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def written(years: int, draws: int, folder: Path) -> tuple[Path, float]:
    """Write a live model over some years; return it and the seconds that took."""
    path = folder / f"years_{years}.xlsx"
    changes = (Change("settings.time_horizon", years, "benchmark"),)
    start = time.perf_counter()
    write_live_model(path, WORKBOOK, Options(changes, (), ("base", "dsa"), draws, None), replace=False)
    return path, time.perf_counter() - start


def main() -> None:
    """Print a line for each model."""
    if shutil.which("soffice") is None:
        print("live model: LibreOffice was not found, nothing is measured")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty = folder / "empty.xlsx"
        book = xlsxwriter.Workbook(empty)
        book.add_worksheet()
        book.close()
        recalculation_seconds(empty, folder)
        start = recalculation_seconds(empty, folder)
        print(f"live model; LibreOffice takes {start:.1f} s for an empty workbook, which is taken off")
        for years, draws in MODELS:
            path, seconds = written(years, draws, folder)
            own = recalculation_seconds(path, folder) - start
            size = path.stat().st_size / 1e6
            print(
                f"  {years} years by weeks, {draws:5,} draws: {size:5.2f} MB, written in {seconds:4.1f} s,"
                f" opened, recalculated and saved in {own:5.1f} s"
            )


if __name__ == "__main__":
    main()
