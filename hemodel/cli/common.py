"""What the commands share: the application, arguments, messages for what the user can mend, and progress.

Exit codes: 0 done, 1 bad input, 2 bad usage; 130 ended by Ctrl-C (`hemodel.interrupts`).
"""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hemodel.inputs.changes import Change

BAD_INPUT = 1
BAD_USAGE = 2
DRAWS_STORED = 1000
"""Draws in a live model unless --draws says otherwise."""

IN_ORDER = (
    *("template", "check", "inputs", "run", "fit", "scenarios", "dsa", "report", "excel", "diff"),
    *("payers", "budget", "voi", "sweep", "fit-ipd", "reconstruct", "schema"),
)
"""Commands in the order of work."""


class Commands(TyperGroup):
    """The commands, listed in the order in which one needs them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return their names in that order; any other comes last."""
        return sorted(super().list_commands(ctx), key=lambda name: ([*IN_ORDER, name].index(name), name))


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Partitioned-survival cost-effectiveness models for oncology, driven by Excel.",
)

Workbook = Annotated[Path, typer.Argument(metavar="WORKBOOK", help="An input workbook (.xlsx).")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="ID=VALUE", help="Change an input by its id; can be repeated."),
]
ScenarioNames = Annotated[
    list[str] | None,
    typer.Option("--scenario", metavar="NAME", help="Run everything under this scenario; can be repeated."),
]

Payers = Annotated[
    list[str] | None,
    typer.Option("--payer", metavar="CODE", help="Apply a payer's reference case (a code, or a .toml); repeatable."),
]

Scheduler = Annotated[str, typer.Option(metavar="ADDRESS", help="Draw on the workers of this Dask scheduler.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Draw in so many processes of this machine.")]

OnePayer = Annotated[
    str, typer.Option("--payer", metavar="CODE", help="Apply a payer's reference case (a code, or a .toml).")
]


def suffix(payer: str, workbook: Path, ending: str) -> str:
    """Return the end of an output folder's name: the payer's code, where there is one, and what the outputs are."""
    from hemodel.payers.reading import find_profile

    return f"_{find_profile(payer, workbook).profile.code}{ending}" if payer else ending


def changes(pairs: list[str] | None) -> tuple[Change, ...]:
    """Read the changes of --set."""
    from hemodel.errors import UsageError
    from hemodel.inputs.changes import COMMAND_LINE, Change

    found = []
    for pair in pairs or ():
        id_, equals, value = pair.partition("=")
        if not equals or not id_.strip():
            raise UsageError(f"--set {pair}: write ID=VALUE, for example --set utility.progressed=0.55")
        found.append(Change(id_.strip(), value.strip() or None, COMMAND_LINE))
    return tuple(found)


def command() -> str:
    """Return the command line as it was given."""
    return shlex.join(["hemodel", *sys.argv[1:]])


@contextmanager
def errors() -> Iterator[None]:
    """Turn what the user can mend into a message and an exit code."""
    from hemodel.errors import HemodelError, InputError, UsageError

    try:
        yield
    except UsageError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(BAD_USAGE) from error
    except InputError as error:
        from hemodel.publish.console import problem_list

        typer.echo(problem_list(error.problems), err=True)
        raise typer.Exit(BAD_INPUT) from error
    except HemodelError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from error


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None] | None]:
    """Give a function that shows progress; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(part: str, done: int, total: int) -> None:
            if part not in tasks:
                tasks[part] = bars.add_task(part, total=total)
            bars.update(tasks[part], completed=done)

        yield show
