"""N-way sensitivity analysis: a list of combinations of values, in one evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.moving import Points, Totals, totals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.analysis.movable import Movable
    from hemodel.model import Model


@dataclass(frozen=True)
class Combination:
    """One combination: its name, the values by id, and where it stands in its file. Inputs not named stay."""

    name: str
    values: Mapping[str, float]
    place: str


@dataclass(frozen=True)
class NWay:
    """Totals of every combination, in the order of the file."""

    file: str
    sha256: str
    inputs: tuple[Movable, ...]
    combinations: tuple[Combination, ...]
    found: Totals
    interventions: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """The combinations of a file, with the name and hash of the file."""

    file: str
    sha256: str
    combinations: tuple[Combination, ...]

    @property
    def ids(self) -> list[str]:
        """Ids that any combination names, in order."""
        return list(dict.fromkeys(id_ for one in self.combinations for id_ in one.values))


def n_way(model: Model, listed: Listed, movables: Mapping[str, Movable]) -> NWay:
    """Return the totals of every combination of a file.

    Parameters
    ----------
    model : Model
    listed : Listed
    movables : mapping from id to Movable
        Of every id that the file names.
    """
    found = totals(model, points(listed.combinations, movables))
    return NWay(
        listed.file,
        listed.sha256,
        tuple(movables.values()),
        listed.combinations,
        _joined(found),
        model.strategies[1:],
    )


def points(combinations: Sequence[Combination], movables: Mapping[str, Movable]) -> list[Points]:
    """Return each combination as one point of the inputs that it names.

    An input that it does not name is not moved at all, so that a share that is left out takes its part of what the
    other shares leave.
    """
    return [
        Points(
            tuple(movables[id_] for id_ in one.values),
            np.array([list(one.values.values())], dtype=np.float64).reshape(1, -1),
        )
        for one in combinations
    ]


def _joined(found: Sequence[Totals]) -> Totals:
    failed = {i: why for i, one in enumerate(found) for why in one.failed.values()}
    return Totals(np.concatenate([one.qalys for one in found]), np.concatenate([one.costs for one in found]), failed)
