"""Everything the commands write about the shipped workbooks, and what a change of the code moved of it.

    python tests/regression/freeze.py write FOLDER [NAME ...]
    python tests/regression/freeze.py compare OLD NEW

`write` runs the commands below in FOLDER, with the package that Python finds first (set PYTHONPATH to another
checkout to freeze that one), and keeps what they wrote and printed; with a NAME (``run.imforte_us``) that one only.
`compare` holds the two folders side by side: every number and label of every JSON and CSV, to the last digit; every
line that was printed; and every number on the results sheet of the live models as LibreOffice calculates them, to 1e-9,
since LibreOffice gives 15 digits. What may differ stands in `EXCEPTIONS`.
"""

from __future__ import annotations

import csv
import json
import logging
import os
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from live.recalculation import number_or_text, recalculated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
NAMES = ("imforte_us", "imforte_england", "imforte_china", "teaching_three_strategies")
LIVE_SHEET, LIVE_TOLERANCE = "Model results", 1e-9
SHOWN = 60
"""Differences that are listed; the others are counted."""
EXCEPTIONS = (
    ("*/manifest.json", "made", "when it was made"),
    (
        "*/manifest.json",
        "outputs*",
        "the list of the files of a folder, which tells a user's own files from those of a run",
    ),
)
"""File, place in it (both may hold *) and why the values there may differ."""


def commands() -> dict[str, str]:
    """Return the arguments of every frozen command by its name, in the order in which they are run."""
    found: dict[str, str] = {}
    for name in NAMES:
        book = f"inputs/{name}.xlsx"
        found |= {
            f"run.{name}": f"run {book} --draws 1024 --seed 1 --out run.{name}/out",
            f"scenarios.{name}": f"scenarios {book} --out scenarios.{name}/out",
            f"dsa.{name}": f"dsa {book} --out dsa.{name}/out",
            f"budget.{name}": f"budget {book} --out budget.{name}/out",
            f"fit.{name}": f"fit {book} --out fit.{name}/out",
            f"report.{name}": f"report {book} --draws 512 --seed 1 --format html,docx --out report.{name}/out",
            f"excel.{name}": f"excel {book} --draws 100 --seed 1 -o excel.{name}/{name}.xlsx",
            f"check.{name}": f"check {book} --json",
            f"inputs.{name}": f"inputs {book} --json",
        }
    us, england, china, teaching = (f"inputs/{name}.xlsx" for name in NAMES)
    psa = "draws.us/out/psa"
    return found | {
        "diff.us_england": f"diff {us} {england} --out diff.us_england/out",
        "diff.england_china": f"diff {england} {china} --out diff.england_china/out",
        "diff.china_teaching": f"diff {china} {teaching} --out diff.china_teaching/out",
        "draws.us": f"run {us} --only psa --draws 512 --seed 1 --export-psa --keep-draws --out draws.us/out",
        "payer.england": f"run {england} --payer GB-ENG --draws 512 --seed 1 --out payer.england/out",
        "payer.china": f"report {china} --payer CN --draws 512 --seed 1 --format html --out payer.china/out",
        "sweep.all": f"sweep {us} {england} --scenario os_weibull --draws 512 --seed 1 --out sweep.all/out",
        "voi.us": f"voi --params {psa}/params.csv --costs {psa}/costs.csv --effects {psa}/effects.csv"
        f" --groups {psa}/groups.toml --wtp 150000 --wtp 500000 --out voi.us/out",
    }


def write(folder: Path, names: Sequence[str] = ()) -> None:
    """Run the commands and keep in the folder what they wrote and printed; live models are also calculated."""
    folder.mkdir(parents=True, exist_ok=True)
    for data in ("inputs", "scenarios"):
        shutil.copytree(ROOT / data, folder / data, dirs_exist_ok=True)
    chosen = {name: text for name, text in commands().items() if not names or name in names}
    first = {name: text for name, text in chosen.items() if not name.startswith("voi.")}
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(lambda item: _run(folder, *item), first.items()))
    for name, text in chosen.items():
        if name not in first:
            _run(folder, name, text)
    books = [folder / name / f"{name.removeprefix('excel.')}.xlsx" for name in chosen if name.startswith("excel.")]
    if books:
        shutil.rmtree(folder / "recalculated", ignore_errors=True)
        for stem, book in recalculated(books, folder / "recalculated").items():
            (folder / f"excel.{stem}" / "live.json").write_text(json.dumps(book.sheet(LIVE_SHEET)), encoding="utf-8")
    for data in ("inputs", "scenarios", "recalculated"):
        shutil.rmtree(folder / data, ignore_errors=True)


def _run(folder: Path, name: str, text: str) -> None:
    target = folder / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    environment = os.environ | {"COLUMNS": "120", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "hemodel", *shlex.split(text)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    (target / "printed.txt").write_text(f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}", encoding="utf-8")


def compare(old: Path, new: Path) -> list[str]:
    """Return the differences of two frozen folders: file, place, and both values."""
    files = sorted({p.relative_to(base) for base in (old, new) for p in base.rglob("*") if p.suffix in _READERS})
    found = []
    for file in files:
        if not (old / file).exists() or not (new / file).exists():
            found.append(f"{file}: only in {'the new' if (new / file).exists() else 'the old'} folder")
            continue
        read = _READERS[file.suffix]
        for place, left, right in _differences(read(old / file), read(new / file)):
            live = file.name == "live.json" and _close(left, right)
            if not live and not any(fnmatchcase(str(file), f) and fnmatchcase(place, p) for f, p, _ in EXCEPTIONS):
                found.append(f"{file}: {place}: {left!r} -> {right!r}")
    return found


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _csv(path: Path) -> Any:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _lines(path: Path) -> Any:
    return path.read_text(encoding="utf-8").splitlines()


_READERS = {".json": _json, ".csv": _csv, ".txt": _lines, ".toml": _lines}
_ABSENT = "(absent)"


def _differences(old: Any, new: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Give every place where two values differ; the order of keys counts for nothing, that of lists does."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _differences(old.get(key, _ABSENT), new.get(key, _ABSENT), f"{place}.{key}".lstrip("."))
    elif isinstance(old, list) and isinstance(new, list):
        for number, (left, right) in enumerate(zip_longest(old, new, fillvalue=_ABSENT)):
            yield from _differences(left, right, f"{place}[{number}]")
    elif type(old) is not type(new) or repr(old) != repr(new):
        yield place, old, new


def _close(old: Any, new: Any) -> bool:
    """Return whether two cells of a live model hold the same number but for the digits that LibreOffice gives."""
    left, right = number_or_text(str(old)), number_or_text(str(new))
    if isinstance(left, str) or isinstance(right, str):
        return False
    return abs(left - right) <= LIVE_TOLERANCE * max(1.0, abs(left))


def main() -> int:
    """Write or compare, as asked; 1 where the folders differ."""
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    log = logging.getLogger(__name__)
    match sys.argv[1:]:
        case ["write", folder, *names]:
            write(Path(folder).resolve(), names)
            return 0
        case ["compare", old, new]:
            found = compare(Path(old), Path(new))
            log.info("\n".join(found[:SHOWN]))
            log.info("%d differences", len(found))
            return int(bool(found))
    log.info(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
