"""A file of draws that were made elsewhere, CSV or Parquet: read, checked, and compared with those of the model."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.analyses.psa.blocks import block_draws
from hemodel.analyses.psa.given import GivenDraws, GivenFile
from hemodel.analyses.psa.given_checks import DrawnColumns, curve_columns, problems_of
from hemodel.analyses.psa.sums import OUTCOMES
from hemodel.errors import InputError, Location, Problem, UsageError, raise_if_any
from hemodel.parameters import BLOCK
from hemodel.survival.tables import as_number, read_table
from hemodel.voi.reading import FORM, read_design, read_quickly, wrong_header

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray

PARQUET = ".parquet"
NUMBER_OF_DRAW = "draw"
"""Column of `draws.parquet` that numbers the draws."""
FEWEST = 2


def read_draws(path: Path, model: Model, seed: int) -> GivenDraws:
    """Read draws of some inputs of a model, one row a draw.

    Columns are ids of inputs, and ``curve.<endpoint>.<coefficient>`` for the coefficients of curves. The columns of
    `draws.parquet` that number the draws or hold results are left out.

    Parameters
    ----------
    seed : int
        Of the run: where the workbook itself draws all these numbers with it, they are its own.

    Raises
    ------
    InputError
        With every problem of the file: names that the model lacks or that are there twice, cells that hold no finite
        number, values out of range, coefficients that make no curve, fewer than two rows.
    UsageError
        For a Parquet file where pyarrow is not installed.
    """
    columns = _parquet(path, model) if path.suffix.lower() == PARQUET else _csv(path, model)
    inputs = _inputs(model, columns)
    rows = len(next(iter(inputs.values())))
    own = _are_the_models(inputs, model, seed, rows)
    digest = sha256(path.read_bytes()).hexdigest()
    kept = [] if own else list(inputs)
    file = GivenFile(name=path.name, sha256=digest, draws=rows, sampling=read_design(path), inputs=kept)
    return GivenDraws(file, {} if own else inputs)


def _csv(path: Path, model: Model) -> Mapping[str, FloatArray]:
    """Return the columns of a CSV file; where anything is wrong it is read again cell by cell, to say where."""
    whole, top = Location(str(path)), Location(str(path), cell="row 1")
    quick = read_quickly(path)
    if quick is not None:
        values = _wanted(dict(zip(quick[0], quick[1].T, strict=True)), model)
        near = DrawnColumns(values, values, lambda i, name: Location(str(path), cell=f"{i}{name}"), whole, top)
        if not _all_problems(model, near):
            return values
    table = read_table(path, todo=FORM)
    raw = _wanted(table.columns, model)
    values = {name: np.array([as_number(cell) for cell in cells], dtype=np.float64) for name, cells in raw.items()}
    drawn = DrawnColumns(raw, values, table.where, whole, top)
    raise_if_any([*wrong_header(path, table, top), *_all_problems(model, drawn), *table.broken])
    return values


def _parquet(path: Path, model: Model) -> Mapping[str, FloatArray]:
    """Return the columns of a Parquet file."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError(f"{path.name} needs pyarrow: python -m pip install 'hemodel[parquet]'") from error
    whole, top = Location(str(path)), Location(str(path), cell="names of the columns")
    try:
        table = parquet.ParquetFile(path).read()
    except FileNotFoundError:
        raise InputError((Problem(whole, "there is no such file", todo="Check the path."),)) from None
    except (OSError, pa.ArrowException) as error:
        raise InputError((Problem(whole, f"the file cannot be read as Parquet ({error})"),)) from None
    names = table.column_names
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    problems = [
        Problem(top, f"{name!r} is there more than once", todo="Give each column its own name.") for name in twice
    ]
    raw = _wanted({name: table.column(j).to_pylist() for j, name in enumerate(names)}, model)
    values = {name: np.array([as_number(cell) for cell in cells], dtype=np.float64) for name, cells in raw.items()}
    drawn = DrawnColumns(
        raw, values, lambda i, name: Location(str(path), cell=f"row {i + 1}, column {name}"), whole, top
    )
    if names and not table.num_rows:
        problems.append(Problem(whole, "there are no rows", todo="Give a row for each draw."))
    raise_if_any([*problems, *_all_problems(model, drawn)])
    return values


def _wanted(columns: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """Return the columns without those that every file of draws of a run has beside its inputs."""
    known = {NUMBER_OF_DRAW} | {f"{outcome}.{strategy}" for outcome in OUTCOMES for strategy in model.strategies}
    return {name: column for name, column in columns.items() if name not in known}


def _all_problems(model: Model, columns: DrawnColumns) -> list[Problem]:
    if not columns.values:
        return [Problem(columns.header, "there is no column of an input", todo="Name columns by the ids of inputs.")]
    rows = len(next(iter(columns.values.values())))
    problems = problems_of(model, columns) if rows else []
    if 0 < rows < FEWEST:
        problems.append(
            Problem(columns.whole, f"there is {rows} row", "A probabilistic analysis needs at least 2 draws")
        )
    return problems


def _inputs(model: Model, columns: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Return the draws by input, the coefficients of the curves of an endpoint together."""
    curves = curve_columns(model)
    of_curves = {name for names in curves.values() for name in names}
    found = {name: np.ascontiguousarray(values) for name, values in columns.items() if name not in of_curves}
    together = {id_: names for id_, names in curves.items() if names and names[0] in columns}
    return found | {id_: np.column_stack([columns[name] for name in names]) for id_, names in together.items()}


def _are_the_models(inputs: Mapping[str, FloatArray], model: Model, seed: int, rows: int) -> bool:
    """Whether the model itself draws all these numbers with this seed, to the last digit."""
    for block in range(-(-rows // BLOCK)):
        first, count = block * BLOCK, min(BLOCK, rows - block * BLOCK)
        own = block_draws(model, seed, block, count)
        for id_, array in inputs.items():
            part = array[first : first + count]
            if own[id_].shape != part.shape or not np.array_equal(own[id_], part):
                return False
    return True
