"""Plant each bug of `mutants.toml` in a copy of the package, and see that its tests refuse it.

    python tests/regression/mutants.py [NAME ...]

A mutant has a file, a text that occurs once in it, what replaces the text, and the few tests that must then fail. The
tests are run on the copy without a bug first: one that fails there catches nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FAILED = 1
"""What pytest returns where tests ran and some failed; anything higher is no catch."""


@dataclass(frozen=True)
class Mutant:
    """One change of the package, and the tests that must refuse it."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def mutants() -> list[Mutant]:
    """Return every mutant, in the order of the file."""
    listed = tomllib.loads((HERE / "mutants.toml").read_text(encoding="utf-8"))["mutant"]
    return [Mutant(**{**entry, "tests": tuple(entry["tests"])}) for entry in listed]


def occurrences(mutant: Mutant) -> int:
    """Return how often the text of a mutant occurs in its file; it must be once."""
    path = ROOT / mutant.file
    return path.read_text(encoding="utf-8").count(mutant.old) if path.is_file() else 0


def run_tests(copy: Path, tests: tuple[str, ...], *, first: bool) -> tuple[int, list[str]]:
    """Run tests against a copy of the package; return what pytest returned, and the tests that failed.

    `first` ends at the first failure.
    """
    options = ["-n", "0", "-p", "no:cacheprovider", "-rfE", "--tb=no", *(["-x"] if first else [])]
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    command = [sys.executable, "-P", "-m", "pytest", *options, *tests]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    lines = [line.split(" ", 1) for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return done.returncode, [rest.split(" - ", 1)[0] for _, rest in lines]


def verdict(copy: Path, mutant: Mutant, broken: set[str]) -> str:
    """Return what came of one mutant: "caught by" a test, or why it was not."""
    found = occurrences(mutant)
    if found != 1:
        return f"LIVED: its text occurs {found} times in {mutant.file}, not once"
    path = copy / mutant.file
    text, times = path.read_text(encoding="utf-8"), path.stat()
    try:
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        code, failed = run_tests(copy, mutant.tests, first=not broken)
    finally:
        path.write_text(text, encoding="utf-8")
        os.utime(path, (times.st_atime, times.st_mtime))  # what was compiled from it is as new
    caught = [test for test in failed if test not in broken]
    if code > FAILED:
        return f"LIVED: its tests did not run (pytest returned {code})"
    return f"caught by {caught[0]}" if caught else "LIVED"


def main(names: list[str]) -> int:
    """Plant the mutants named, or all; return 1 where one lived."""
    listed = mutants()
    unknown = set(names) - {mutant.name for mutant in listed}
    if unknown:
        sys.stderr.write(f"no mutant has the name {', '.join(sorted(unknown))}\n")
        return 2
    chosen = [mutant for mutant in listed if not names or mutant.name in names]
    lived = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "hemodel", copy / "hemodel", ignore=shutil.ignore_patterns("__pycache__"))
        tests = tuple(dict.fromkeys(test for mutant in chosen for test in mutant.tests))
        code, failed = run_tests(copy, tests, first=False)
        sys.stdout.writelines(f"without a bug, {test} fails already\n" for test in failed)
        if code > FAILED:
            sys.stderr.write(f"the tests do not run on the package as it is (pytest returned {code})\n")
            return 1
        for mutant in chosen:
            said = verdict(copy, mutant, set(failed))
            lived += said.startswith("LIVED")
            sys.stdout.write(f"{mutant.name}: {said}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - lived} of {len(chosen)} caught\n")
    return int(lived > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
