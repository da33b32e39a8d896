"""Make the pictures of the pages anew: `python docs/pictures/make.py`, which needs Chromium.

It runs the first command of the README, takes charts from what was written, and photographs the first screen of the
report.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
WORKBOOK = HERE.parents[1] / "inputs" / "imforte_us.xlsx"
CHARTS = ("survival_curves", "tornado_nmb", "ceac", "ce_plane", "cost_breakdown", "scenarios", "two_way", "price_icer")
SCREEN = (1280, 800)


def main() -> None:
    """Run the example and put its pictures beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        subprocess.run([sys.executable, "-m", "hemodel", "run", WORKBOOK, "--out", out], check=True)
        for name in CHARTS:
            shutil.copyfile(out / "figures" / f"{name}.png", HERE / f"{name}.png")
        photograph(out / "report.html", HERE / "report.png", Path(folder) / "profile")


def photograph(page: Path, picture: Path, profile: Path) -> None:
    """Save the first screen of a page."""
    width, height = SCREEN
    command = [
        *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        *(f"--user-data-dir={profile}", f"--window-size={width},{height}", f"--screenshot={picture}", page.as_uri()),
    ]
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()
