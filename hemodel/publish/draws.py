"""The draws of a run in three files, for `hemodel voi` and for other tools, with a file of groups.

Every draw in a Parquet file: its inputs and the totals of each strategy.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.analyses.information import model_sample, natural_groups
from hemodel.analyses.psa.given import CURVE, coefficient_columns
from hemodel.analyses.psa.sums import OUTCOMES
from hemodel.errors import UsageError
from hemodel.formats import csv_lines
from hemodel.voi.reading import DESIGN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hemodel.analyses.psa.blocks import BlockResult, Each, Task
    from hemodel.analyses.run import Run
    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray
    from hemodel.voi.sample import Sample


@contextmanager
def draws_file(path: Path) -> Iterator[Each]:
    """Give what writes blocks of draws to a Parquet file, one row group a block.

    Columns: draw (from 0); every input that varies by id, the coefficients of a curve as
    ``curve.<endpoint>.<coefficient>``; ``<outcome>.<strategy>`` for the totals.

    Raises
    ------
    UsageError
        Where pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError("--keep-draws needs pyarrow: python -m pip install 'hemodel[parquet]'") from error
    writer: Any = None

    def write(task: Task, first: int, result: BlockResult) -> None:
        nonlocal writer
        table = pa.table(_columns_of_block(task, first, result))
        if writer is None:
            writer = parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


def _columns_of_block(task: Task, first: int, result: BlockResult) -> dict[str, FloatArray]:
    if result.totals is None or result.inputs is None:
        message = "a block without its draws cannot be written"
        raise ValueError(message)
    count = result.totals.shape[1]
    columns: dict[str, FloatArray] = {"draw": np.arange(first, first + count)}
    for id_, array in result.inputs.items():
        if array.ndim == 1:
            columns[id_] = array
        else:
            names = coefficient_columns(task.model, id_)
            columns |= dict(zip(names, array.T, strict=True))
    for outcome, by_strategy in zip(OUTCOMES, result.totals, strict=True):
        columns |= {f"{outcome}.{strategy}": by_strategy[:, i] for i, strategy in enumerate(task.model.strategies)}
    return columns


FOLDER = "psa"


def write_psa(folder: Path, run: Run) -> None:
    """Write the folder psa: params.csv, costs.csv and effects.csv, one row a draw, groups.toml and design.toml.

    Numbers have all their digits. The coefficients of the curves of an endpoint are columns
    ``curve.<endpoint>.<name>``, and groups.toml makes one input of them.

    Raises
    ------
    UsageError
        Where the run has no probabilistic analysis.
    """
    if run.psa is None:
        raise UsageError("--export-psa needs the probabilistic analysis: leave out --only, or add --only psa")
    drawn = model_sample(run.model, run.psa)
    made = {
        "params.csv": _csv(_names(run.model, drawn), drawn.columns(tuple(drawn.inputs))),
        "costs.csv": _csv(drawn.strategies, drawn.costs),
        "effects.csv": _csv(drawn.strategies, drawn.effects),
        "groups.toml": _groups(run.model, drawn),
        DESIGN: f'sampling = "{drawn.sampling}"\nseed = {run.psa.seed}\ndraws = {drawn.draws}\n',
    }
    (folder / FOLDER).mkdir()
    for name, text in made.items():
        (folder / FOLDER / name).write_text(text, encoding="utf-8", newline="")


def _names(model: Model, drawn: Sample) -> list[str]:
    """Return the names of the columns of all inputs in order."""
    return [name for id_ in drawn.inputs for name in _columns(model, id_)]


def _columns(model: Model, id_: str) -> list[str]:
    return coefficient_columns(model, id_) if id_.startswith(f"{CURVE}.") else [id_]


def _csv(names: Sequence[str], values: FloatArray) -> str:
    return csv_lines([names]) + "".join(",".join(map(repr, row)) + "\r\n" for row in np.asarray(values).tolist())


def _groups(model: Model, drawn: Sample) -> str:
    """Return the groups of the run as TOML: first the curves, each one input, then what goes together."""
    curves = [id_ for id_ in drawn.inputs if id_.startswith(f"{CURVE}.")]
    parts = [_group(id_, drawn.labels[id_], _columns(model, id_), "whole = true\n") for id_ in curves]
    parts += [
        _group(group.id, group.label, [name for id_ in group.inputs for name in _columns(model, id_)], "")
        for group in natural_groups(model, drawn)
    ]
    return "\n".join(parts)


def _group(id_: str, label: str, columns: Sequence[str], more: str) -> str:
    listed = "".join(f"  {json.dumps(name, ensure_ascii=False)},\n" for name in columns)
    return f"[{json.dumps(id_)}]\nlabel = {json.dumps(label, ensure_ascii=False)}\n{more}inputs = [\n{listed}]\n"
