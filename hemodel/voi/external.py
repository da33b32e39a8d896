"""A probabilistic analysis made by any tool, ready for value of information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.errors import InputError, Location, Problem
from hemodel.voi.groups import Group, constant, together, without
from hemodel.voi.reading import read_sample
from hemodel.voi.reading_groups import leave_out, read_groups

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.voi.sample import Sample


@dataclass(frozen=True)
class Files:
    """The files of an analysis; groups are optional."""

    inputs: Path
    costs: Path
    effects: Path
    groups: Path | None


@dataclass(frozen=True)
class External:
    """A sample of inputs that vary, the groups of them, and the inputs that were left out as they do not."""

    sample: Sample
    groups: tuple[Group, ...]
    constant: tuple[str, ...]


def read_external(files: Files) -> External:
    """Read the files of an analysis.

    Raises
    ------
    InputError
        With every problem of the files of the analysis, then with every one of the file of groups; or where no input
        varies.
    """
    sample = read_sample(files.inputs, files.costs, files.effects)
    groups = () if files.groups is None else read_groups(files.groups, sample.inputs)
    fixed = constant(sample)
    if len(fixed) == len(sample.inputs):
        what = "no input varies: every column has one value in all rows"
        raise InputError((Problem(Location(str(files.inputs)), what, todo="Give the draws of uncertain inputs."),))
    groups = leave_out(groups, fixed)
    return External(together(without(sample, fixed), groups), groups, fixed)
