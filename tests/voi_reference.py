"""Samples and numbers of R's package voi, in tests/reference/voi."""

from __future__ import annotations

import csv
import gzip
from functools import cache
from pathlib import Path

import numpy as np

from hemodel.voi.sample import Sample

HERE = Path(__file__).parent / "reference" / "voi"


@cache
def sample_of(name: str) -> Sample:
    """A sample; columns that belong to one curve stay apart, as in R."""
    with gzip.open(HERE / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    columns = dict(zip(header, np.array(rows, dtype=float).T, strict=True))
    strategies = tuple(id_.removeprefix("cost.") for id_ in columns if id_.startswith("cost."))
    effects, costs = (
        np.column_stack([columns.pop(f"{kind}.{strategy}") for strategy in strategies]) for kind in ("effect", "cost")
    )
    return Sample(strategies, effects, costs, columns, {id_: id_ for id_ in columns})


def values_of(name: str) -> list[dict[str, str]]:
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
