"""Payers: the list of profiles, one in full or as a file, and runs for them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hemodel.cli.common import app, errors, progress, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.cli.running import Job


@app.command()
def payers(
    code: Annotated[str | None, typer.Argument(metavar="CODE", help="A payer, or a profile file (.toml).")] = None,
    out: Annotated[Path | None, typer.Option(help="Write a copy to edit (.toml).")] = None,
) -> None:
    """List the reference cases of payers, or print one."""
    with errors():
        from hemodel.errors import UsageError
        from hemodel.payers.reading import all_profiles, find_profile
        from hemodel.publish.console_payers import payer_list, profile_text

        if code is None:
            if out is not None:
                raise UsageError("--out needs a payer, for example hemodel payers GB-ENG --out mine.toml")
            say(payer_list(all_profiles()))
            return
        found = find_profile(code)
        if out is None:
            say(profile_text(found))
            return
        from hemodel.publish.patient_files import write_new

        write_new(out, found.text)
        say(f"Written to {out}. Edit it and run hemodel run WORKBOOK --payer {out}")


def run_for_payers(asked: Job, names: Sequence[str], out: Path | None, jobs: int | None) -> str:
    """Run for each payer and return what to print.

    One payer writes to `out` or outputs/<workbook>_<CODE>/, several to a folder each, in `out` where it is given.
    """
    from hemodel.analyses.shared import staged
    from hemodel.cli.running import run_several, run_shown
    from hemodel.errors import UsageError, raise_if_any
    from hemodel.payers.reading import find_profiles, twice
    from hemodel.publish.bundle import default_folder
    from hemodel.publish.console_payers import payer_lines

    workbook = asked.workbook
    codes = [found.profile.code for found in find_profiles(names, workbook)]
    raise_if_any(twice(codes))
    several = len(codes) > 1
    if several and (asked.options.scheduler or asked.options.workers or asked.keep_draws):
        raise UsageError("--scheduler, --workers and --keep-draws are for one payer at a time; several run with --jobs")
    if out is None:
        targets = [default_folder(workbook, f"_{code}") for code in codes]
    else:
        targets = [out / code for code in codes] if several else [out]
    runs = [
        replace(asked, options=replace(asked.options, payer=name), target=target)
        for name, target in zip(names, targets, strict=True)
    ]
    if not several:
        return run_shown(runs[0])
    with progress() as shown:
        written = staged(shown, "runs for payers", lambda: run_several(runs, jobs or os.cpu_count() or 1))
    return payer_lines([one.line for one in written if one.line is not None])
