"""The draws of a run in three files, for `hemodel voi` and for other tools, with a file of groups."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.information import model_sample, natural_groups
from hemodel.analysis.probabilistic import CURVE
from hemodel.errors import UsageError
from hemodel.reporting.draws_file import coefficient_columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hemodel.analysis.run import Run
    from hemodel.model import Model
    from hemodel.parameters import FloatArray
    from hemodel.voi.sample import Sample

FOLDER = "psa"


def write_psa(folder: Path, run: Run) -> None:
    """Write the folder psa: params.csv, costs.csv and effects.csv, one row a draw, and groups.toml.

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
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(names)
    buffer.writelines(",".join(map(repr, row)) + "\r\n" for row in np.asarray(values).tolist())
    return buffer.getvalue()


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
