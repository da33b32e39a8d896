"""A whole live model of three strategies, made once, with what the engine found."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import openpyxl
from support import small_model, small_run
from unit.live_model.calculated_models import third_strategy, time_on_treatment

from hemodel.analyses.options import Options
from hemodel.live_model.excel import live_model

if TYPE_CHECKING:
    from hemodel.analyses.run import Run
    from hemodel.live_model.building import LiveModel

DRAWS, SEED = 40, 1


@dataclass(frozen=True)
class Whole:
    """The run, the sheets, the bytes of the file, and the file as openpyxl reads it: formulas, and stored values."""

    run: Run
    live: LiveModel
    content: bytes
    formulas: Any
    values: Any


@cache
def whole() -> Whole:
    rows = third_strategy() | time_on_treatment()
    model = small_model({"settings.time_horizon": 3, "settings.threshold.20000": 20000}, rows, uncertain=True)
    run = replace(small_run(model, DRAWS), options=Options(draws=DRAWS, seed=SEED))
    content, live = live_model(run)
    read = [openpyxl.load_workbook(io.BytesIO(content), data_only=only) for only in (False, True)]
    return Whole(run, live, content, *read)
