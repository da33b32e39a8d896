"""Groups of inputs that would become known together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hemodel.voi.regression import varies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.voi.sample import Sample


@dataclass(frozen=True)
class Group:
    """Inputs that would become known together.

    Attributes
    ----------
    id, label : str
    inputs : tuple of str
        Ids of the inputs of a sample.
    whole : bool
        Whether they are one input that has several columns, such as the coefficients of a curve, and are not looked at
        one by one.
    """

    id: str
    label: str
    inputs: tuple[str, ...]
    whole: bool = False


def together(sample: Sample, groups: Iterable[Group]) -> Sample:
    """Return the sample with each group that is one input as one input; its columns are no inputs any more."""
    inputs, labels = dict(sample.inputs), dict(sample.labels)
    for group in groups:
        if group.whole:
            columns = sample.columns(group.inputs)
            inputs = {id_: array for id_, array in inputs.items() if id_ not in group.inputs} | {group.id: columns}
            labels[group.id] = group.label
    return replace(sample, inputs=inputs, labels={id_: labels[id_] for id_ in inputs})


def constant(sample: Sample) -> tuple[str, ...]:
    """Return the inputs that have one value in all draws."""
    return tuple(id_ for id_ in sample.inputs if not varies(sample.columns((id_,))).any())


def without(sample: Sample, ids: Iterable[str]) -> Sample:
    """Return the sample without some of its inputs."""
    dropped = set(ids)
    inputs = {id_: array for id_, array in sample.inputs.items() if id_ not in dropped}
    return replace(sample, inputs=inputs, labels={id_: sample.labels[id_] for id_ in inputs})
