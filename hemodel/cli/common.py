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

from hemodel import interrupts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress, TaskID

    from hemodel.inputs.changes import Change

BAD_INPUT = 1
BAD_USAGE = 2
DRAWS_STORED = 1000
"""Draws in a live model unless --draws says otherwise."""
MOST_STORED = 100_000
"""Draws in a live model: a row each, which a program of tables still opens."""

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

MOST_DRAWS = 100_000_000
"""As in the dictionary of inputs, as is the largest seed."""
Draws = Annotated[int | None, typer.Option(min=2, max=MOST_DRAWS, help="Draws of the probabilistic analysis.")]
Seed = Annotated[int | None, typer.Option(min=0, max=10**15, help="Seed of the random numbers.")]

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
    from hemodel.formats import visible
    from hemodel.inputs.changes import COMMAND_LINE, Change

    found = []
    for pair in pairs or ():
        id_, equals, value = pair.partition("=")
        if not equals or not id_.strip():
            raise UsageError(f"--set {pair}: write ID=VALUE, for example --set utility.progressed=0.55")
        found.append(Change(visible(id_.strip()), visible(value.strip()) or None, COMMAND_LINE))
    return tuple(found)


def command() -> str:
    """Return the command line as it was given."""
    from hemodel.formats import visible

    return visible(shlex.join(["hemodel", *sys.argv[1:]]))


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text, of which no sign steers the terminal; the one place where commands print."""
    from hemodel.formats import visible

    typer.echo(visible(text).replace("\r", ""), err=err, nl=nl)


@contextmanager
def errors() -> Iterator[None]:
    """Turn what the user can mend into a message and an exit code."""
    from hemodel.errors import HemodelError, InputError, UsageError

    before = interrupts.begun()
    try:
        yield
    except (HemodelError, OSError, MemoryError) as error:
        interrupts.give_up(before)
        if isinstance(error, InputError):
            from hemodel.publish.console import problem_list

            text = problem_list(error.problems)
        else:
            text = f"Error: {error if isinstance(error, HemodelError) else _of_system(error)}"
        say(text, err=True)
        raise typer.Exit(BAD_USAGE if isinstance(error, UsageError) else BAD_INPUT) from error


def _of_system(error: OSError | MemoryError) -> str:
    """Say what the system refused, and where."""
    if isinstance(error, MemoryError):
        return "there is not enough memory. Ask for fewer draws, or end other programs."
    reason = error.strerror or str(error)
    if error.filename is None:
        return f"what was written could not be taken ({reason}). Free space on the disk, or write elsewhere."
    return f"{error.filename}: {reason}. Check the path and its permissions."


class Stages:
    """The parts of a command on the terminal, each with a bar."""

    def __init__(self, bars: Progress) -> None:
        """Begin without any."""
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, part: str, done: int, total: int) -> None:
        """Show how far a part is; where nobody knows how many steps there are, that it goes on."""
        if part not in self._tasks:
            self._tasks[part] = self._bars.add_task(part, total=None)
        self._bars.update(self._tasks[part], completed=done, total=total or None)

    def say(self, text: str) -> None:
        """Print a text above the bars."""
        from hemodel.formats import visible

        self._bars.console.print(visible(text).replace("\r", ""), markup=False, highlight=False, soft_wrap=True)


def watched() -> bool:
    """Whether errors, and so progress, go to a terminal."""
    return sys.stderr.isatty()


@contextmanager
def progress() -> Iterator[Stages | None]:
    """Give what shows the parts of a command while it runs; None where nobody watches.

    The command prints its answer after this block, when the bars are gone; standard output is left alone.
    """
    if not watched():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, redirect_stdout=False) as bars:
        yield Stages(bars)
