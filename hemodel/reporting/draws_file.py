"""Every draw in a Parquet file: its inputs and the totals of each strategy."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.analysis.psa_sums import OUTCOMES
from hemodel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hemodel.analysis.psa_blocks import BlockResult, Each, Task
    from hemodel.model import Model
    from hemodel.parameters import FloatArray


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
        table = pa.table(_columns(task, first, result))
        if writer is None:
            writer = parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


def _columns(task: Task, first: int, result: BlockResult) -> dict[str, FloatArray]:
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


def coefficient_columns(model: Model, id_: str) -> list[str]:
    """Return what the columns of the coefficients of a curve (``curve.<endpoint>``) are called."""
    return [f"{id_}.{name}" for name in model.fits[id_.removeprefix("curve.")].curves.names]
