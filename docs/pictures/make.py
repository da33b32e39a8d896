"""Make the pictures of the pages anew: `python docs/pictures/make.py`, which needs Chromium, LibreOffice and Poppler.

It runs commands of the pages, takes charts from what they wrote, photographs the first screen of the report, and sets
a page of the live model and one of a dossier.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
INPUTS = HERE.parents[1] / "inputs"
SCREEN = (1280, 800)
COLOURS = 128
"""Of a picture: enough for charts and pages, and a quarter of the size."""
PAGES = {"live_model": 2, "dossier": 1}
"""Which page of a file is shown: the results of the live model, the answer of the dossier."""
CHARTS = {
    "us": (
        *("survival_curves", "tornado_nmb", "ceac", "ce_plane", "cost_breakdown", "scenarios", "two_way", "price_icer"),
        *("occupancy", "study_wtp"),
    ),
    "england": ("budget_impact",),
    "fit": ("extrapolation_os", "hazards_os"),
}


def main() -> None:
    """Run the examples and put their pictures beside this file."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        us, england = INPUTS / "imforte_us.xlsx", INPUTS / "imforte_england.xlsx"
        hemodel("run", us, "--out", work / "us")
        hemodel("run", england, "--payer", "GB-ENG", "--out", work / "england")
        hemodel("fit", us, "--out", work / "fit")
        hemodel("excel", us, "-o", work / "live_model.xlsx")
        hemodel("report", england, "--payer", "GB-ENG", "--format", "docx", "--out", work / "dossier")
        for folder, charts in CHARTS.items():
            for chart in charts:
                save(next((work / folder).rglob(f"{chart}.png")), chart)
        photograph(work / "us" / "report.html", work)
        files = {"live_model": work / "live_model.xlsx", "dossier": next((work / "dossier").rglob("dossier.docx"))}
        for shown, page in PAGES.items():
            set_page(files[shown], page, shown, work)


def hemodel(*arguments: str | Path) -> None:
    """Run a command."""
    subprocess.run([sys.executable, "-m", "hemodel", *arguments], check=True)


def save(made: Path, name: str) -> None:
    """Save a picture beside this file, in few colours."""
    with Image.open(made) as whole:
        whole.convert("RGB").quantize(COLOURS).save(HERE / f"{name}.png", optimize=True)


def photograph(page: Path, work: Path) -> None:
    """Save the first screen of the report."""
    width, height = SCREEN
    command = [
        *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        *(f"--user-data-dir={work / 'chromium'}", f"--window-size={width},{height}"),
        *(f"--screenshot={work / 'report.png'}", page.as_uri()),
    ]
    subprocess.run(command, check=True, capture_output=True)
    save(work / "report.png", "report")


def set_page(file: Path, page: int, name: str, work: Path) -> None:
    """Save one page of a file as LibreOffice sets it."""
    kind = "writer_pdf_Export" if file.suffix == ".docx" else "calc_pdf_Export"
    pages = f'pdf:{kind}:{{"PageRange":{{"type":"string","value":"{page}"}}}}'
    profile = f"-env:UserInstallation={(work / 'office').as_uri()}"
    command: list[str | Path] = ["soffice", "--headless", profile, "--convert-to", pages, "--outdir", work, file]
    subprocess.run(command, check=True, capture_output=True)
    command = ["pdftoppm", "-r", "110", "-png", "-singlefile", work / f"{file.stem}.pdf", work / name]
    subprocess.run(command, check=True, capture_output=True)
    save(work / f"{name}.png", name)


if __name__ == "__main__":
    main()
