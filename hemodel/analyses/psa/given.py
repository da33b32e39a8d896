"""Draws that were made elsewhere: whose they are, and how the workbook's draws of other inputs join them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.entries import Entry
from hemodel.parameters import BLOCK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from hemodel.model.evaluate import Model
    from hemodel.parameters import Draws, FloatArray

CURVE = "curve"
"""How the ids of curves begin among the inputs that vary."""


class GivenFile(Entry):
    """A file of draws that a run used, and what it drew itself."""

    name: str = Field(description="without its folder")
    sha256: str = Field(description="of its bytes")
    draws: int = Field(description="rows of the file")
    sampling: str = Field(description="design of the draws that design.toml beside the file records; else random")
    inputs: list[str] = Field(
        description="whose draws are those of the file; empty where the workbook draws the same numbers itself"
    )


@dataclass(frozen=True)
class GivenDraws:
    """Draws of some inputs from a file.

    Attributes
    ----------
    inputs : mapping from id to array (draws,) or (draws, p)
        Coefficients of the curves of an endpoint under ``curve.<endpoint>``. Empty where the workbook draws the same.
    """

    file: GivenFile
    inputs: Mapping[str, FloatArray]

    def block(self, block: int, count: int) -> dict[str, FloatArray]:
        """Return the draws of one block."""
        first = block * BLOCK
        return {id_: array[first : first + count] for id_, array in self.inputs.items()}


def coefficient_columns(model: Model, id_: str) -> list[str]:
    """Return what the columns of the coefficients of a curve (``curve.<endpoint>``) are called."""
    return [f"{id_}.{name}" for name in model.fits[id_.removeprefix(f"{CURVE}.")].curves.names]


def joined(model: Model, own: Draws, given: Draws) -> dict[str, FloatArray]:
    """Return the draws of one block, those given in place of the workbook's own.

    Shares of one whole that are not given share what is left of it, in the proportions of their own draws. Of two
    inputs that keep an order and of which one is given, the other is held at it where its own draw would cross it.

    Parameters
    ----------
    own, given : mapping from id to array (draws,), (1,) or (draws, p)
    """
    drawn = {**own, **given}
    _share_the_rest(model, drawn, given)
    orders = model.inputs.dependence.orders
    for higher, lower in orders:
        if lower not in given:
            drawn[lower] = np.minimum(drawn[lower], drawn[higher])
    for higher, lower in reversed(orders):
        if higher not in given:
            drawn[higher] = np.maximum(drawn[higher], drawn[lower])
    return drawn


def _share_the_rest(model: Model, drawn: dict[str, FloatArray], given: Collection[str]) -> None:
    for members in shares_of(model).values():
        others = [id_ for id_, varies in members.items() if varies and id_ not in given]
        if others and any(id_ in given for id_ in members):
            rest = 1.0 - np.sum([drawn[id_] for id_ in members if id_ not in others], axis=0)
            total = np.sum([drawn[id_] for id_ in others], axis=0)
            drawn |= {id_: rest * drawn[id_] / total for id_ in others}


def shares_of(model: Model) -> dict[str, dict[str, bool]]:
    """Return the shares that add up to 1 together: by group, each id and whether the workbook draws it."""
    found: dict[str, dict[str, bool]] = {}
    for parameter in model.inputs.parameters:
        if parameter.group:
            found.setdefault(parameter.group, {})[parameter.id] = parameter.distribution is not None
    return found


def given_warnings(model: Model, given: GivenDraws | None) -> Iterator[str]:
    """Yield which ties between inputs draws from a file cut."""
    if given is None:
        return
    name, ids, found = given.file.name, given.inputs, model.inputs.dependence
    for i, first in enumerate(found.correlated):
        for j, second in enumerate(found.correlated[:i]):
            if found.asked[i, j] and (first in ids) != (second in ids):
                yield f"{name}: {second} and {first} are not correlated: one is from the file, the other is not."
    for higher, lower in found.orders:
        if (higher in ids) != (lower in ids):
            held, at = (lower, higher) if higher in ids else (higher, lower)
            yield f"{name}: {held}, which is not in the file, is held at {at} in draws in which it would cross it."
    pair = [f"{CURVE}.{endpoint}" for endpoint in ("pfs", "os")]
    if model.inputs.settings.correlation_pfs_os and len([id_ for id_ in pair if id_ in ids]) == 1:
        yield f"{name}: PFS and OS are not correlated: the coefficients of one are from the file, the others are not."
